"""Forms of the builder, described as data for the browser, and what they may name."""
