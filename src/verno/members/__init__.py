"""Members: who they are, how they are found, what they agreed to. The only room with personal data."""
