"""What is done with members, one by one and all together."""
