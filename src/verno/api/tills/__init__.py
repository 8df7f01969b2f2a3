"""The till's doors, free of any framework because a queue stands at them."""
