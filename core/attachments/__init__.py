"""Files that are attached to messages of the playground."""
