"""Links: the catalogue, their definitions in TOML, their addresses and tokens."""
