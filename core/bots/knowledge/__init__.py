"""What a bot knows, and how much of it an answer uses."""
