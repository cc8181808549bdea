"""What a personality makes of a model call: the system prompt and the parameters."""
