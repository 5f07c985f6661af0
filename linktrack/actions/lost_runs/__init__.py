"""Runs that a restored backup does not know: read from the folders of their files, and taken into the ledger, so that
nothing is made again."""
