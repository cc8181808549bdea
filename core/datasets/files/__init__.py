"""Files of cases: promptfoo, OpenAI evals, Inspect, questions, pairs, chats, and our own."""
