"""An endpoint that speaks OpenAI's protocol, for programs that have an OpenAI SDK."""
