"""The back room: plain records of all tables, for operators; read only, without personal data."""
