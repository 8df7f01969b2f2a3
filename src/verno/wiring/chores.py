"""The worker's verbs: thin doors, each with its own transactions, to what the packages can do."""

import os
import socket
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from verno.corrections import service as corrections
from verno.imports.members import uploads
from verno.intake import context
from verno.intake.reading import recounting
from verno.intake.returns import applying
from verno.kit import db, localtime, outbox, quarantine
from verno.ledger import days
from verno.ledger import service as ledger
from verno.limits import service as limits
from verno.members.districts import locating
from verno.members.likeness import service as likeness
from verno.members.returning import service as returning
from verno.messaging import sender, statements
from verno.messaging import service as messaging
from verno.messaging.answers import hearing, listening, receipts, resting, standing
from verno.messaging.broadcasts.running import step as broadcasts
from verno.messaging.channels.email import mailbox
from verno.messaging.channels.email.channel import relay
from verno.messaging.channels.port import Channel, P
from verno.messaging.channels.sms import channel as texts
from verno.messaging.channels.telegram import channel as telegram
from verno.messaging.channels.webpush import channel as webpush
from verno.messaging.desk import BULK, URGENT
from verno.messaging.law import turns
from verno.messaging.notices import reader as notices
from verno.messaging.pacing import booking
from verno.messaging.poison import alone
from verno.messaging.types import MessageClass
from verno.progress import queries as tracks
from verno.progress import service as progress
from verno.promotions.budgets import service as budgets
from verno.replay.runs import working as replays
from verno.reports import reader
from verno.sealing import service as sealing
from verno.webhooks import service as webhooks
from verno.webhooks.receiving import service as receiving
from verno.webhooks.sending import reader as events
from verno.webhooks.sending import sender as hooks
from verno.wiring.jobs import WORKER
from verno.workspace import queries as workspace
from verno.workspace.types import Program

Stopping = Callable[[], bool]

REST = 3
"""So many times as long as it worked rests whoever has time."""
MOMENT = 0.1
"""Seconds after which whoever rests looks whether to stop."""


def beat(*, now: datetime, stopping: Stopping) -> int:  # noqa: ARG001 a verb's signature
    """Say that this worker lives; returns 0, so that the pause is kept."""
    with db.transaction() as conn:
        outbox.beat(conn, WORKER, now=now)
    return 0


def count_receipts(*, now: datetime, stopping: Stopping) -> int:  # noqa: ARG001 a verb's signature
    """Hand the reports their next events."""
    return reader.step(now=now)


def tell_moves(*, now: datetime, stopping: Stopping) -> int:  # noqa: ARG001 one short transaction
    """Tell members of what moved their points."""
    return notices.step(now=now)


def plan_broadcasts(*, now: datetime, stopping: Stopping) -> int:
    """Begin, plan, watch and end broadcasts; returns how many members that were."""
    return broadcasts.step(now=now, stopping=stopping)


def send_mail(*, now: datetime, stopping: Stopping) -> int:
    """Send what is due of what may wait; without a relay (``VERNO_SMTP_URL``) mail waits."""
    return _send(relay(), BULK, now, stopping)


def send_urgent_mail(*, now: datetime, stopping: Stopping) -> int:
    """Send codes and services, over connections of their own."""
    return _send(relay(), URGENT, now, stopping)


def send_texts(*, now: datetime, stopping: Stopping) -> int:
    """Send the texts that may wait; without a provider (``VERNO_SMS_URL``) texts wait."""
    return _send(texts.provider(), BULK, now, stopping)


def send_urgent_texts(*, now: datetime, stopping: Stopping) -> int:
    """Send codes and services as texts."""
    return _send(texts.provider(), URGENT, now, stopping)


def send_chats(*, now: datetime, stopping: Stopping) -> int:
    """Send what may wait to chats; without a bot (``VERNO_TELEGRAM_TOKEN``) it waits."""
    return _send(telegram.bot(), BULK, now, stopping)


