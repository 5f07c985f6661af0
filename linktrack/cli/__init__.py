"""The command line: one module per noun; parses, calls one function, shows the result."""
