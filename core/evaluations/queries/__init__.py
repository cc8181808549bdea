"""Read evaluations and their results."""
