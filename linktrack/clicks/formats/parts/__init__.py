"""What several formats of click logs have in common."""
