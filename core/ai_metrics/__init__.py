"""AI requests of the product: what they took, cost and returned."""
