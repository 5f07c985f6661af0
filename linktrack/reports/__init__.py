"""Reports: figures from the rollups."""
