"""What users of the product do: events, the funnel, journeys."""
