"""Pages about who members are to each other: duplicates, merges, households, contacts of companies."""
