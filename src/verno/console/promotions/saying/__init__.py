"""Promotions in the reader's words: rules, what differs, what is wrong, examples."""
