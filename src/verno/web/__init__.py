"""HTTP manners: strict bodies, problem+json answers, cursor pages. Knows no package of the house but kit."""
