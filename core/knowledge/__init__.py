"""Documents, memories and feedback."""
