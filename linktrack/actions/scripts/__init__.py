"""The scripts of a run: which are started, what they are told, and what they say."""
