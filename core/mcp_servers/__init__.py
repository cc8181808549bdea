"""MCP servers: programs with tools that models may call."""
