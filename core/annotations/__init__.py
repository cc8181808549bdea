"""Annotations by reviewers, and the review queue."""
