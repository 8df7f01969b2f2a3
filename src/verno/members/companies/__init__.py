"""Companies among the members: the people who speak for them, and the numbers they are registered under."""
