"""How logs of several formats write things: lines, times, addresses, JSON objects, format strings."""
