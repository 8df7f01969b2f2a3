"""Commands of those who set a program up."""
