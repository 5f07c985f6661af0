"""The figures that an import keeps up to date."""

AGES = 48  # full hours after the sending that are told apart
