"""Clicks: read from logs, judged, stored and counted."""
