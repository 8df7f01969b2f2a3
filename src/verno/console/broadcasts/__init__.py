"""Pages of broadcasts: the list, the form of a draft, one broadcast with what it will do and what it did."""
