"""Who: conditions on members, read as SQL over the whole base or as Python of one person."""
