"""What a person or a program may ask of receipts afterwards: their state, and why points are what they are."""
