"""Changes of comparisons, their turns and votes."""
