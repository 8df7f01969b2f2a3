"""Verbs of drafts: save, submit, review, publish, and keep what a replay has found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from verno.kit import localtime
from verno.kit.db import Connection
from verno.kit.ids import new_id
from verno.promotions import keeping, queries, service
from verno.promotions.drafts import queries as drafts
from verno.promotions.drafts.types import Draft, NewDraft, Review, State
from verno.promotions.queries import SQL
from verno.promotions.service import hand
from verno.promotions.types import NotPublished, Refusal, Refused, StoredRulebook
from verno.rules import stored
from verno.rules.fields import Known
from verno.workspace import audit, settings
from verno.workspace import queries as workspace
from verno.workspace.audit import Actor
from verno.workspace.registry import PROMOTIONS_REVIEW
from verno.workspace.types import Unit

MOST_AHEAD = timedelta(days=731)
MAX_BODY = 4 * 1024 * 1024
"""Bytes of a body: some thousands of rules."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where drafts are worked on: a program, what its rules may name, and whether another person must agree."""

    conn: Connection
    program_id: str
    known: Known
    units: Sequence[Unit]
    reviewed: bool = True

    def found(self, number: int) -> Draft | None:
        """Lock a draft and return it."""
        row = self.conn.execute(SQL["lock_draft"], {"program": self.program_id, "number": number}).fetchone()
        return None if row is None else drafts.whole(row, known=self.known, units=self.units)

    def read(self, number: int) -> Draft:
        """Return a draft as it is now."""
        found = drafts.draft(self.conn, self.program_id, number, known=self.known, units=self.units)
        assert found is not None  # noqa: S101 drafts are not deleted
        return found

    def do(self, statement: str, number: int, *, now: datetime, **more: object) -> None:
        """Run a statement of one draft."""
        self.conn.execute(SQL[statement], {"program": self.program_id, "number": number, "now": now, **more})

    def note(self, by: Actor, verb: str, number: int, *, now: datetime, detail: str = "") -> None:
        """Write it into the audit."""
        about = ("draft", str(number))
        audit.record(self.conn, self.program_id, by, f"draft.{verb}", about, now=now, detail=detail)


def open_desk(conn: Connection, program_id: str, known: Known) -> Desk:
    """Return the desk of a program; ``known`` is what its rules may name."""
    reviewed = settings.load(conn, program_id).value(PROMOTIONS_REVIEW)
    return Desk(conn, program_id, known, workspace.units(conn, program_id), reviewed=reviewed)


def save(desk: Desk, wanted: NewDraft, *, by: Actor, now: datetime) -> Draft | Refused:
    """Store a draft, new or changed; what is wrong with it is told, not refused.

    Whoever changes a body becomes one of its editors, and what had been said of it is no longer said. Refusals:
    ``unknown-draft``, ``unknown-version`` (``based_on``), ``changed-since``, ``already-published``, ``too-long``.
    """
    body = msgspec.json.encode(wanted.body)
    if len(body) > MAX_BODY:
        return Refused(Refusal.TOO_LONG, f"a rulebook has at most {MAX_BODY} bytes")
    versions = queries.versions(desk.conn, desk.program_id)
    if wanted.based_on is not None and wanted.based_on not in versions:
        return Refused(Refusal.UNKNOWN_VERSION, f"there is no version {wanted.based_on}")
    said: dict[str, object] = {"title": wanted.title, "body": body.decode(), "based_on": wanted.based_on}
    if wanted.number is None:
        if wanted.based_on is None:
            said["based_on"] = max([one for one, stands in versions.items() if stands], default=None)
        return _add(desk, said, by=by, now=now)
    found = _open(desk, wanted.number, wanted.revision)
    if isinstance(found, Refused):
        return found
    if wanted.based_on is None:
        said["based_on"] = found.row.based_on
    editors = list(dict.fromkeys([*found.row.editors, hand(by)]))
    desk.do("change_draft", wanted.number, now=now, editors=_json(editors), **said)
    desk.note(by, "change", wanted.number, now=now, detail=f"revision:{found.row.revision + 1}")
    return desk.read(wanted.number)


