"""Batch history: being built."""
