"""What reviewers say of messages: annotations, the queue, how far they agree, and exports of what they said."""
