"""E-mail: SMTP to a relay."""
