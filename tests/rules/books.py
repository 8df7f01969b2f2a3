"""Random rulebooks and receipts, small enough that rules meet: few goods, places, badges and groups."""

from collections.abc import Mapping
from datetime import UTC, datetime

from hypothesis import strategies as st

from tests.rules.asked import Loose
from verno.predicate.types import Kind
from verno.rules import effects as e
from verno.rules.facts import Facts, Line, Member
from verno.rules.fields import Known, Track
from verno.rules.making.compiling import Book, ready
from verno.rules.types import Caps, Category, Choose, Rule, Rulebook

KNOWN = Known(
    places={"p": "P", "q": "Q"},
    tracks={"main": Track("Main", {"silver": "Silver", "gold": "Gold"}), "days": Track("Days")},
    member_attributes={"vip": Kind.TEXT},
)
UNITS = ("points", "miles")
CATEGORIES = (None, ("food",), ("food", "tea"), ("food", "tea", "green"), ("drink",), ("home",))
MONEY = st.sampled_from((0, 1, 99, 100, 333, 500, 1000)) | st.integers(0, 5000)


def rule(field: str, operator: str, value: object = None) -> e.Tree:
    return {"field": field, "operator": operator, **({} if value is None else {"value": value})}


PATHS = st.lists(st.sampled_from([["food"], ["food", "tea"], ["drink"]]), min_size=1, max_size=2)
SKUS = st.sampled_from("abc")
OF_LINES = st.one_of(
    st.builds(rule, st.just("sku"), st.sampled_from(("=", "!=")), SKUS),
    st.builds(rule, st.just("sku"), st.sampled_from(("in", "notIn")), st.lists(SKUS, min_size=1, max_size=2)),
    st.builds(rule, st.just("category"), st.sampled_from(("inCategory", "notInCategory")), PATHS),
    st.builds(rule, st.just("amount"), st.sampled_from((">=", "<")), MONEY),
    st.builds(rule, st.just("attributes.brand"), st.just("="), st.sampled_from("xy")),
    st.just(rule("category", "notNull")),
)
EARLY = st.one_of(
    st.builds(rule, st.just("amount"), st.sampled_from((">=", "<", "=")), MONEY),
    st.builds(rule, st.just("place"), st.sampled_from(("=", "!=")), st.sampled_from("pq")),
    st.builds(rule, st.just("channel"), st.just("in"), st.lists(st.sampled_from(("web", "till")), min_size=1)),
    st.builds(
        rule, st.sampled_from(("payment", "member.badges")), st.sampled_from(("hasAny", "hasNone")),
        st.lists(st.sampled_from(("card", "cash", "staff")), min_size=1, max_size=2),
    ),
    st.builds(rule, st.just("tiers.main"), st.sampled_from(("=", "!=")), st.sampled_from(("silver", "gold"))),
    st.builds(rule, st.just("progress.days"), st.just("between"), st.just([10, 20])),
    st.builds(rule, st.sampled_from(("member.known", "spends")), st.just("="), st.booleans()),
    st.builds(rule, st.just("attributes.kind"), st.just("="), st.just("box")),
)  # fmt: skip
LATE = st.builds(rule, st.just("paid"), st.sampled_from((">=", "<")), MONEY)


def trees(leaves: st.SearchStrategy[e.Tree]) -> st.SearchStrategy[e.Tree]:
    """Groups of rules, in groups."""

    def group(inner: st.SearchStrategy[e.Tree]) -> st.SearchStrategy[e.Tree]:
        return st.builds(
            lambda combinator, rules, turned: {
                "combinator": combinator,
                "rules": rules,
                **({"not": True} if turned else {}),
            },
            st.sampled_from(("and", "or")),
            st.lists(inner, min_size=1, max_size=3),
            st.integers(0, 5).map(lambda n: n == 0),
        )

    return group(st.recursive(leaves, group, max_leaves=3))


