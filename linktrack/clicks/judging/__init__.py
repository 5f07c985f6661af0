"""Which clicks are people's and which are machines', and why."""
