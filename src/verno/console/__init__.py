"""The console: pages of the staff."""
