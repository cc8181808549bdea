"""Scenarios: the included ones, the rules of outcomes, and the simulated user."""
