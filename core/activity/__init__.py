"""Users of the product: events, funnels and journeys."""
