"""What clicks change in the CRM: planned, made once, written for the CRM to import, and kept in the ledger."""
