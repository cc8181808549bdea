"""Read bots, test results, scenarios and their runs."""
