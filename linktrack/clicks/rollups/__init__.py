"""The figures that an import keeps up to date."""
