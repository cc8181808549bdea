"""A/B tests: two bots or prompt versions over the same cases, offline."""
