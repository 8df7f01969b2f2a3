"""Members who are likely to be one: found, offered, remembered as two."""
