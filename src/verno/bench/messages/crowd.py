"""Members to write to, and letters that wait for them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from verno.kit import batches, db
from verno.kit.errors import VernoError
from verno.members import service as members
from verno.members.types import Channel, ConsentFact, Created, NewMember, Topic
from verno.messaging import service
from verno.messaging.letters import notice
from verno.messaging.letters.wording import Language
from verno.messaging.templates import service as templates
from verno.messaging.templates.types import Block, Published, Saved, Template, reference
from verno.messaging.types import Draft, MessageClass, Planned
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.types import Program

NEWS = "bench-news"
CODES = "bench-codes"
BATCH = 1_000
BY = Actor(ActorKind.OPERATOR, "bench")
SHORT = "bench-short"
WORDS = "Hello {{ member.name | default('there') }}, the new catalogue is out: come and see it this week."
LETTER = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text><mj-text>"
    '<a href="{{{{ preferences_url }}}}">What you get</a> <a href="{{{{ unsubscribe_url }}}}">Leave</a>'
    "</mj-text></mj-column></mj-section></mj-body></mjml>"
)
AGREED = timedelta(days=30)
"""So long ago everybody said yes."""


class Crowd(msgspec.Struct, frozen=True):
    """A program, and those of its members who can be written to on every channel."""

    program: Program
    holders: tuple[str, ...]


def gather(program: Program, size: int, *, now: datetime) -> Crowd:
    """Let members with an address, a number and their consent into the program."""
    topics = (
        Topic(NEWS, MessageClass.PROGRAM, {"ru": "Новости", "en": "News"}, double_opt_in=False),
        Topic(CODES, MessageClass.SECURITY, {"ru": "Коды", "en": "Codes"}, double_opt_in=False),
    )
    holders: list[str] = []
    fresh = (
        NewMember(f"bench-{n}", name=f"Member {n}", email=f"member-{n}@example.com", phone=f"+7900{n:07d}", locale="en")
        for n in range(size)
    )
    for part in batches.batched(fresh, BATCH):
        with db.transaction(program.id) as conn:
            members.ensure_topics(conn, program.id, topics)
            found = [one.member_id for one in members.upsert(conn, program, part, now=now) if isinstance(one, Created)]
            members.record_consents(conn, program.id, _yes(found, now - AGREED), now=now)
        holders += found
    if len(holders) != size:
        message = f"only {len(holders)} of {size} members are new"
        raise VernoError(message)
    return Crowd(program, tuple(holders))


def plan(
    crowd: Crowd,
    holders: Sequence[str],
    occasion: str,
    *,
    now: datetime,
    channel: str = Channel.EMAIL,
    topic: str = NEWS,
    not_before: datetime | None = None,
    template: str = notice.TEMPLATE,
) -> None:
    """Queue a message for each of the holders: a notice, as after a purchase, or what a template says."""
    context = msgspec.to_builtins(
        notice.Context(notice.Told.RECEIPT, [notice.Move("points", 0, 120)], now.date(), "Main Street", "4711")
    )
    for part in batches.batched(holders, BATCH):
        drafts = [Draft(who, topic, template, "en", context, occasion, channel, not_before=not_before) for who in part]
        with db.transaction(crowd.program.id) as conn:
            results = service.plan(conn, crowd.program.id, drafts, now=now)
        if not all(isinstance(one, Planned) for one in results):
            message = f"a letter was not queued: {next(one for one in results if not isinstance(one, Planned))}"
            raise VernoError(message)


def short(crowd: Crowd, *, now: datetime) -> str:
    """Publish a short message, as a marketer writes it, for mail and texts; returns its reference."""
    blocks: dict[Channel, dict[Language, Block]] = {
        Channel.EMAIL: {"en": Block(subject="The new catalogue", body=LETTER.format(WORDS))},
        Channel.SMS: {"en": Block(body=WORDS)},
    }
    wanted = Template(SHORT, "Bench", MessageClass.PROGRAM, NEWS, blocks)
    with db.transaction(crowd.program.id) as conn:
        saved = templates.save(conn, crowd.program.id, wanted, by=BY, now=now)
        done = templates.publish(conn, crowd.program.id, SHORT, by=BY, now=now)
    if not isinstance(saved, Saved) or not isinstance(done, Published):
        message = f"the bench's template is not published: {saved}, {done}"
        raise VernoError(message)
    return reference(SHORT, done.version)


def _yes(holders: Sequence[str], at: datetime) -> list[ConsentFact]:
    return [
        ConsentFact(who, NEWS, channel, granted=True, at=at, method="web-form", text_version="1")
        for who in holders
        for channel in (Channel.EMAIL, Channel.SMS)
    ]
