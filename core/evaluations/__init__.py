"""Evaluations: targets over cases, each in several runs, scored and compared."""
