"""Routes of judges and production scoring."""
