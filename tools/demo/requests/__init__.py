"""AI requests of the demo: models, their prices, and calls."""
