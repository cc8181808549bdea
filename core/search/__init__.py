"""The search of the command palette: users, conversations, AI requests, batch runs, documents and
prompts by name or ID.
"""
