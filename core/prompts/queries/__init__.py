"""Reads of prompts, each as an account or key may see them."""
