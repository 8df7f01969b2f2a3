"""Mechanics that give points for what is bought."""

from verno.predicate.words import gettext_noop
from verno.promotions.gallery.asking import (
    BASE,
    CAKE,
    COAT,
    LATTE,
    TEA,
    TIERS,
    WINE,
    all_of,
    ask,
    book,
    categories,
    goods,
    least,
    one,
    parameter,
    rate,
    some,
    times,
    within,
)
from verno.promotions.gallery.types import Bought, Example, Industry, Kind, Mechanic, Parameter, somebody
from verno.rules.effects import DiscountPercent, Each, Earn, EarnFixed, EarnMultiply, EarnPercent, Rates, Tree
from verno.rules.types import Category, Rule

ALL = tuple(Industry)
GOLD, SILVER = somebody(tier="gold"), somebody(tier="silver")


def twice(id_: str, *, when: Tree | None = None, lines: Tree | None = None, by: int = 200) -> Rule:
    """Return a rule that multiplies."""
    return Rule(id=id_, when=when, effects=(EarnMultiply(unit="points", times=by, lines=lines),))


WHAT_IS_BOUGHT = (
    Mechanic(
        code="base-percent",
        title=gettext_noop("A per cent of each receipt"),
        text=gettext_noop("Points worth 5 % of what is paid in money come back."),
        industries=ALL,
        rulebook=book(BASE),
        parameters=(rate(),),
        examples=(
            Example(lines=(LATTE,), points={"points": 10}),
            Example(lines=(LATTE, CAKE), pays=20_000, points={"points": 15}),
            Example(lines=(Bought("gum", 1_999),)),
        ),
    ),
    Mechanic(
        code="per-full-amount",
        title=gettext_noop("A point for every full amount"),
        text=gettext_noop("For every full 100 paid there is one point, rounded down once a receipt."),
        industries=ALL,
        rulebook=book(Rule(id="full", effects=(Earn("points", 1, 10_000),))),
        parameters=(
            parameter("effects/0/points", gettext_noop("How many points"), Kind.POINTS),
            parameter("effects/0/per", gettext_noop("For which amount"), Kind.MONEY),
        ),
        examples=(
            Example(lines=(Bought("tea", 19_999),), points={"points": 1}),
            Example(lines=(Bought("tea", 5_000), Bought("bread", 5_000)), points={"points": 1}),
            Example(lines=(Bought("tea", 9_999),)),
        ),
    ),
    Mechanic(
        code="category-rates",
        title=gettext_noop("Another per cent for some categories"),
        text=gettext_noop(
            "3 % come back of everything, 10 % of coffee, nothing of alcohol. The deepest category counts."
        ),
        industries=(Industry.GROCERY, Industry.COFFEE, Industry.ELECTRONICS),
        rulebook=book(
            Rule(
                id="rates",
                effects=(
                    EarnPercent(unit="points", rate=300, by=Rates("lines.category", {"coffee": 1000, "alcohol": 0})),
                ),
            )
        ),
        parameters=(rate(), parameter("effects/0/by/rates", gettext_noop("Other per cents"), Kind.TABLE)),
        examples=(
            Example(lines=(LATTE, CAKE, WINE), points={"points": 29}),
            Example(lines=(WINE,)),
        ),
    ),
    Mechanic(
        code="category-multiplier",
        title=gettext_noop("More points for a category"),
        text=gettext_noop("Coffee gives three times as many points as everything else."),
        industries=(Industry.GROCERY, Industry.COFFEE, Industry.FASHION),
        rulebook=book(twice("coffee", lines=within("coffee"), by=300)),
        beside=(BASE,),
        parameters=(times(), categories()),
        examples=(
            Example(lines=(LATTE, CAKE), points={"points": 45}),
            Example(lines=(CAKE,), points={"points": 15}),
        ),
    ),
    Mechanic(
        code="category-excluded",
        title=gettext_noop("No points for some categories"),
        text=gettext_noop("5 % come back of everything but alcohol and tobacco."),
        industries=(Industry.GROCERY, Industry.RESTAURANT, Industry.PHARMACY),
        rulebook=book(
            Rule(
                id="allowed",
                effects=(
                    EarnPercent(
                        unit="points", rate=500, lines=one("category", "notInCategory", [["alcohol"], ["tobacco"]])
                    ),
                ),
            )
        ),
        parameters=(rate(), categories()),
        examples=(
            Example(lines=(CAKE, WINE), points={"points": 15}),
            Example(lines=(Bought("cigarettes", 30_000, ("tobacco",)),)),
            Example(lines=(Bought("bag", 20_000),), points={"points": 10}),
        ),
    ),
    Mechanic(
        code="product-of-the-week",
        title=gettext_noop("Product of the week"),
        text=gettext_noop("For a week some goods give five times as many points."),
        industries=(Industry.GROCERY, Industry.PHARMACY, Industry.ELECTRONICS),
        rulebook=book(
            twice(
                "week",
                when=one("date", "between", ["2026-11-23", "2026-11-29"]),
                lines=one("sku", "in", ["tea", "honey"]),
                by=500,
            )
        ),
        beside=(BASE,),
        parameters=(
            times(),
            goods(),
            parameter("when/rules/0/value", gettext_noop("From and through which day"), Kind.DATES),
        ),
        examples=(
            Example(lines=(TEA, CAKE), points={"points": 40}),
            Example(lines=(TEA, CAKE), at="2026-11-29T23:59", points={"points": 40}),
            Example(lines=(TEA, CAKE), at="2026-11-30T00:00", points={"points": 20}),
        ),
    ),
    Mechanic(
        code="points-per-piece",
        title=gettext_noop("Points for each piece of a product"),
        text=gettext_noop("Each piece of these goods gives 15 points, whatever it costs."),
        industries=(Industry.GROCERY, Industry.PHARMACY, Industry.ELECTRONICS),
        rulebook=book(
            Rule(
                id="piece",
                effects=(EarnFixed(unit="points", points=15, each=Each.UNIT, lines=one("sku", "in", ["tea"])),),
            )
        ),
        parameters=(parameter("effects/0/points", gettext_noop("How many points"), Kind.POINTS), goods()),
        examples=(
            Example(lines=(Bought("tea", 30_000, pieces=3), CAKE), points={"points": 45}),
            Example(lines=(Bought("tea", 25_000, pieces=2.5),), points={"points": 30}),
            Example(lines=(CAKE,)),
        ),
    ),
    Mechanic(
        code="set-of-goods",
        title=gettext_noop("Points for a set of different goods"),
        text=gettext_noop("Who buys tea, honey and a cup together gets 50 points on top."),
        industries=(Industry.GROCERY, Industry.FASHION, Industry.ELECTRONICS),
        rulebook=book(
            Rule(
                id="set",
                when=all_of(
                    ask("paid", ">=", 50_000),
                    *[some(one("sku", "=", sku)) for sku in ("tea", "honey", "cup")],
                ),
                effects=(EarnFixed(unit="points", points=50),),
            )
        ),
        parameters=(
            parameter("effects/0/points", gettext_noop("How many points"), Kind.POINTS),
            least(),
            goods("when/rules/1/value/rules/0/value"),
            goods("when/rules/2/value/rules/0/value"),
            goods("when/rules/3/value/rules/0/value"),
        ),
        examples=(
            Example(lines=(TEA, Bought("honey", 40_000), Bought("cup", 20_000)), points={"points": 50}),
            Example(lines=(TEA, Bought("honey", 40_000), TEA)),
        ),
    ),
    Mechanic(
        code="spend-get-points",
        title=gettext_noop("Spend a sum, get points"),
        text=gettext_noop("Who pays 3,000 or more gets 300 points on top."),
        industries=ALL,
        rulebook=book(Rule(id="sum", when=one("paid", ">=", 300_000), effects=(EarnFixed(unit="points", points=300),))),
        parameters=(parameter("effects/0/points", gettext_noop("How many points"), Kind.POINTS), least()),
        examples=(
            Example(lines=(COAT,), points={"points": 300}),
            Example(lines=(Bought("shoes", 299_999),)),
            Example(lines=(Bought("shoes", 300_000),), pays=1),
        ),
    ),
    Mechanic(
        code="points-by-steps",
        title=gettext_noop("The larger the basket, the more points"),
        text=gettext_noop("From 2,000 there are 50 points on top, from 5,000 150, from 10,000 400; one step counts."),
        industries=(Industry.GROCERY, Industry.FASHION, Industry.ONLINE),
        rulebook=book(
            *[
                Rule(
                    id=f"step-{points}",
                    group="steps",
                    when=one("paid", ">=", sum_),
                    effects=(EarnFixed(unit="points", points=points),),
                )
                for sum_, points in ((200_000, 50), (500_000, 150), (1_000_000, 400))
            ]
        ),
        parameters=tuple(
            Parameter(f"/rules/{number}/{path}", label, kind)
            for number in range(3)
            for path, label, kind in (
                ("when/rules/0/value", gettext_noop("From which sum"), Kind.MONEY),
                ("effects/0/points", gettext_noop("How many points"), Kind.POINTS),
            )
        ),
        examples=(
            Example(lines=(Bought("shoes", 199_999),)),
            Example(lines=(Bought("shoes", 200_000),), points={"points": 50}),
            Example(lines=(COAT,), points={"points": 150}),
            Example(lines=(COAT, COAT), points={"points": 400}),
        ),
    ),
)

