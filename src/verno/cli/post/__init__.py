"""What comes to the house by post."""
