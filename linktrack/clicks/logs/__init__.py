"""Logs: found again, read from where they were left, made into batches of clicks."""
