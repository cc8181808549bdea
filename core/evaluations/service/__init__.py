"""Changes of evaluations and their results."""
