"""What a model or service is sent of the messages before the one that it answers."""
