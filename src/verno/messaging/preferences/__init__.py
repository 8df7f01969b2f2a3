"""The preference page: what a member hears, how often, and the way out; by a signed link, without a login."""
