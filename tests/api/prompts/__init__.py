"""The routes of prompts."""
