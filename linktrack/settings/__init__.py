"""Settings: what `linktrack.toml` and the environment may say, each checked when it is read."""
