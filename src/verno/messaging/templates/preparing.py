"""From claimed messages to what the press needs: the block in the reader's language, and live figures; set-based."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from verno.kit.db import Connection
from verno.members.types import Member
from verno.messaging.letters import wording
from verno.messaging.letters.wording import LANGUAGES, Language
from verno.messaging.templates import queries, showing, views
from verno.messaging.templates.types import Compiled, Prepared, Sources, Tree, is_stored
from verno.messaging.templates.views import Figures, Frame
from verno.workspace.types import Program

NUMBERED = "{{ _texts["
"""Where compiling has put a place for a link of the message's own."""


class Asked(Protocol):
    """A message as far as it is written from a template."""

    @property
    def id(self) -> str:
        """Return the message's id."""

    @property
    def holder_id(self) -> str:
        """Return the member's id."""

    @property
    def channel(self) -> str:
        """Return the channel that it leaves on."""

    @property
    def template(self) -> str:
        """Return the reference of its template."""

    @property
    def locale(self) -> str:
        """Return the member's locale."""

    @property
    def context(self) -> Mapping[str, object]:
        """Return what was stored with it."""


def prepared(
    conn: Connection,
    program: Program,
    messages: Sequence[Asked],
    people: Mapping[str, Member],
    look: Mapping[str, str],
    *,
    now: datetime,
) -> dict[str, Prepared]:
    """Return what the press needs, by message; those whose template or block there is not are absent.

    ``look`` is the program's brand. Figures and conditions are read now, whatever the messages were planned with.
    """
    asked = [one for one in messages if is_stored(one.template)]
    found = queries.compiled(conn, program.id, [one.template for one in asked])
    asked = [one for one in asked if one.template in found]
    if not asked:
        return {}
    needs = frozenset(need for one in found.values() for need in one.needs)
    known = views.frame(conn, program, needs, look)
    holders = sorted({one.holder_id for one in asked})
    figures = views.figures(conn, program, holders, needs, now=now)
    shown = _shown(conn, program.id, found, asked, now=now)
    out: dict[str, Prepared] = {}
    for one in asked:
        made = written(
            known,
            found[one.template],
            (one.channel, one.locale),
            people.get(one.holder_id),
            figures,
            context=one.context,
            shown={name: one.holder_id in some for name, some in shown[one.template].items()},
        )
        if made is not None:
            out[one.id] = made
    return out


def written(
    known: Frame,
    compiled: Compiled,
    where: tuple[str, str | None],
    member: Member | None,
    figures: Figures,
    *,
    context: Mapping[str, object],
    shown: Mapping[str, bool],
) -> Prepared | None:
    """Return one message for the press; ``where``: (channel, locale). None where the channel has no block."""
    channel, locale = where
    picked = pick(compiled.blocks.get(channel, {}), locale, known.program.locale)
    if picked is None:
        return None
    language, sources = picked
    view = views.of_program(known, language, locale) | views.of_member(known, member, figures, language, compiled.needs)
    view |= {
        "shown": dict(shown),
        "context": msgspec.json.decode(msgspec.json.encode(context)),
        "advert": compiled.advert,
    }
    is_tracked = sources.html or NUMBERED in sources.text
    return Prepared(sources, view, language, compiled.links if is_tracked else [])


def pick(blocks: Mapping[str, Sources], locale: str | None, in_doubt: str | None) -> tuple[Language, Sources] | None:
    """Return the block in the member's language, else in the program's, else in any."""
    for language in (wording.language(locale), wording.language(in_doubt), *LANGUAGES):
        if language in blocks:
            return language, blocks[language]
    return None


def _shown(
    conn: Connection, program_id: str, found: Mapping[str, Compiled], asked: Sequence[Asked], *, now: datetime
) -> dict[str, dict[str, set[str]]]:
    """Return by template and name whom conditions are true of."""
    out: dict[str, dict[str, set[str]]] = {}
    for reference, one in found.items():
        trees: Mapping[str, Tree] = one.shown
        holders = {message.holder_id for message in asked if message.template == reference}
        out[reference] = showing.shown(conn, program_id, trees, holders, now=now)
    return out
