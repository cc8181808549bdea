"""Changes of bots, results, scenarios and runs."""