def send_urgent_chats(*, now: datetime, stopping: Stopping) -> int:
    """Send answers and services to chats."""
    return _send(telegram.bot(), URGENT, now, stopping)


def send_pushes(*, now: datetime, stopping: Stopping) -> int:
    """Send what may wait to members' browsers."""
    return _send(webpush.browsers(), BULK, now, stopping)


def send_urgent_pushes(*, now: datetime, stopping: Stopping) -> int:
    """Send services to members' browsers."""
    return _send(webpush.browsers(), URGENT, now, stopping)


def hear_chats(*, now: datetime, stopping: Stopping) -> int:
    """Hear what happens in chats with the bot: Telegram is told where to call, or asked where it cannot call us."""
    return 0 if _is_quarantined() else listening.step(now=now, stopping=stopping)


def wake_parked(*, now: datetime, stopping: Stopping) -> int:  # noqa: ARG001 one short transaction
    """Let messages go on that no switch holds back any more; returns how many did."""
    with db.across_programs() as conn:
        return messaging.wake(conn, now=now)


def watch_refusals(*, now: datetime, stopping: Stopping) -> int:  # noqa: ARG001 one short transaction
    """Hold back what is in bulk for mail providers that refuse it; returns for how many."""
    with db.across_programs() as conn:
        return standing.watch_refusals(conn, now=now)


def watch_complaints(*, now: datetime, stopping: Stopping) -> int:
    """Hold back what is in bulk for mail providers too many of whose readers complain; returns for how many."""
    with db.transaction() as conn:
        programs = [program.id for program in workspace.programs(conn)]
    total = 0
    for program in programs:
        if stopping():
            break
        with db.transaction(program) as conn:
            total += standing.watch_complaints(conn, program, now=now)
    return total


def forget_paces(*, now: datetime, stopping: Stopping) -> int:  # noqa: ARG001 the database's own clock
    """Drop the paces of addresses that have rested; returns how many went."""
    with db.across_programs() as conn:
        return booking.forget(conn)


def rest_addresses(*, now: datetime, stopping: Stopping) -> int:  # noqa: ARG001 one short transaction
    """Leave addresses alone that take nothing; returns how many rest from now on."""
    with db.across_programs() as conn:
        return resting.rest(conn, now=now)


SUSPECTS = (
    ("verno.wiring.chores:relay", "email"),
    ("verno.messaging.channels.sms.channel:provider", "sms"),
    ("verno.messaging.channels.telegram.channel:bot", "telegram"),
    ("verno.messaging.channels.webpush.channel:browsers", "push"),
)
"""Where the process that tries suspects finds each channel."""


def send_suspects(*, now: datetime, stopping: Stopping) -> int:
    """Try messages during whose claim a worker died, each alone, in a process that may die of it."""
    return sum([alone.step(target, code, now=now, stopping=stopping) for target, code in SUSPECTS])


def hear_texts(*, now: datetime, stopping: Stopping) -> int:
    """Stay bound to the message centre for receipts and answers; a gateway calls us instead."""
    return 0 if _is_quarantined() else texts.listen(hearing.hear, now=now, stopping=stopping)


def read_bounces(*, now: datetime, stopping: Stopping) -> int:
    """Read what came back into the mailbox that ``VERNO_BOUNCE_IMAP_URL`` names, if there is one."""
    return 0 if _is_quarantined() else mailbox.read(hearing.hear, now=now, stopping=stopping)


def _is_quarantined() -> bool:
    """Tell whether nothing may be heard either: a rehearsal would take it from the house that works."""
    with db.transaction() as conn:
        return quarantine.standing(conn) is not None


def retry_receipts(*, now: datetime, stopping: Stopping) -> int:  # noqa: ARG001 one small batch
    """Try receipts again that came before their message's own end."""
    return receipts.retry_early(now=now)


