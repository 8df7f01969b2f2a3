"""Marks of advertising: what an operator of ad data is told each month."""
