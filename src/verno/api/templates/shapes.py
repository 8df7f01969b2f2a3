"""What the doors to templates take and give."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from verno.members.types import Channel
from verno.messaging.letters.wording import Language
from verno.messaging.templates.types import (
    MOST_SHOWN,
    MOST_UTM,
    Advert,
    Block,
    Name,
    Problem,
    Stored,
    Template,
    Text,
    Tree,
    Word,
)
from verno.messaging.types import MessageClass


class TemplateBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A template as it shall be: its blocks by channel and language, conditions on content by name.

    ``sample``: what messages will bring as their context, to try it with.
    """

    name: Name
    class_name: MessageClass
    topic: Text
    blocks: dict[Channel, dict[Language, Block]] = {}
    shown: Annotated[dict[Word, Tree], Meta(max_length=MOST_SHOWN)] = {}
    utm: Annotated[dict[Word, Text], Meta(max_length=MOST_UTM)] = {}
    advert: Advert | None = None
    sample: dict[str, object] | None = None

    def template(self, code: str) -> Template:
        """Return it under its code."""
        return Template(
            code,
            self.name,
            self.class_name,
            self.topic,
            self.blocks,
            self.shown,
            self.utm,
            self.advert,
        )


class TemplateProblem(msgspec.Struct, frozen=True):
    """One thing that is wrong, in a block or, where channel and locale are empty, in the whole."""

    code: str
    channel: str
    locale: str
    detail: str
    is_blocking: bool

    @classmethod
    def of(cls, problem: Problem) -> "TemplateProblem":
        """Return a problem as the API tells it."""
        return cls(problem.code, problem.channel, problem.locale, problem.detail, problem.is_blocking)


class TemplateItem(msgspec.Struct, frozen=True):
    """A template's newest version; one that was not published is a draft. Messages call it ``reference``."""

    code: str
    name: str
    reference: str
    version: int
    class_name: str
    topic: str
    channels: dict[str, list[str]]
    published_at: datetime | None
    retired_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, stored: Stored) -> "TemplateItem":
        """Return a stored version as the API tells it."""
        made = stored.template
        return cls(
            made.code,
            made.name,
            stored.reference,
            stored.version,
            made.class_name,
            made.topic,
            {channel.value: sorted(blocks) for channel, blocks in made.blocks.items()},
            stored.published_at,
            stored.retired_at,
            stored.created_at,
        )


class TemplateList(msgspec.Struct, frozen=True):
    """The templates of a program, by code."""

    templates: list[TemplateItem]


class TemplateVersion(msgspec.Struct, frozen=True):
    """A version with all that it says."""

    template: TemplateItem
    blocks: dict[Channel, dict[Language, Block]]
    shown: dict[str, Tree]
    utm: dict[str, str]
    advert: Advert | None

    @classmethod
    def of(cls, stored: Stored) -> "TemplateVersion":
        """Return a stored version as the API tells it."""
        made = stored.template
        return cls(TemplateItem.of(stored), made.blocks, made.shown, made.utm, made.advert)


class TemplateSaved(msgspec.Struct, frozen=True):
    """The draft is stored; ``problems`` are what linting finds, the blocking ones first."""

    code: str
    version: int
    problems: list[TemplateProblem]


class TemplatePublish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``because``: why mixed content may go out all the same; stored and audited."""

    because: Annotated[str, Meta(max_length=500)] | None = None


class TemplatePublished(msgspec.Struct, frozen=True):
    """Messages may name ``reference`` from now on."""

    code: str
    version: int
    reference: str


class TemplateRetired(msgspec.Struct, frozen=True):
    """No new message may name the code."""

    code: str


class TemplatePreview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which block to show, of the draft if there is one, and for whom: a member by id, or somebody made up."""

    channel: Channel
    locale: Text = "en"
    member: str | None = None
    context: dict[str, object] | None = None


class TemplateRendered(msgspec.Struct, frozen=True):
    """What a reader sees. ``segments`` and ``cost``, in minor units, are a text message's."""

    subject: str
    html: str
    text: str
    segments: int
    cost: int | None
