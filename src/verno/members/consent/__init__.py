"""What members agreed to and wish: records and what follows from them, texts, topics, wishes."""
