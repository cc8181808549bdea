"""Changes of prompts; each is recorded in the audit log."""
