"""The endpoint that speaks OpenAI's protocol, through its own SDK."""
