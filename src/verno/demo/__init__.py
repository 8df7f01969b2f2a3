"""The demo: a year of a real grocer's receipts through the engine, and the mail it sends, to read in the browser."""
