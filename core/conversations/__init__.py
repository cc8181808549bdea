"""Conversations of the product's users with its assistant."""