def submit(desk: Desk, number: int, *, by: Actor, now: datetime) -> Draft | Refused:
    """Ask for a review. Refusals: ``unknown-draft``, ``already-published``, ``not-valid`` with all that is wrong."""
    found = _open(desk, number)
    if isinstance(found, Refused):
        return found
    no = _wrong(desk, found, now)
    if no is not None:
        return no
    if found.row.state in {State.SUBMITTED, State.APPROVED}:
        return found
    desk.do("submit_draft", number, now=now, by=hand(by))
    desk.note(by, "submit", number, now=now, detail=f"revision:{found.row.revision}")
    return desk.read(number)


def review(desk: Desk, number: int, word: Review, *, by: Actor, now: datetime) -> Draft | Refused:
    """Approve or reject what was submitted. Nobody who had a hand in its body does.

    The same word of the same person again changes nothing. What a replay found above the budget is approved only with
    ``above_budget``, so that nobody agrees to it unknowing. Refusals: ``unknown-draft``, ``changed-since``,
    ``already-published``, ``own-draft``, ``not-submitted``, ``not-valid``, ``above-budget``.
    """
    found = _open(desk, number, word.revision)
    if isinstance(found, Refused):
        return found
    row = found.row
    state = State.APPROVED if word.agreed else State.REJECTED
    if (row.state, row.reviewer, row.comment) == (state, hand(by), word.comment):
        return found
    no = _may_not_review(found, hand(by)) or (_wrong(desk, found, now) or _dear(found, word) if word.agreed else None)
    if no is not None:
        return no
    agreed = word.agreed and word.above_budget and row.above_budget
    desk.do("review_draft", number, now=now, by=hand(by), state=state, comment=word.comment, above_budget=agreed)
    verb = "approve" if word.agreed else "reject"
    desk.note(by, verb, number, now=now, detail=f"revision:{row.revision}")
    return desk.read(number)


def publish(
    desk: Desk, number: int, *, at: datetime | None = None, above_budget: bool = False, by: Actor, now: datetime
) -> StoredRulebook | Refused:
    """Make a draft a rulebook: at once, or from a moment within two years.

    What a replay found above the budget is published only once that was agreed to: by the reviewer, or, where nobody
    reviews, here with ``above_budget``. A draft that was published at the same moment before is answered again.
    Refusals: ``unknown-draft``, ``already-published``, ``not-approved`` (where drafts are reviewed), ``above-budget``,
    ``outdated``, ``time-out-of-range``, ``not-valid``.
    """
    found = desk.found(number)
    if found is None:
        return _unknown(number)
    row = found.row
    books = queries.rulebooks(desk.conn, desk.program_id)
    before = queries.version(books, row.version or 0) if row.state is State.PUBLISHED else None
    if before is not None and at in (None, row.publish_at):
        return before
    no = _published(found) or _not_yet(desk, found, books, above_budget=above_budget, now=now)
    if no is not None:
        return no
    if at is not None and not now <= at <= now + MOST_AHEAD:
        return Refused(Refusal.TIME_OUT_OF_RANGE, "a rulebook holds from now on, or from a moment within two years")
    done = service.publish(
        *(desk.conn, desk.program_id, stored.read(found.body)),
        units=desk.units,
        known=desk.known,
        effective_from=at or now,
        now=now,
        title=row.title,
    )
    if isinstance(done, NotPublished):
        return Refused(Refusal.NOT_VALID, "the draft cannot be published", done.reasons)
    desk.do("publish_draft", number, now=now, at=done.effective_from, version=done.version)
    kept = "".join([f",keeps:{one.version}>{one.until}" for one in done.rulebook.keeps])
    desk.note(by, "publish", number, now=now, detail=f"version:{done.version}{kept}")
    return done


