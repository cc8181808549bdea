"""AI requests of the product: latency, tokens, cost and errors."""
