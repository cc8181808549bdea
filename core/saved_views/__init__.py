"""Filters of pages that are saved under a name."""