def _send(channel: Channel[P] | None, lanes: Sequence[MessageClass], now: datetime, stopping: Stopping) -> int:
    if channel is None:
        return 0
    return sender.step(channel, lanes, now=now, worker_name=f"{socket.gethostname()}/{os.getpid()}", stopping=stopping)


def note_events(*, now: datetime, stopping: Stopping) -> int:  # noqa: ARG001 a verb's signature
    """Write down which webhooks the next events go to."""
    return events.step(now=now)


def send_webhooks(*, now: datetime, stopping: Stopping) -> int:
    """Send what endpoints are to be told."""
    return hooks.step(now=now, worker_name=f"{socket.gethostname()}/{os.getpid()}", stopping=stopping)


def forget_webhooks(*, now: datetime, stopping: Stopping) -> int:
    """Drop what the logs of webhooks, out and in, are not kept for any more; returns how many rows went."""
    return _forget(webhooks.forget, now, stopping) + _forget(receiving.forget, now, stopping)


def sort_districts(*, now: datetime, stopping: Stopping) -> int:
    """Work out anew in which districts members are, after a district changed; a page a transaction."""
    with db.transaction() as conn:
        programs = [program.id for program in workspace.programs(conn)]
    total = 0
    for program in programs:
        done = locating.PAGE
        while done == locating.PAGE and not stopping():
            with db.transaction(program) as conn:
                done = locating.sort_again(conn, program, now=now, limit=locating.PAGE)
            total += done
    return total


def settle_due(*, now: datetime, stopping: Stopping) -> int:
    """Make visible, program by program, what time alone has changed in the ledger."""
    with db.transaction() as conn:
        programs = [program.id for program in workspace.programs(conn)]
    total = 0
    for program in programs:
        while not stopping() and (done := _settle_some(program, now)):
            total += done
    return total


def move_stragglers(*, now: datetime, stopping: Stopping) -> int:
    """Move what came to merged members all the same to whom they are now; returns how many had something."""
    with db.transaction() as conn:
        programs = [program.id for program in workspace.programs(conn)]
    total = 0
    for program in programs:
        while not stopping() and (done := db.retrying(partial(_move_some, program, now))):
            total += done
    return total


def apply_parked(*, now: datetime, stopping: Stopping) -> int:
    """Apply parked returns whose sale came at the same moment, so that each missed the other."""
    with db.transaction() as conn:
        programs = [program.id for program in workspace.programs(conn)]
    total = 0
    for program in programs:
        while not stopping() and (done := db.retrying(partial(_apply_some, program, now))):
            total += done
    return total


def tell_days(*, now: datetime, stopping: Stopping) -> int:
    """Tell, program by program, what each new business date brings: points that begin, end, and will end soon."""
    settle_due(now=now, stopping=stopping)
    with db.transaction() as conn:
        programs = [(program.id, localtime.zone(program.timezone)) for program in workspace.programs(conn)]
    return sum(1 for program, zone in programs for _ in iter(partial(_tell_day, program, zone, now), 0))


def import_members(*, now: datetime, stopping: Stopping) -> int:
    """Check and import files of members that were uploaded."""
    with db.transaction() as conn:
        programs = workspace.programs(conn)
    return sum(uploads.work(program, stopping=stopping, now=now) for program in programs)


def seal_history(*, now: datetime, stopping: Stopping) -> int:
    """Seal what is certain by now."""
    return sealing.step(now=now, stopping=stopping)


def close_day(*, now: datetime, stopping: Stopping) -> int:
    """Sign the head of the last business date once, file it, send it to the owners."""
    return sealing.close_day(now=now, stopping=stopping)


def forget_limits(*, now: datetime, stopping: Stopping) -> int:
    """Drop what limits counted long ago; returns how many counters went."""
    return _forget(limits.forget, now, stopping)


