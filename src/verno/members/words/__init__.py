"""Words from members and about them, sealed with their own key."""
