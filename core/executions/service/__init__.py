"""Changes of executions: their rows, their texts, and the calls of tools in them."""