WHO_AND_WHERE = (
    Mechanic(
        code="tier-percent",
        title=gettext_noop("A per cent by tier"),
        text=gettext_noop("3 % come back, 5 % to silver members, 10 % to gold ones."),
        industries=ALL,
        rulebook=book(
            Rule(
                id="tiers",
                effects=(EarnPercent(unit="points", rate=300, by=Rates("tiers.main", {"silver": 500, "gold": 1000})),),
            )
        ),
        needs=(TIERS,),
        parameters=(rate(), parameter("effects/0/by/rates", gettext_noop("Per cents of the tiers"), Kind.TABLE)),
        examples=(
            Example(lines=(CAKE,), member=somebody(), points={"points": 9}),
            Example(lines=(CAKE,), member=SILVER, points={"points": 15}),
            Example(lines=(CAKE,), member=GOLD, points={"points": 30}),
        ),
    ),
    Mechanic(
        code="tier-multiplier",
        title=gettext_noop("Twice the points for a tier"),
        text=gettext_noop("Gold members get twice the points."),
        industries=ALL,
        rulebook=book(twice("gold", when=one("tiers.main", "in", ["gold"]))),
        beside=(BASE,),
        needs=(TIERS,),
        parameters=(times(), parameter("when/rules/0/value", gettext_noop("Which tiers"), Kind.CODES)),
        examples=(
            Example(lines=(CAKE,), member=GOLD, points={"points": 30}),
            Example(lines=(CAKE,), member=SILVER, points={"points": 15}),
        ),
    ),
    Mechanic(
        code="payment-points",
        title=gettext_noop("Double points on a payment card"),
        text=gettext_noop("Who pays with the partner bank's card gets twice the points."),
        industries=ALL,
        rulebook=book(twice("card", when=one("payment", "hasAny", ["partner_card"]))),
        beside=(BASE,),
        parameters=(times(), parameter("when/rules/0/value", gettext_noop("Which payment methods"), Kind.CODES)),
        examples=(
            Example(lines=(CAKE,), payments=("partner_card",), points={"points": 30}),
            Example(lines=(CAKE,), points={"points": 15}),
        ),
    ),
    Mechanic(
        code="online-only",
        title=gettext_noop("More points online"),
        text=gettext_noop("Orders on the site and in the app give twice the points."),
        industries=(Industry.ONLINE, Industry.FASHION, Industry.ELECTRONICS, Industry.PHARMACY),
        rulebook=book(twice("online", when=one("channel", "in", ["web", "app"]))),
        beside=(BASE,),
        parameters=(times(), parameter("when/rules/0/value", gettext_noop("Which sales channels"), Kind.CODES)),
        examples=(
            Example(lines=(CAKE,), channel="app", points={"points": 30}),
            Example(lines=(CAKE,), channel="store", points={"points": 15}),
            Example(lines=(CAKE,), points={"points": 15}),
        ),
    ),
    Mechanic(
        code="region-only",
        title=gettext_noop("More points in a region"),
        text=gettext_noop("Stores of one region give half as many points again."),
        industries=ALL,
        rulebook=book(twice("region", when=one("region", "in", ["siberia"]), by=150)),
        beside=(BASE,),
        parameters=(times(), parameter("when/rules/0/value", gettext_noop("Which regions"), Kind.CODES)),
        examples=(
            Example(lines=(LATTE,), region="siberia", points={"points": 15}),
            Example(lines=(LATTE,), region="ural", points={"points": 10}),
        ),
    ),
    Mechanic(
        code="new-store",
        title=gettext_noop("A new store opens"),
        text=gettext_noop("In its first month the new store gives three times as many points."),
        industries=ALL,
        rulebook=book(
            twice(
                "opening",
                when=all_of(ask("place", "in", ["store-2"]), ask("date", "between", ["2026-11-20", "2026-12-20"])),
                by=300,
            )
        ),
        beside=(BASE,),
        parameters=(
            times(),
            parameter("when/rules/0/value", gettext_noop("Which stores"), Kind.CODES),
            parameter("when/rules/1/value", gettext_noop("From and through which day"), Kind.DATES),
        ),
        examples=(
            Example(lines=(LATTE,), place="store-2", points={"points": 30}),
            Example(lines=(LATTE,), points={"points": 10}),
            Example(lines=(LATTE,), place="store-2", at="2026-12-21T12:00", points={"points": 10}),
        ),
    ),
    Mechanic(
        code="legal-entity-only",
        title=gettext_noop("Only at stores of one legal entity"),
        text=gettext_noop("Franchise stores of other owners give no points."),
        industries=(Industry.RESTAURANT, Industry.COFFEE, Industry.SERVICES),
        rulebook=book(
            Rule(
                id="own",
                when=one("legal_entity", "in", ["daisy-llc"]),
                effects=(EarnPercent(unit="points", rate=500),),
            )
        ),
        parameters=(rate(), parameter("when/rules/0/value", gettext_noop("Which legal entities"), Kind.CODES)),
        examples=(
            Example(lines=(LATTE,), legal_entity="daisy-llc", points={"points": 10}),
            Example(lines=(LATTE,), legal_entity="rose-llc"),
        ),
    ),
    Mechanic(
        code="full-price-only",
        title=gettext_noop("Points only for goods at full price"),
        text=gettext_noop("Lines that anything was taken off, here or by the till, give no points; the others do."),
        industries=(Industry.FASHION, Industry.ELECTRONICS, Industry.GROCERY),
        rulebook=book(
            Rule(
                id="full-price",
                effects=(
                    EarnPercent(
                        unit="points", rate=500, lines=all_of(ask("discount", "=", 0), ask("till_discount", "=", 0))
                    ),
                ),
            )
        ),
        beside=(Rule(id="coffee-sale", effects=(DiscountPercent(share=1000, lines=within("coffee")),)),),
        parameters=(rate(),),
        examples=(
            Example(lines=(LATTE, CAKE), off=2_000, points={"points": 15}),
            Example(lines=(CAKE,), points={"points": 15}),
        ),
    ),
    Mechanic(
        code="points-or-discount",
        title=gettext_noop("Points or a discount, not both"),
        text=gettext_noop(
            "A receipt with a discount gives no points; which of the two, is what gives the member more."
        ),
        industries=ALL,
        rulebook=book(
            Rule(id="base", category="points", effects=(EarnPercent(unit="points", rate=500),)),
            Rule(
                id="coffee-sale",
                category="discounts",
                effects=(DiscountPercent(share=2000, lines=within("coffee")),),
            ),
            categories=(Category("points", without=("discounts",)), Category("discounts")),
        ),
        parameters=(
            rate(),
            Parameter("/rules/1/effects/0/share", gettext_noop("Discount"), Kind.PERCENT),
            Parameter("/rules/1/effects/0/lines/rules/0/value", gettext_noop("Which categories"), Kind.CATEGORIES),
        ),
        examples=(
            Example(lines=(LATTE,), off=4_000),
            Example(lines=(CAKE,), points={"points": 15}),
            Example(lines=(LATTE, COAT), points={"points": 410}),
        ),
    ),
    Mechanic(
        code="no-points-when-spending",
        title=gettext_noop("No points where points pay"),
        text=gettext_noop("A receipt of which points pay a part gives no new ones."),
        industries=ALL,
        rulebook=book(Rule(id="money-only", with_points=False, effects=(EarnPercent(unit="points", rate=500),))),
        parameters=(rate(),),
        examples=(
            Example(lines=(CAKE,), member=somebody(), points={"points": 15}),
            Example(lines=(CAKE,), member=somebody(), pays=1_000),
        ),
    ),
)

MECHANICS = WHAT_IS_BOUGHT + WHO_AND_WHERE
