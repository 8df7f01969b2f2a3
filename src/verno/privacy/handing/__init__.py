"""A member's personal export by a link that works once."""
