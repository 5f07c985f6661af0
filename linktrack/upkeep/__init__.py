"""The workspace kept in good order: made, examined, copied."""
