"""The rules engine: a rulebook as data, facts in, verdicts out. No framework, no clock, no database."""
