"""Reads across features: the Overview, findings, journeys, conversations with all that belongs to them."""
