"""linktrack: tracked links for e-mail marketing, on the command line."""

__version__ = "0.1.0"
