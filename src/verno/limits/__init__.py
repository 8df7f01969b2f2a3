"""How much may happen in an hour or a day: limits that refuse, limits that tell, and what counts against them."""
