"""The rules of verdicts, by what they look at; pure."""
