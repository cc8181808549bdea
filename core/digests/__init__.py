"""Weekly digests: the figures of a week, what changed, and what needs attention."""
