"""Answers to score, and how judges agree with people."""