def forget_turns(*, now: datetime, stopping: Stopping) -> int:  # noqa: ARG001 one statement
    """Drop turns of advertisements that no cap looks back to any more."""
    with db.across_programs() as conn:
        return turns.forget(conn, now=now)


def forget_returning(*, now: datetime, stopping: Stopping) -> int:  # noqa: ARG001 one statement
    """Drop hashes of erased members' addresses that are remembered long enough."""
    with db.across_programs() as conn:
        return returning.forget(conn, now=now)


def forget_budgets(*, now: datetime, stopping: Stopping) -> int:
    """Drop what budgets counted in periods long over; returns how many counters went."""
    return _forget(budgets.forget, now, stopping)


def sweep_progress(*, now: datetime, stopping: Stopping) -> int:
    """Judge, program by program, whom the business date has moved on their tracks; returns how many rows that was."""
    with db.transaction() as conn:
        programs = list(workspace.programs(conn))
    total = 0
    for program in programs:
        while not stopping() and (done := db.retrying(partial(_sweep_some, program, now))):
            total += done
    return total


def find_duplicates(*, now: datetime, stopping: Stopping) -> int:
    """Compare the members who changed next, of each program, with all others; returns how many were looked at.

    A million who were imported are an hour's work that nobody waits for, on processors that the till waits for: after
    each batch it rests ``REST`` times as long as that took.
    """
    with db.transaction() as conn:
        programs = [program.id for program in workspace.programs(conn)]
    total = 0
    for program in programs:
        began = time.monotonic()
        total += 0 if stopping() else db.retrying(partial(_compare_some, program, now))
        rested = time.monotonic() + REST * (time.monotonic() - began)
        while not stopping() and (left := rested - time.monotonic()) > 0:
            time.sleep(min(left, MOMENT))
    return total


def fill_tracks(*, now: datetime, stopping: Stopping) -> int:
    """Recount stored receipts for versions of tracks that wait for it; returns how many receipts were counted."""
    with db.transaction() as conn:
        programs = [program.id for program in workspace.programs(conn)]
    return sum(recounting.fill(program, now=now, stopping=stopping) for program in programs)


def replay(*, now: datetime, stopping: Stopping) -> int:
    """Do the replays that somebody has asked for; returns how many receipts they were."""
    with db.transaction() as conn:
        programs = [program.id for program in workspace.programs(conn)]
    return sum(replays.work(program, now=now, stopping=stopping) for program in programs)


def plan_statements(*, now: datetime, stopping: Stopping) -> int:
    """Plan last month's points statements where they are missing; returns how many are on their way."""
    with db.transaction() as conn:
        programs = workspace.programs(conn)
    total = 0
    for program in programs:
        if stopping():
            break
        total += statements.run(program, now=now, stopping=stopping)
    return total


def _sweep_some(program: Program, now: datetime) -> int:
    with db.transaction(program.id) as conn:
        return progress.sweep(conn, program.id, on=tracks.judging(conn, program, now=now), now=now)


def _compare_some(program: str, now: datetime) -> int:
    with db.transaction(program) as conn:
        return likeness.find(conn, program, now=now)


def _tell_day(program: str, zone: ZoneInfo, now: datetime) -> int:
    with db.transaction(program) as conn:
        return days.tell_days(conn, program, zone, now=now)


def _apply_some(program: str, now: datetime) -> int:
    with db.transaction(program) as conn:
        return applying.sweep(conn, context.of(conn, program), now=now)


def _forget(some: Callable[..., int], now: datetime, stopping: Stopping) -> int:
    total, done = 0, 1
    while done and not stopping():
        with db.across_programs() as conn:
            done = some(conn, now=now)
        total += done
    return total


def _move_some(program: str, now: datetime) -> int:
    with db.transaction(program) as conn:
        return corrections.move_stragglers(conn, program, now=now)


def _settle_some(program: str, now: datetime) -> int:
    with db.transaction(program) as conn:
        return ledger.settle_due(conn, program, now=now)
