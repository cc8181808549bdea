"""Prompts: templates with variables, their versions, and labels that point at versions."""
