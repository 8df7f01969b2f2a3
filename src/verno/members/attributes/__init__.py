"""What a program knows of its members beside names and contacts: declared attributes, and industries' packs of them."""
