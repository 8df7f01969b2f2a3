"""Commands of whoever keeps an installation: migrate, back up, restore, release, examine."""
