"""The language of prompt templates: placeholders, values, and how values are escaped."""
