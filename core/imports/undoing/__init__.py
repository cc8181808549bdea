"""What an import brought, taken out again: one file a sort of row."""
