"""Proposals of better prompts by a model, from annotations and checks."""
