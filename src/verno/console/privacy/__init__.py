"""Pages about personal data: everything for one member, requests to be forgotten."""
