"""Changes of playground sessions and their messages."""
