"""A mail drawn in a report: all that it shows, and nothing that acts, leads anywhere or is fetched."""
