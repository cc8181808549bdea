"""Services: external AI programs that answer a job by a signed callback."""
