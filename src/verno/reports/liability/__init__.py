"""The liability report: opening, what happened, closing, by unit and month; and how old the points are."""
