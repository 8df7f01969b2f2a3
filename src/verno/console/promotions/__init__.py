"""Pages of promotions: the rulebook in force, drafts, the builder of a rule, the gallery."""
