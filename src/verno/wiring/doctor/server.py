"""What the database's server is set to, who we are to it, and whether its clock is ours."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg

from verno.kit import config, db
from verno.kit.clock import clock
from verno.wiring import migrate
from verno.wiring.doctor.house import is_loopback
from verno.wiring.doctor.types import Finding, Verdict

MOST_SKEW = timedelta(seconds=5)


def look() -> Iterator[Finding]:
    """Look at the server as the application and as the owner meet it."""
    yield from _settings()
    with psycopg.connect(db.owner_url(), connect_timeout=5) as owner:
        yield _version(owner)
        yield _value(
            owner,
            "data_checksums",
            "a disk that spoils a page is not noticed: stop the server and run pg_checksums --enable on its data",
        )
        yield _value(
            owner,
            "autovacuum",
            "tables grow, and one day the server stops to protect itself: set autovacuum = on",
        )
        yield _clock(owner)
    yield _roles()
    with psycopg.connect(db.url(), connect_timeout=5) as conn:
        yield wire(conn.info.host, encrypted=bool(conn.pgconn.ssl_in_use))


def wire(host: str, *, encrypted: bool) -> Finding:
    """Judge the way to the database."""
    if encrypted or is_loopback(host):
        return Finding("wire", Verdict.OK, "nobody can listen on the way to the database")
    text = f"the database {host} is asked in clear: unless that network is yours alone, add sslmode=verify-full"
    return Finding("wire", Verdict.NOTE, text)


def _settings() -> Iterator[Finding]:
    off = set()
    for address in {db.owner_url(), db.url()}:  # a switch may be off for one role alone
        with psycopg.connect(address, connect_timeout=5) as conn:
            off |= set(migrate.switched_off(conn))
    for name in sorted(off):
        text = f"{name} = off: points that were acknowledged can be lost. Set {name} = on and start again"
        yield Finding(name, Verdict.BAD, text)
    if not off:
        yield Finding("settings", Verdict.OK, "PostgreSQL keeps what it acknowledges")


def _version(conn: psycopg.Connection) -> Finding:
    version = conn.info.server_version
    where = "yours" if config.database_url() else "embedded"
    told = f"PostgreSQL {version // 10000}.{version % 10000} ({where}) answers"
    if version < migrate.OLDEST_SERVER:
        return Finding("database", Verdict.BAD, f"{told}; 15 or newer is needed")
    return Finding("database", Verdict.OK, told)


def _value(conn: psycopg.Connection, name: str, why: str) -> Finding:
    row = conn.execute("SELECT current_setting(%s)", (name,)).fetchone()
    if row == ("on",):
        return Finding(name, Verdict.OK, "on")
    return Finding(name, Verdict.BAD, f"off: {why}")


def _clock(conn: psycopg.Connection) -> Finding:
    before = clock.now()
    row = conn.execute("SELECT clock_timestamp()").fetchone()
    theirs: datetime = row[0] if row else before
    skew = max(theirs - clock.now(), before - theirs, timedelta())
    if skew > MOST_SKEW:
        text = (
            f"the database's clock is {skew.total_seconds():.0f} s away from this machine's: let both keep time by NTP"
        )
        return Finding("clock", Verdict.BAD, text)
    return Finding("clock", Verdict.OK, "the database's clock is this machine's")


def _roles() -> Finding:
    with psycopg.connect(db.url(), connect_timeout=5) as conn:
        row = conn.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user").fetchone()
    if config.database_url() and config.owner_url() is None:
        text = "one address for everything; VERNO_OWNER_URL with a role of its own for migrations is safer"
        return Finding("roles", Verdict.NOTE, text)
    if row == (True,):
        text = "the application logs in as a superuser, whom row security does not stop: give it a role of its own"
        return Finding("roles", Verdict.BAD, text)
    return Finding("roles", Verdict.OK, "the application and the migrations use different roles")
