"""Pages of templates: what the program writes, in every channel and language, and how its letters look."""
