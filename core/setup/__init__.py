"""The checklist of a new workspace: what is done, and hiding it."""
