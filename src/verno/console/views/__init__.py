"""Views: read through the packages' queries, render; nothing is decided here."""
