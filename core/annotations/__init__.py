"""What reviewers think of messages: annotations, and the queue of what is to be reviewed."""
