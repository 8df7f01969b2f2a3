"""Pages of progress tracks: the list, one track, its form with a look at who would move, a member's progress."""
