"""What runs, and what waits: the worker, its jobs, readers of the outbox, messages, heads, the pages' settings."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from verno.kit import config, db, outbox, quarantine
from verno.kit.db import Connection
from verno.messaging import queries as messages
from verno.messaging.answers import standing
from verno.messaging.types import State
from verno.sealing import queries as sealing
from verno.wiring import health, jobs
from verno.wiring.doctor.types import Finding, Verdict
from verno.workspace import queries as workspace

LATE = timedelta(minutes=10)
"""How old an event may be that a reader has not read."""
OLDEST_HEAD = timedelta(days=3)

FAILED = """
SELECT task_name, count(*) FROM procrastinate_jobs WHERE status = 'failed' GROUP BY task_name ORDER BY task_name
"""


def look(*, now: datetime) -> Iterator[Finding]:
    """Look at what the database says of the work."""
    yield _pages()
    with db.across_programs() as conn:
        yield _worker(conn, now)
        yield _jobs(conn)
        yield from _readers(conn, now)
        yield _quarantine(conn)
        programs = workspace.programs(conn)
    for program in programs:
        with db.transaction(program.id) as conn:
            yield _uncertain(conn, program.id)
            yield from _providers(conn, program.id, now)
            yield _heads(conn, program.id, now)


def _pages() -> Finding:
    if settings.DEBUG:
        text = "DEBUG is on: errors show secrets to whoever meets one. Run with verno.wiring.settings"
        return Finding("pages", Verdict.BAD, text)
    over_tls = config.public_url().startswith("https://")
    flags = {
        "HttpOnly": settings.SESSION_COOKIE_HTTPONLY and settings.CSRF_COOKIE_HTTPONLY,
        "Secure": not over_tls or (settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE),
        "SameSite": settings.SESSION_COOKIE_SAMESITE in {"Lax", "Strict"},
    }
    missing = [name for name, there in flags.items() if not there]
    if missing:
        text = f"the session's cookie lacks {', '.join(missing)}: run with verno.wiring.settings"
        return Finding("pages", Verdict.BAD, text)
    return Finding("pages", Verdict.OK, "errors show nothing, and cookies are for this server alone")


def _worker(conn: Connection, now: datetime) -> Finding:
    beat = outbox.last_beat(conn, jobs.WORKER)
    if beat is not None and now - beat < health.OLDEST_BEAT:
        return Finding("worker", Verdict.OK, "it beats")
    since = f"since {beat:%Y-%m-%d %H:%M} UTC" if beat else "yet"
    text = f"none has run {since}: no letters, no expiries, no reports. verno up runs one, or verno work"
    return Finding("worker", Verdict.NOTE, text)


def _jobs(conn: Connection) -> Finding:
    failed = conn.execute(FAILED).fetchall()
    if failed:
        names = ", ".join(f"{name} ({count})" for name, count in failed)
        return Finding("jobs", Verdict.NOTE, f"failed within the last day: {names}; the worker's log says why")
    return Finding("jobs", Verdict.OK, "none has failed within the last day")


def _readers(conn: Connection, now: datetime) -> Iterator[Finding]:
    behind = [(reader, at) for reader, at in outbox.behind(conn) if now - at > LATE]
    for reader, at in behind:
        text = f"{reader} has read nothing that came after {at:%Y-%m-%d %H:%M} UTC: does the worker run?"
        yield Finding("readers", Verdict.NOTE, text)
    if not behind:
        yield Finding("readers", Verdict.OK, "readers of the outbox keep up")


def _quarantine(conn: Connection) -> Finding:
    found = quarantine.standing(conn)
    if found is None:
        return Finding("outbox", Verdict.OK, "messages may leave")
    waiting = sum(row.messages for row in messages.waiting(conn, since=found.since))
    text = f"restored to {found.restored_to:%Y-%m-%d %H:%M} UTC: {waiting} messages are held back. See verno release"
    return Finding("outbox", Verdict.NOTE, text)


def _uncertain(conn: Connection, program_id: str) -> Finding:
    count = sum(row.messages for row in messages.counts(conn, program_id) if row.state == State.UNCERTAIN)
    if count:
        text = f"of {count} nobody knows whether they arrived; they stand on their members' pages"
        return Finding("messages", Verdict.NOTE, text)
    return Finding("messages", Verdict.OK, "none of an unknown fate")


def _providers(conn: Connection, program_id: str, now: datetime) -> Iterator[Finding]:
    """Tell which mail providers refuse us, and whose readers complain."""
    held = [one for one in messages.switches(conn, program_id, now=now) if one.provider]
    for one in held:
        end = f"until {one.until:%Y-%m-%d %H:%M} UTC" if one.until else "until somebody lets it go (console, Messages)"
        why = "it refuses letters" if one.why == standing.REFUSES else "too many of its readers complain"
        yield Finding("mail provider", Verdict.NOTE, f"bulk mail to {one.provider} waits {end}: {why}")
    found = standing.complaints(conn, program_id, now=now)
    told = {domain: one for domain, one in found.items() if domain not in {each.provider for each in held}}
    for domain, problem in sorted(told.items()):
        complained = problem.detail.removeprefix(domain).strip()
        yield Finding("mail provider", Verdict.NOTE, f"{domain}: {complained} letters of a day were called spam")
    if not held and not told:
        yield Finding("mail provider", Verdict.OK, "none refuses us, and few readers complain")


def _heads(conn: Connection, program_id: str, now: datetime) -> Finding:
    head = sealing.closing_head(conn, program_id)
    tip = sealing.tip(conn, program_id)
    if head is None or now - head.sealed_at > OLDEST_HEAD:
        if not tip.number:
            return Finding("heads", Verdict.OK, "there is no history to seal yet")
        since = f"since {head.date}" if head else "yet"
        return Finding("heads", Verdict.NOTE, f"no day was sealed {since}: does the worker run?")
    untold = sealing.untold(conn, program_id, head.sealed_at - timedelta(seconds=1))
    if untold:
        text = f"owners who have not got the sealed head of {head.date}: {len(untold[1])}; here alone it proves nothing"
        return Finding("heads", Verdict.NOTE, text)
    return Finding("heads", Verdict.OK, f"the sealed head of {head.date} has left the house")
