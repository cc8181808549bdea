"""Changes of A/B tests and their results."""
