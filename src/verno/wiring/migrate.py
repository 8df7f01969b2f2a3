"""Bring the database to this version's shape, as the owner's role."""

import psycopg

from verno.kit import db
from verno.kit.db import APPLICATION
from verno.kit.errors import Unavailable, VernoError

OLDEST_SERVER = 150000
SWITCHES = ("fsync", "full_page_writes", "synchronous_commit")
"""What must not be off, or acknowledged points can be lost."""

FRAMEWORK_GRANTS = f"""
GRANT SELECT, INSERT, UPDATE, DELETE ON django_session TO {APPLICATION};
GRANT SELECT ON django_migrations, django_content_type TO {APPLICATION};
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT c.oid::regclass::text FROM pg_class c
        WHERE c.relname LIKE 'procrastinate%' AND c.relkind IN ('r', 'S') LOOP
        EXECUTE format('GRANT ALL ON %s %s TO {APPLICATION}',
            CASE WHEN (SELECT relkind FROM pg_class WHERE oid = name::regclass) = 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
            name);
    END LOOP;
END $$;
"""  # noqa: S608 a constant of ours


def check_server(address: str) -> None:
    """Refuse, with a plain sentence, a server that could lose what we acknowledged."""
    try:
        with psycopg.connect(address, connect_timeout=5) as conn:
            if conn.info.server_version < OLDEST_SERVER:
                message = f"PostgreSQL 15 or newer is needed; this server is {conn.info.server_version // 10000}"
                raise VernoError(message)
            for name in switched_off(conn):
                message = (
                    f"the server runs with {name} = off: points that were acknowledged could be lost. "
                    f"Set {name} = on and start again."
                )
                raise VernoError(message)
    except psycopg.OperationalError as error:
        message = f"the database does not answer: {str(error).strip().splitlines()[0]}"
        raise Unavailable(message) from error


def switched_off(conn: psycopg.Connection) -> list[str]:
    """Return the switches that are off for this connection."""
    values = [(name, conn.execute("SELECT current_setting(%s)", (name,)).fetchone()) for name in SWITCHES]
    return [name for name, value in values if value == ("off",)]


def migrate() -> None:
    """Run all migrations; the application's rights on the frameworks' own tables are renewed each time."""
    from django.core.management import call_command  # noqa: PLC0415 after django.setup()

    check_server(db.owner_url())
    _note_at_once()
    call_command("migrate", database="owner", interactive=False, verbosity=0)
    with psycopg.connect(db.owner_url()) as conn:
        conn.execute(FRAMEWORK_GRANTS)


def _note_at_once() -> None:
    """Let the command note that a migration was run in the transaction that runs it.

    Django does so in the next one where constraints are made last: a kill between the two left a table behind that
    every later run stumbled over.
    """
    from django.core.management.commands import migrate as command  # noqa: PLC0415 after django.setup()
    from django.db import transaction  # noqa: PLC0415 the same
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415 the same
    from django.db.migrations.migration import Migration  # noqa: PLC0415 the same
    from django.db.migrations.state import ProjectState  # noqa: PLC0415 the same

    class AtOnce(MigrationExecutor):
        def apply_migration(
            self, state: ProjectState, migration: Migration, *more: bool, **options: bool
        ) -> ProjectState:
            if not migration.atomic:
                return super().apply_migration(state, migration, *more, **options)
            with transaction.atomic(using=self.connection.alias):
                return super().apply_migration(state, migration, *more, **options)

    command.MigrationExecutor = AtOnce  # type: ignore[attr-defined]  # the command looks for it there


def pending() -> list[str]:
    """Return the migrations that this version has and the database lacks."""
    from django.db import connection  # noqa: PLC0415 after django.setup()
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    executor = MigrationExecutor(connection)
    steps = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in steps]
