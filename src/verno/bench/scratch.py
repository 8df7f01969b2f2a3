"""A database of the bench's own on the server that is there: made, used, dropped."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

import psycopg

from verno.kit import db

NAME = "verno_bench"


@contextmanager
def database() -> Iterator[None]:
    """Have the scratch database, and this process and its children point to it. Must come before Django's set-up."""
    before = {name: os.environ.get(name) for name in ("VERNO_DATABASE_URL", "VERNO_OWNER_URL")}
    application, owner = db.url(), db.owner_url()
    _again(owner)
    os.environ["VERNO_DATABASE_URL"] = _at(application)
    os.environ["VERNO_OWNER_URL"] = _at(owner)
    try:
        yield
    finally:
        db.close_pool()
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        with psycopg.connect(owner, autocommit=True) as conn:
            conn.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def settle() -> None:
    """Vacuum and write what is dirty before a measurement, so that no part pays for the one before it."""
    with suppress(psycopg.errors.InsufficientPrivilege), psycopg.connect(db.owner_url(), autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE")
        conn.execute("CHECKPOINT")


def _again(owner: str) -> None:
    with psycopg.connect(owner, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        conn.execute(f"CREATE DATABASE {NAME}")


def _at(address: str) -> str:
    return urlunsplit(urlsplit(address)._replace(path=f"/{NAME}"))
