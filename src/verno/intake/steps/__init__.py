"""What follows a receipt that is not final yet: capture, cancel, activation, claim."""
