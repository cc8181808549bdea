"""Reads across features: Overview, findings, journeys, and conversations in full."""
