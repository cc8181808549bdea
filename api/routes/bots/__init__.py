"""Routes of bots and scenarios."""
