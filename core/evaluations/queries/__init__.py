"""Read evaluations, of one owner each, and their results."""
