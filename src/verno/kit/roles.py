"""The database roles that the application runs as, and the setting that says whose rows it sees (docs/adr/0012)."""

APPLICATION = "verno_app"
GUARDED = "verno_program"
PROGRAM_SETTING = "verno.program"
"""The setting that says, in a session or a transaction, whose rows are seen; without it none are."""
