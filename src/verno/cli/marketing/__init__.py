"""Commands of those who run promotions."""
