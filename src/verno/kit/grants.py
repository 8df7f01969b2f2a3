"""What the application's role may do with a table, as migration operations.

The application runs as ``verno_program``, which owns nothing: history it can only add to, and of other tables it can
change only the columns named here; and it sees the rows of one program at a time (row security, docs/adr/0012).
``verno_app`` has the same rights over all programs: the release before row security runs as it, and so does, by name,
what must see every program (``db.across_programs``). The owner's role migrates.
"""

from collections.abc import Sequence

from django.db.migrations import RunSQL

from verno.kit.db import APPLICATION, GUARDED, PROGRAM_SETTING

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


MAKE_GUARDED_ROLE = f"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{GUARDED}') THEN
        CREATE ROLE {GUARDED} NOLOGIN INHERIT;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another database of the same server was migrated at the same moment
END $$;
DO $$
DECLARE login text;
BEGIN
    GRANT {APPLICATION} TO {GUARDED};
    -- Whoever may become the application may become its guarded self; none is guarded before it does.
    FOR login IN SELECT m.member::regrole::text FROM pg_auth_members m
        WHERE m.roleid = '{APPLICATION}'::regrole AND m.member <> '{GUARDED}'::regrole
        UNION SELECT quote_ident(session_user) LOOP
        EXECUTE format('GRANT {GUARDED} TO %s', login)
            || CASE WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT FALSE' ELSE '' END;
    END LOOP;
EXCEPTION WHEN unique_violation OR object_in_use THEN
    NULL;  -- the same
END $$;
"""  # noqa: S608 constants of ours


def guard(table: str) -> RunSQL:
    """Let ``verno_program`` see and write the rows of the program of its setting alone.

    The subquery is asked once a statement, not once a row. ``CASE`` keeps the planner from looking rows up by their
    program, and from believing that few have it: it is nearly always the whole table (docs/adr/0009). Not atomic with
    others and harmless to repeat: tables are locked one at a time while tills go on, and a migration that was killed
    goes on where it was.
    """
    asked = f"(SELECT nullif(current_setting('{PROGRAM_SETTING}', true), '')::uuid)"
    program = f"CASE WHEN program_id = {asked} THEN true ELSE false END"
    return RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        DROP POLICY IF EXISTS {table}_all ON {table};
        DROP POLICY IF EXISTS {table}_program ON {table};
        CREATE POLICY {table}_all ON {table} TO {APPLICATION} USING (true);
        CREATE POLICY {table}_program ON {table} AS RESTRICTIVE TO {GUARDED} USING ({program});
        """,
        f"""
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
        DROP POLICY {table}_all ON {table};
        DROP POLICY {table}_program ON {table};
        """,
    )


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
