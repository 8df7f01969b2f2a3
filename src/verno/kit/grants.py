"""What the application's role may do with a table, as migration operations.

The application runs as ``verno_app``, which owns nothing: history it can only add to, and of other tables it
can change only the columns named here. The owner's role migrates.
"""

from collections.abc import Sequence

from django.db.migrations import RunSQL

APPLICATION = "verno_app"

MAKE_ROLE = f"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APPLICATION}') THEN
        CREATE ROLE {APPLICATION} NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another database of the same server was migrated at the same moment
END $$;
DO $$
BEGIN
    EXECUTE format('GRANT {APPLICATION} TO %I', session_user);
    EXECUTE 'GRANT USAGE ON SCHEMA public TO {APPLICATION}';
END $$;
"""


def may(table: str, *, insert: bool = True, update: Sequence[str] = (), delete: bool = False) -> RunSQL:
    """Grant reading and, as said, adding, changing the named columns, and deleting."""
    rights = ["SELECT"]
    if insert:
        rights.append("INSERT")
    if update:
        rights.append(f"UPDATE ({', '.join(update)})")
    if delete:
        rights.append("DELETE")
    return RunSQL(
        f"GRANT {', '.join(rights)} ON {table} TO {APPLICATION}",
        f"REVOKE ALL ON {table} FROM {APPLICATION}",
    )
