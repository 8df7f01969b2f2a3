"""Programs, units, places, staff, API keys, settings: the installation's own frame."""
