"""Read A/B tests, of one owner each, and their results."""
