"""The one condition language: a tree, read as Python over facts and as SQL over tables. No framework, no clock."""
