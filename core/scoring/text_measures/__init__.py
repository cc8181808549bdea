"""Numbers in texts, and how similar texts are."""
