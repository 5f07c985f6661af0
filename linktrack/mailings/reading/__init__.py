"""A mail's source, read: where its addresses stand and what they say."""