def keep_result(
    desk: Desk, number: int, revision: int, result: object, *, above_budget: bool = False, now: datetime
) -> bool:
    """Keep what a replay made of a revision, for the approver; False when the draft has gone on since.

    What costs more than was allowed is not published before somebody has agreed to that: an approval that had been
    given before is asked for again. A result outlives the next change of the draft, as one of an earlier revision, and
    what was found above the budget stays so until another replay.
    """
    parameters = {
        "program": desk.program_id,
        "number": number,
        "revision": revision,
        "result": _json(result),
        "above_budget": above_budget,
        "now": now,
    }
    return desk.conn.execute(SQL["keep_result"], parameters).fetchone() is not None


def _add(desk: Desk, said: dict[str, object], *, by: Actor, now: datetime) -> Draft:
    me = hand(by)
    parameters = {"id": new_id(now=now), "program": desk.program_id, "now": now, "author": me, "editors": _json([me])}
    row = desk.conn.execute(SQL["add_draft"], {**parameters, **said}).fetchone()
    assert row is not None  # noqa: S101 INSERT ... RETURNING returns
    desk.note(by, "add", row[0], now=now)
    return desk.read(row[0])


def _not_yet(
    desk: Desk, found: Draft, books: Sequence[StoredRulebook], *, above_budget: bool, now: datetime
) -> Refused | None:
    """Say what a draft still lacks."""
    row = found.row
    if desk.reviewed and row.state is not State.APPROVED:
        return Refused(Refusal.NOT_APPROVED, f"the draft is {row.state}: another person has to approve it")
    agreed = row.approved_above_budget if desk.reviewed else above_budget
    if row.above_budget and not agreed:
        return Refused(Refusal.ABOVE_BUDGET, "a replay went above the budget, and nobody has agreed to that")
    last = max([book.version for book in books if book.withdrawn_at is None], default=None)
    if last is not None and row.based_on is not None and row.based_on < last:
        words = f"version {last} was published since version {row.based_on}: save the draft again, based on that"
        return Refused(Refusal.OUTDATED, words)
    return _wrong(desk, found, now)


def _open(desk: Desk, number: int, revision: int | None = None) -> Draft | Refused:
    """Lock a draft that can still be worked on."""
    found = desk.found(number)
    return _unknown(number) if found is None else _published(found) or _changed(found, revision) or found


def _may_not_review(found: Draft, who: str) -> Refused | None:
    row = found.row
    if who in {*row.editors, row.author}:
        return Refused(Refusal.OWN_DRAFT, "somebody else has to read what you have written")
    if row.state is not State.SUBMITTED:
        return Refused(Refusal.NOT_SUBMITTED, f"the draft is {row.state}: it has to be submitted first")
    return None


def _unknown(number: int) -> Refused:
    return Refused(Refusal.UNKNOWN_DRAFT, f"there is no draft {number}")


def _published(found: Draft) -> Refused | None:
    if found.row.state is not State.PUBLISHED:
        return None
    return Refused(Refusal.ALREADY_PUBLISHED, f"the draft is version {found.row.version}; make another one")


def _changed(found: Draft, revision: int | None) -> Refused | None:
    if revision in (None, found.row.revision):
        return None
    return Refused(Refusal.CHANGED_SINCE, f"the draft has come to revision {found.row.revision}")


def _dear(found: Draft, word: Review) -> Refused | None:
    if not found.row.above_budget or word.above_budget:
        return None
    words = "a replay went above the budget: approve it knowing that (above_budget), or reject it"
    return Refused(Refusal.ABOVE_BUDGET, words)


def _wrong(desk: Desk, found: Draft, now: datetime) -> Refused | None:
    """Say what is wrong with a draft, whenever from now on it holds."""
    wrong = found.problems or tuple(_over(desk, found, now))
    return Refused(Refusal.NOT_VALID, "something is wrong with the rules", wrong) if wrong else None


def _over(desk: Desk, found: Draft, now: datetime) -> list[str]:
    if not found.body.get("keeps"):
        return []
    today = localtime.business_date(now, localtime.zone(workspace.program(desk.conn, desk.program_id).timezone))
    return keeping.over(stored.read(found.body), today)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
