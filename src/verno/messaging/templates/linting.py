"""What is wrong with a template, found by reading it: nothing is rendered, nothing is asked."""

import re
from collections.abc import Iterator

from verno.messaging.channels.sms import segments
from verno.messaging.channels.sms.texts import CODE as SMS
from verno.messaging.channels.sms.texts import MOST_SEGMENTS
from verno.messaging.templates.checks import adverts, links, promo
from verno.messaging.templates.checks.sources import Use, uses
from verno.messaging.templates.types import AdClass, Block, Known, Lint, Problem, Template
from verno.messaging.types import CHANNEL_EMAIL, MessageClass
from verno.workspace.registry import Marking

MOST_OF_A_KIND = 20
"""Problems of one kind that are told of a block."""
MARKETING = MessageClass.MARKETING
TITLED = frozenset({CHANNEL_EMAIL, "push"})
"""Channels whose messages have a subject."""
_TAGS = re.compile(r"\{\{.*?\}\}")
_STATEMENTS = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_STALE = re.compile(r"(^|[._])(balance|available|points_left|left|expiring|остаток)s?$", re.IGNORECASE)
FIGURE = "12345678"
"""What stands for a figure where a text's length is reckoned."""


def lint(template: Template, known: Known) -> list[Problem]:
    """Return what is wrong, the blocking problems first."""
    found = list(_whole(template, known))
    for channel, blocks in template.blocks.items():
        for language, block in blocks.items():
            found += _Linter(template, known, channel.value, language, block).problems()
    return sorted(dict.fromkeys(found), key=lambda one: not one.is_blocking)


def _whole(template: Template, known: Known) -> Iterator[Problem]:
    """Yield what is wrong with the template as a whole."""
    if not any(blocks for blocks in template.blocks.values()):
        yield Problem(Lint.NOTHING_TO_SAY, "", "", "", is_blocking=True)
    class_name = known.topics.get(template.topic)
    if class_name is None:
        yield Problem(Lint.UNKNOWN_TOPIC, "", "", template.topic, is_blocking=True)
    elif class_name != template.class_name.value:
        yield Problem(Lint.OTHER_CLASS, "", "", f"{template.topic}: {class_name}", is_blocking=True)
    languages = {language for blocks in template.blocks.values() for language in blocks}
    for channel, blocks in template.blocks.items():
        for missing in sorted(languages - set(blocks)):
            # A reader of another language would get this one.
            yield Problem(Lint.OTHER_LANGUAGE, channel.value, missing, "", is_blocking=False)
    advert = template.advert
    if advert is not None and advert.erid and advert.content_sha256 not in ("", adverts.fingerprint(template)):
        yield Problem(Lint.MARK_VOID, "", "", advert.erid, is_blocking=True)


