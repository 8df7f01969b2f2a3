"""What each effect asks, in words: one list by tag, in the order in which the builder offers them."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from verno.console.promotions.forms.asking import Ask, Choice, Variant
from verno.rules.fields import Track


@dataclass(frozen=True)
class About:
    """What of a program and of a rulebook the words speak of."""

    digits: int
    symbol: str
    units: list[Choice]
    scales: Mapping[str, int]
    tracks: Mapping[str, Track]
    rules: list[Choice]
    """Rules of the draft, by id."""
    rate_fields: list[Choice]
    """Fields by which rates may differ."""
    rate_keys: Mapping[str, list[Choice]]

    def unit(self) -> Ask:
        """Ask for a kind of points."""
        return Ask(name="unit", kind="choice", label=_("Points"), choices=self.units)

    def points(self, name: str, label: str, *, optional: bool = False, hint: str = "") -> Ask:
        """Ask for points of the unit beside."""
        return Ask(
            name=name, kind="figure", label=label, hint=hint, optional=optional, by="unit",
            decimals_by=dict(self.scales),
        )  # fmt: skip

    def money(self, name: str, label: str, *, optional: bool = False, hint: str = "") -> Ask:
        """Ask for an amount of money."""
        return Ask(
            name=name, kind="figure", label=label, hint=hint, optional=optional, decimals=self.digits,
            suffix=self.symbol,
        )  # fmt: skip

    def cards(self) -> list[Choice]:
        """Return the progress tracks."""
        return [(code, track.name or code) for code, track in self.tracks.items()]

    def by(self) -> Ask:
        """Ask for other rates of some tiers, places or categories."""
        keys = Ask(
            name="rates", kind="table", label=_("Rates"), by="field", choices_by=dict(self.rate_keys), decimals=2,
            suffix="%", add=_("Add a rate"),
        )  # fmt: skip
        field = Ask(name="field", kind="choice", label=_("By what"), choices=self.rate_fields)
        return Ask(
            name="by", kind="record", label=_("Other rates for some"), optional=True, of=[field, keys], more=True,
            hint=_("By tier, place, category … What is not named gets the rate above."), add=_("Add other rates"),
        )  # fmt: skip


def count(name: str, label: str, *, optional: bool = False, hint: str = "", suffix: str = "") -> Ask:
    """Ask for a whole number."""
    return Ask(name=name, kind="figure", label=label, optional=optional, hint=hint, suffix=suffix)


def percent(name: str, label: str, *, optional: bool = False, hint: str = "", default: object = None) -> Ask:
    """Ask for a share, kept in hundredths of a per cent."""
    return Ask(
        name=name, kind="figure", label=label, decimals=2, suffix="%", optional=optional, hint=hint, default=default
    )


def lines(*, optional: bool = True) -> Ask:
    """Ask for which lines."""
    return Ask(name="lines", kind="tree", label=_("Only for goods"), registry="lines", optional=optional)


def each() -> Ask:
    """Ask for what a fixed number is."""
    choices = [("receipt", _("the receipt")), ("line", _("each line")), ("unit", _("each piece"))]
    return Ask(name="each", kind="choice", label=_("For"), choices=choices, default="receipt")


def variants(about: About) -> list[Variant]:
    """Return every effect with what it asks."""
    return [*_earning(about), *_discounts(about), *_telling(about)]


def _earning(about: About) -> list[Variant]:
    unit, most = about.unit(), about.points("most", _("At most for a receipt"), optional=True)
    number = about.points("points", _("How many points"))
    told = [
        (
            "earn_percent",
            _("Points: per cent of what is paid"),
            [unit, percent("rate", _("How much comes back")), lines(), most, about.by()],
        ),
        (
            "earn_per_full",
            _("Points: for every full amount"),
            [unit, number, about.money("per", _("For every full")), lines(), most],
        ),
        (
            "earn_fixed",
            _("Points: a fixed number"),
            [unit, number, each(), lines(), most],
        ),
        (
            "earn_multiply",
            _("Points: several times as many"),
            [
                unit,
                Ask(name="times", kind="figure", label=_("How many times as many"), decimals=2, suffix="×"),
                lines(),
                most,
                Ask(
                    name="rules", kind="choices", label=_("Only of these rules"), choices=about.rules, default=[],
                    hint=_("None chosen: of all rules that give points for what is paid."), more=True,
                ),
            ],
        ),
    ]  # fmt: skip
    return [Variant(tag, label, _("Points"), asks) for tag, label, asks in told]


def _discounts(about: About) -> list[Variant]:
    part = [count("units", _("Pieces")), lines(optional=False)]
    sets = count("sets", _("How often a receipt"), optional=True)
    told = [
        (
            "discount_percent",
            _("Discount in per cent"),
            [percent("share", _("Discount")), lines(), about.money("most", _("At most"), optional=True), about.by()],
        ),
        ("discount_amount", _("Discount of an amount"), [about.money("amount", _("How much off")), each(), lines()]),
        ("fixed_price", _("Fixed price of a piece"), [about.money("price", _("Price")), lines()]),
        (
            "free_units",
            _("Free pieces: 2 + 1, the cheapest, each n-th"),
            [
                count("of", _("Of how many pieces")),
                count("free", _("How many are free")),
                lines(),
                percent(
                    "share", _("How much off these"), default=10_000,
                    hint=_("100 % is free, 50 % is “the second for half”."),
                ),
                Ask(name="same_goods", kind="flag", label=_("Count pieces of the same goods only"), default=False),
                Ask(
                    name="card", kind="choice", label=_("Go on counting on a stamp card"), choices=about.cards(),
                    optional=True, more=True,
                    hint=_("Its stamps are pieces bought before: “every sixth coffee free” over many receipts."),
                ),
                sets,
            ],
        ),
        (
            "bundle",
            _("Price for a set"),
            [
                about.money("price", _("Price of a set")),
                Ask(
                    name="parts", kind="records", label=_("What the set is of"), of=part, add=_("Add a part"),
                    least_rows=1,
                ),
                sets,
            ],
        ),
        (
            "gift",
            _("Gift"),
            [
                Ask(name="sku", kind="text", label=_("SKU of the gift")),
                Ask(name="units", kind="figure", label=_("Pieces"), default=1),
            ],
        ),
    ]  # fmt: skip
    return [Variant(tag, label, _("Discounts"), asks) for tag, label, asks in told]


def _telling(about: About) -> list[Variant]:
    tracks = [(code, track.name or code) for code, track in about.tracks.items() if track.steps]
    steps = {code: [(step, name or step) for step, name in track.steps.items()] for code, track in about.tracks.items()}
    told = [
        (
            "give_badge",
            _("Give a badge"),
            [
                Ask(name="badge", kind="text", label=_("Badge")),
                count("days", _("For how many days"), optional=True, hint=_("Empty: for good.")),
            ],
        ),
        (
            "set_tier",
            _("Lift to a tier"),
            [
                Ask(name="track", kind="choice", label=_("Track"), choices=tracks),
                Ask(name="step", kind="choice", label=_("Tier"), by="track", choices_by=steps),
                count("days", _("For how many days")),
            ],
        ),
        (
            "extend_expiry",
            _("Points live longer"),
            [
                about.unit(),
                count("within", _("Points that end within so many days")),
                count("days", _("Live longer by so many days"), optional=True),
                Ask(name="until", kind="date", label=_("Or through the date"), optional=True),
            ],
        ),
        (
            "print_text",
            _("Text on the slip"),
            [Ask(name="text", kind="texts", label=_("Text"), add=_("Add a language"))],
        ),
        (
            "emit_event",
            _("Tell other systems"),
            [
                Ask(
                    name="name", kind="text", label=_("Name of the event"),
                    hint=_("Small Latin letters, digits and _, such as came_back."),
                )
            ],
        ),
    ]  # fmt: skip
    return [Variant(tag, label, _("Besides"), asks) for tag, label, asks in told]
