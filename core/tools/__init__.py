"""Tools that models may call, and the tickets that one of them creates."""