class _Linter:
    """One block under the glass."""

    def __init__(self, template: Template, known: Known, channel: str, language: str, block: Block) -> None:
        self.template = template
        self.known = known
        self.channel = channel
        self.language = language
        self.block = block
        self.parts = (block.subject, block.preheader, block.body)
        self.uses = [use for part in self.parts for use in uses(part)]
        is_letter = channel == CHANNEL_EMAIL
        self.links = links.of_letter(block.body) if is_letter else links.of_text(block.body)

    def problems(self) -> list[Problem]:
        """Return what is wrong, kind by kind."""
        kinds = (self.said, self.names, self.mixed, self.leading, self.leaving, self.length, self.marked)
        return [one for kind in kinds for one in list(kind())[:MOST_OF_A_KIND]]

    def problem(self, code: Lint, detail: str = "", *, blocks: bool = True) -> Problem:
        return Problem(code, self.channel, self.language, detail, is_blocking=blocks)

    def said(self) -> Iterator[Problem]:
        if not self.block.body.strip():
            yield self.problem(Lint.NOTHING_TO_SAY)
        if self.channel in TITLED and not self.block.subject.strip():
            yield self.problem(Lint.NO_SUBJECT)

    def names(self) -> Iterator[Problem]:
        """Yield names that mean nothing, that may be missing, or whose figures will have grown old."""
        for use in self.uses:
            if not self.is_known(use.name):
                yield self.problem(Lint.UNKNOWN_NAME, use.name)
            elif use.printed and not use.safe and self.may_be_missing(use.name):
                yield self.problem(Lint.MISSING_FALLBACK, use.name, blocks=not use.name.startswith("context."))
            if use.name.startswith("context.") and self.is_stale(use):
                yield self.problem(Lint.STALE_BALANCE, use.name, blocks=False)

    def is_known(self, name: str) -> bool:
        root, *rest = name.replace("[]", "").split(".")
        known = self.known
        if root == "context":
            return True
        if root in {"unsubscribe_url", "preferences_url", "advert", "lang"}:
            return not rest
        if not rest:
            return False  # a whole table cannot be printed
        first = rest[0]
        if root == "member" and first == "attributes":
            return len(rest) == 2 and rest[1] in known.attributes  # noqa: PLR2004 member.attributes.city
        if root == "expiring":
            return first in known.units and (len(rest) == 1 or (len(rest) == 2 and rest[1] in {"points", "day"}))  # noqa: PLR2004
        names = {
            "member": frozenset({"name", "first_name"}),
            "balance": frozenset(known.units),
            "tier": known.tracks,
            "program": frozenset({"name"}),
            "brand": known.brand,
            "shown": frozenset(self.template.shown),
        }
        return len(rest) == 1 and first in names.get(root, frozenset())

    @staticmethod
    def may_be_missing(name: str) -> bool:
        is_day = name.startswith("expiring.") and name.endswith(".day")
        return name.startswith(("member.", "tier.", "context.")) or is_day

    def is_stale(self, use: Use) -> bool:
        return _STALE.search(use.name.replace("[]", "")) is not None

    def mixed(self) -> Iterator[Problem]:
        """Yield what makes a message of another class advertising."""
        if self.template.class_name is MARKETING:
            return
        for word in promo.words(" ".join(self.parts)):
            yield self.problem(Lint.MIXED_CLASS, word)
        for name in promo.names(dict.fromkeys(use.name for use in self.uses if use.name.startswith("context."))):
            yield self.problem(Lint.MIXED_CLASS, name)
        for url in promo.links(self.links):
            yield self.problem(Lint.MIXED_CLASS, url)

    def leading(self) -> Iterator[Problem]:
        for url in dict.fromkeys(self.links):
            if (why := links.wrong(url)) is not None:
                yield self.problem(Lint.BROKEN_LINK, f"{url[:200]}: {why}")

    def leaving(self) -> Iterator[Problem]:
        """Yield that a letter shows no way out."""
        if self.channel != CHANNEL_EMAIL or self.template.class_name in {
            MessageClass.SECURITY,
            MessageClass.TRANSACTIONAL,
        }:
            return
        said = {use.name for use in self.uses}
        if "unsubscribe_url" not in said:
            yield self.problem(Lint.NO_UNSUBSCRIBE, blocks=self.template.class_name is MARKETING)
        if "preferences_url" not in said:
            yield self.problem(Lint.NO_PREFERENCES, blocks=False)

    def length(self) -> Iterator[Problem]:
        """Yield what a text costs, where it is more than one segment, or too many."""
        if self.channel != SMS:
            return
        plain = count = _segments(self.block.body)
        if self.template.track_texts and self.template.class_name is not MessageClass.SECURITY:
            count = _segments(links.numbered(self.block.body, lambda _: self.known.short_link or None))
        if count > plain:
            yield self.problem(Lint.SMS_TRACKED, f"{plain} -> {count}", blocks=False)
        price = self.known.segment_price
        told = str(count) if price is None else f"{count} x {price} = {count * price}"
        if count > MOST_SEGMENTS:
            yield self.problem(Lint.SMS_TOO_LONG, told)
        elif count > 1:
            yield self.problem(Lint.SMS_LENGTH, told, blocks=False)

    def marked(self) -> Iterator[Problem]:
        """Yield that advertising does not carry its mark where the country and the program ask for one."""
        advert = self.template.advert
        is_theirs = advert is not None and advert.ad_class is AdClass.THIRD_PARTY and self.known.marking
        asked = self.template.class_name is MARKETING and self.channel in self.known.marking and not self.is_exempt()
        if not asked and not (is_theirs and self.channel not in adverts.NOT_INTERNET):
            return
        if advert is None or advert.ad_class is AdClass.NONE or not advert.erid or not advert.name:
            yield self.problem(Lint.NOT_MARKED, "erid")
        elif "advert" not in {use.name for use in self.uses}:
            yield self.problem(Lint.NOT_MARKED, "advert")

    def is_exempt(self) -> bool:
        """Tell whether the program has decided that its own advertising goes unmarked here; another's never does."""
        advert = self.template.advert
        match self.known.policy:
            case Marking.OFF:
                return advert is None or advert.ad_class is not AdClass.THIRD_PARTY
            case Marking.OWN_MAIL_EXEMPT:
                return self.channel == CHANNEL_EMAIL and advert is not None and advert.ad_class is AdClass.OWN
            case _:
                return False


def _segments(body: str) -> int:
    return segments.plan(_TAGS.sub(FIGURE, _STATEMENTS.sub("", body)).strip()).segments
