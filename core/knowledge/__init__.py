"""What the assistant knows: documents, memories, feedback."""