LINES = trees(OF_LINES)
MATCHES: st.SearchStrategy[dict[str, object]] = st.one_of(
    st.sampled_from(("some", "all", "none")).map(lambda mode: {"mode": mode}),
    st.integers(0, 3).map(lambda n: {"mode": "atLeast", "threshold": n}),
    st.builds(
        lambda of, sign, n: {"mode": "sum", "of": of, "operator": sign, "threshold": n},
        st.sampled_from(("amount", "quantity")), st.sampled_from((">=", "<")), MONEY,
    ),
)  # fmt: skip
PARTS = st.builds(lambda match, tree: {"field": "lines", "match": match, "value": tree}, MATCHES, LINES)
WHEN = st.none() | st.none() | trees(EARLY | PARTS)
WHEN_LATE = st.none() | st.none() | trees(EARLY | PARTS | LATE)
SOME_LINES = st.none() | LINES
MOST = st.none() | st.none() | st.integers(1, 2000)
RATES = st.none() | st.one_of(
    st.builds(
        e.Rates, st.just("tiers.main"), st.dictionaries(st.sampled_from(("silver", "gold")), st.integers(0, 12_000))
    ),
    st.builds(
        e.Rates, st.just("lines.category"),
        st.dictionaries(st.sampled_from(("food", "food / tea", "drink")), st.integers(0, 12_000)),
    ),
)  # fmt: skip
UNIT = st.sampled_from(UNITS)
SHARES = st.sampled_from((10_000, 5000, 1000)) | st.integers(1, 10_000)
EARNS = st.one_of(
    st.builds(e.Earn, UNIT, st.integers(1, 20), st.integers(50, 3000), SOME_LINES, MOST),
    st.builds(e.EarnPercent, unit=UNIT, rate=st.integers(0, 12_000), by=RATES, lines=SOME_LINES, most=MOST),
    st.builds(
        e.EarnFixed, unit=UNIT, points=st.integers(1, 500), each=st.sampled_from(e.Each), lines=SOME_LINES, most=MOST
    ),
    st.builds(
        e.EarnMultiply, unit=UNIT, times=st.integers(101, 500), lines=SOME_LINES, most=MOST,
        rules=st.sampled_from(((), (), ("r0",), ("r1", "r2"))),
    ),
)  # fmt: skip
OFFS = st.one_of(
    st.builds(e.DiscountPercent, share=SHARES, by=RATES, lines=SOME_LINES, most=MOST),
    st.builds(e.DiscountAmount, amount=st.integers(1, 3000), each=st.sampled_from(e.Each), lines=SOME_LINES),
    st.builds(e.FixedPrice, price=MONEY, lines=SOME_LINES),
    st.tuples(st.integers(2, 4), st.integers(1, 3)).flatmap(
        lambda of: st.builds(
            e.FreeUnits, of=st.just(of[0]), free=st.just(min(of[1], of[0] - 1)), share=SHARES,
            same_goods=st.booleans(), sets=st.none() | st.integers(1, 3), lines=SOME_LINES,
            card=st.sampled_from((None, "days")),
        )
    ),
    st.builds(
        e.Bundle,
        parts=st.lists(st.builds(e.Part, units=st.integers(1, 3), lines=LINES), min_size=1, max_size=3).map(tuple),
        price=MONEY, sets=st.integers(1, 3),
    ),
    st.builds(e.Gift, sku=SKUS, units=st.integers(1, 3)),
)  # fmt: skip
TELLS = st.sampled_from(
    (
        e.GiveBadge(badge="b"), e.SetTier(track="main", step="gold", days=30),
        e.EmitEvent(name="happened"), e.PrintText(text={"en": "Hello"}),
    )
)  # fmt: skip


def rules(number: int) -> st.SearchStrategy[Rule]:
    def one(effects: list[Loose]) -> st.SearchStrategy[Rule]:
        late = not any(isinstance(effect, e.Discounting) for effect in effects)
        return st.builds(
            Rule,
            id=st.just(f"r{number}"),
            effects=st.just(tuple(effects)),
            when=WHEN_LATE if late else WHEN,
            category=st.sampled_from((None, None, "one", "other", "third")),
            group=st.sampled_from((None, None, None, "g", "h")),
            alone=st.integers(0, 7).map(lambda n: n == 0),
            priority=st.sampled_from((0, 0, 5, -5)),
            with_points=st.integers(0, 5).map(lambda n: n > 0),
            once_a_line=st.integers(0, 3).map(lambda n: n == 0),
            paused=st.integers(0, 9).map(lambda n: n == 0),
        )

    return st.one_of(
        st.lists(OFFS, min_size=1, max_size=2),
        st.lists(EARNS, min_size=1, max_size=2),
        st.lists(EARNS | OFFS | TELLS, min_size=1, max_size=3),
    ).flatmap(one)


CATEGORIES_OF_RULES = st.tuples(st.booleans(), st.booleans(), st.booleans()).map(
    lambda said: (
        Category("one", one=said[0], without=("other",) if said[1] else ()),
        Category("other", without=("third",) if said[2] else ()),
        Category("third"),
    )
)
CAPS = st.builds(
    Caps,
    receipt=st.none() | st.none() | SHARES,
    line=st.none() | st.none() | SHARES,
    margin=st.none() | st.none() | st.integers(0, 5000),
    points=st.just({}) | st.dictionaries(UNIT, st.integers(0, 300)),
)


def books(least: int = 0, most: int = 6) -> st.SearchStrategy[Rulebook]:
    return st.integers(least, most).flatmap(
        lambda count: st.builds(
            Rulebook,
            rules=st.tuples(*[rules(number) for number in range(count)]),
            categories=CATEGORIES_OF_RULES,
            choose=st.sampled_from(Choose),
            caps=st.just(Caps()) | CAPS,
            amounts_first=st.booleans(),
            worth=st.builds(lambda one, other: {"points": one, "miles": other}, *[st.sampled_from((1, 7, 100))] * 2),
            scales=st.builds(lambda one, other: {"points": one, "miles": other}, *[st.sampled_from((0, 0, 2))] * 2),
        )
    )


