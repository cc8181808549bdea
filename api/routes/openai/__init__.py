"""Endpoints of OpenAI's protocol, for programs that use an OpenAI SDK."""
