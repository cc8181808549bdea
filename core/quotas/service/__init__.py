"""Changes of quotas and of what is used of them."""
