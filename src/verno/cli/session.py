"""What every command that needs the database passes through."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import click

from verno.kit import config, db
from verno.kit.clock import clock
from verno.kit.embedded import cluster
from verno.kit.errors import Unavailable, VernoError
from verno.workspace.audit import Actor, ActorKind

FIRST_MIGRATION = "kit.0001_initial"
EMPTY = "the database is empty: run 'verno init' (a new program) or 'verno migrate'"


def setup_django() -> None:
    """Configure Django once; cheap to repeat."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "verno.wiring.settings")
    import django  # noqa: PLC0415 commands that need no database must not pay for it

    django.setup()


@contextmanager
def database(*, migrated: bool = True, checked: bool = False) -> Iterator[None]:
    """Have the database at hand: the operator's, or the embedded one, started for the command if need be.

    With ``migrated`` a database of another shape is refused with a sentence; with ``checked`` also a server that
    could lose what it has acknowledged. Pools are closed at the end.
    """
    with nullcontext() if config.database_url() else cluster.local().running():
        setup_django()
        try:
            if checked:
                prepare(own=False)
            elif migrated:
                require_migrated()
            yield
        finally:
            disconnect()


def prepare(*, own: bool) -> None:
    """Refuse an unsafe server and a database of another shape; our ``own`` embedded one is migrated instead."""
    setup_django()
    from verno.wiring import migrate  # noqa: PLC0415 see setup_django

    for address in {db.owner_url(), db.url()}:  # a switch may be off for one role alone
        migrate.check_server(address)
    try:
        require_migrated()
    except Unavailable:
        raise
    except VernoError:
        if not own:
            raise
        migrate.migrate()
    finally:
        disconnect()
    from verno.wiring.backups import forgetting  # noqa: PLC0415 see setup_django

    forgetting.again(now=clock.now())  # a restore may have been cut off before it came to that
    disconnect()


def disconnect() -> None:
    """Close this process's connections, Django's and ours."""
    from django.db import connections  # noqa: PLC0415 see setup_django

    connections.close_all()
    db.close_pool()


def require_migrated() -> None:
    """Refuse a database that lacks migrations; raises ``VernoError`` or ``Unavailable``."""
    from django.db import Error, OperationalError, connection  # noqa: PLC0415 see setup_django

    from verno.wiring import migrate  # noqa: PLC0415 see setup_django

    try:
        missing = migrate.pending()
    except OperationalError as error:
        message = f"the database does not answer: {first_line(error)}"
        raise Unavailable(message) from error
    except Error as error:
        # A server of the operator's that was never migrated lacks even the role that we ask with.
        raise VernoError(EMPTY) from error
    finally:
        connection.close()
    if FIRST_MIGRATION in missing:
        raise VernoError(EMPTY)
    if missing:
        message = f"the database lacks {len(missing)} migrations of this version: run 'verno migrate'"
        raise VernoError(message)


def first_line(error: Exception) -> str:
    """Return the first line of an error's text."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def operator() -> Actor:
    """Return who runs this command, as the audit knows them: by the number of their account on this machine."""
    return Actor(ActorKind.OPERATOR, str(os.getuid()))


def print_json(value: object) -> None:
    """Print one JSON object on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False))
