"""Evaluations: targets over cases, several runs each, scored and compared with honest statistics."""
