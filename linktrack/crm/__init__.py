"""CRM exports: how they are read, understood and written back."""
