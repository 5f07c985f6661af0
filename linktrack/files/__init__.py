"""Files: read with errors as sentences, and written whole or not at all."""