QUANTITIES = st.one_of(
    st.sampled_from((0, 500, 1000, 1000, 1000, 2000, 3000)), st.integers(0, 12_500), st.just(2_000_000)
)
ONE_LINE = st.tuples(
    SKUS,
    QUANTITIES,
    MONEY,
    st.sampled_from(CATEGORIES),
    st.none() | st.integers(0, 2000),
    st.sampled_from((None, "x", "y")),
)
BASKETS = st.lists(ONE_LINE, min_size=0, max_size=5)
AT = datetime(2026, 11, 26, 9, tzinfo=UTC)


def facts(lines: list[Loose], **said: Loose) -> Facts:
    return Facts(
        AT,
        "Europe/Moscow",
        [
            Line(number, sku, quantity, price, 0, category, cost, {} if brand is None else {"brand": brand})
            for number, (sku, quantity, price, category, cost, brand) in enumerate(lines, 1)
        ],
        **said,
    )


MEMBERS = st.builds(
    Member,
    id=st.sampled_from(("", "m")),
    badges=st.frozensets(st.sampled_from(("staff", "b"))),
    tiers=st.sampled_from(({}, {"main": "silver"}, {"main": "gold"})),
    progress=st.sampled_from(({}, {"days": 15}, {"days": 25})),
)
RECEIPTS = st.builds(
    facts,
    BASKETS,
    place=st.sampled_from("pq"),
    channel=st.sampled_from((None, "web", "till")),
    payments=st.frozensets(st.sampled_from(("card", "cash"))),
    attributes=st.sampled_from(({}, {"kind": "box"})),
    member=MEMBERS,
    spends=st.booleans(),
    closed=st.frozensets(st.sampled_from(("r0", "r9"))),
)
PAYS = st.lists(st.integers(0, 100), min_size=5, max_size=5)
"""Per cents of what is left of each line that points pay."""


def compiled(book: Rulebook) -> Book:
    found = ready(book, KNOWN)
    assert isinstance(found, Book), found
    return found


def points_pay(receipt: Facts, shares: list[int]) -> Mapping[int, int]:
    """Let points pay a part of each line, as intake does between pricing and settling."""
    pay = {}
    for line, share in zip(receipt.lines, shares, strict=False):
        pay[line.number] = (line.price - line.discount) * share // 100 if receipt.spends else 0
        line.paid = line.price - line.discount - pay[line.number]
    receipt.add_up()
    return pay


OVERLAPPING = st.lists(SKUS, min_size=1, max_size=2, unique=True).map(
    lambda skus: {"combinator": "and", "rules": [rule("sku", "in", skus)]}
)
BUNDLES = st.builds(
    e.Bundle,
    parts=st.lists(st.builds(e.Part, units=st.integers(1, 2), lines=OVERLAPPING), min_size=2, max_size=3).map(tuple),
    price=st.integers(0, 500),
    sets=st.none() | st.integers(1, 2),
)
FEW_PIECES = st.lists(
    st.tuples(
        SKUS,
        st.sampled_from((500, 1000, 2000, 3000)),
        st.integers(100, 2000),
        st.just(None),
        st.just(None),
        st.just(None),
    ),
    min_size=2,
    max_size=5,
)
"""Receipts on which pieces of one part of a bundle are wanted by another."""
RATED = st.one_of(
    st.builds(
        e.EarnPercent,
        unit=UNIT,
        rate=st.integers(0, 2000),
        by=st.builds(
            e.Rates,
            st.just("lines.category"),
            st.dictionaries(st.sampled_from(("food", "food / tea", "drink")), st.integers(0, 12_000), min_size=2),
        ),
    ),
    st.builds(
        e.FreeUnits,
        of=st.integers(3, 4),
        free=st.integers(1, 2),
        share=SHARES,
        same_goods=st.booleans(),
        lines=SOME_LINES,
    ),
)
"""Rates by categories within each other, and free pieces over several lines."""


def _needy(count: int) -> st.SearchStrategy[Rulebook]:
    wanted = st.tuples(st.none() | trees(EARLY | PARTS), st.none() | trees(st.sampled_from(CATEGORY_LEAVES) | OF_LINES))
    return st.lists(wanted, min_size=count, max_size=count).map(
        lambda found: Rulebook(
            tuple(
                Rule(id=f"r{n}", when=when, effects=(e.Earn("points", 1, 1, lines),))
                for n, (when, lines) in enumerate(found)
            )
        )
    )


CATEGORY_LEAVES = [rule("category", "inCategory", [list(path)]) for path in CATEGORIES if path]
NEEDY = st.integers(1, 8).flatmap(_needy)
"""Rulebooks whose rules give for anything paid, as soon as conditions hold."""
