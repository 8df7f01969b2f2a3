"""Mechanics of pieces: free ones, sets, prices, and what is off each."""

from verno.predicate.words import gettext_noop
from verno.promotions.gallery.asking import (
    CAKE,
    COAT,
    TEA,
    book,
    categories,
    goods,
    one,
    parameter,
    share,
    within,
)
from verno.promotions.gallery.types import Bought, Example, Industry, Kind, Mechanic
from verno.rules.effects import (
    Bundle,
    DiscountAmount,
    DiscountPercent,
    Each,
    FreeUnits,
    Part,
)
from verno.rules.types import Rule

BURGER = Bought("burger", 25_000, ("burgers",))
FRIES = Bought("fries", 15_000, ("fries",))
COLA = Bought("cola", 12_000, ("drinks",))

MECHANICS = (
    Mechanic(
        code="two-plus-one",
        title=gettext_noop("2 + 1"),
        text=gettext_noop("Of every three pieces of a category the cheapest costs nothing."),
        industries=(Industry.GROCERY, Industry.PHARMACY, Industry.FASHION),
        rulebook=book(Rule(id="two-plus-one", effects=(FreeUnits(of=3, free=1, lines=within("food", "tea")),))),
        parameters=(
            parameter("effects/0/of", gettext_noop("Of how many pieces"), Kind.NUMBER),
            parameter("effects/0/free", gettext_noop("How many are free"), Kind.NUMBER),
            categories(),
        ),
        examples=(
            Example(lines=(TEA, Bought("oolong", 40_000, ("food", "tea"), pieces=2), CAKE), off=10_000),
            Example(lines=(Bought("tea", 70_000, ("food", "tea"), pieces=7),), off=20_000),
            Example(lines=(TEA, TEA)),
        ),
    ),
    Mechanic(
        code="cheapest-free",
        title=gettext_noop("The cheapest of four is free"),
        text=gettext_noop("Of four pieces of clothing the cheapest costs nothing, once a receipt."),
        industries=(Industry.FASHION,),
        rulebook=book(Rule(id="cheapest", effects=(FreeUnits(of=4, free=1, sets=1, lines=within("clothes")),))),
        parameters=(
            parameter("effects/0/of", gettext_noop("Of how many pieces"), Kind.NUMBER),
            parameter("effects/0/sets", gettext_noop("How often a receipt"), Kind.NUMBER),
            categories(),
        ),
        examples=(
            Example(lines=(COAT, COAT, COAT, Bought("scarf", 90_000, ("clothes",))), off=90_000),
            Example(lines=(Bought("socks", 80_000, ("clothes",), pieces=8),), off=10_000),
            Example(lines=(COAT, COAT, COAT)),
        ),
    ),
    Mechanic(
        code="second-for-half",
        title=gettext_noop("The second for half"),
        text=gettext_noop("Of the same goods each second piece costs half."),
        industries=(Industry.GROCERY, Industry.PHARMACY, Industry.FASHION),
        rulebook=book(
            Rule(
                id="second",
                effects=(
                    FreeUnits(of=2, free=1, share=5000, same_goods=True, lines=one("sku", "in", ["tea", "honey"])),
                ),
            )
        ),
        parameters=(share(), goods()),
        examples=(
            Example(lines=(Bought("tea", 20_000, pieces=2), Bought("honey", 40_000)), off=5_000),
            Example(lines=(Bought("tea", 10_000), Bought("tea", 10_000)), off=5_000),
            Example(lines=(Bought("tea", 10_000), Bought("honey", 40_000))),
        ),
    ),
    Mechanic(
        code="sixth-free",
        title=gettext_noop("Each sixth piece of a receipt free"),
        text=gettext_noop("Who takes six pieces of pastry pays for five."),
        industries=(Industry.COFFEE, Industry.RESTAURANT, Industry.GROCERY),
        rulebook=book(Rule(id="sixth", effects=(FreeUnits(of=6, free=1, lines=within("bakery")),))),
        parameters=(parameter("effects/0/of", gettext_noop("Of how many pieces"), Kind.NUMBER), categories()),
        examples=(
            Example(lines=(Bought("bun", 36_000, ("bakery",), pieces=6),), off=6_000),
            Example(lines=(Bought("bun", 30_000, ("bakery",), pieces=5),)),
        ),
    ),
    Mechanic(
        code="bundle-price",
        title=gettext_noop("A price for a set"),
        text=gettext_noop("A burger, fries and a drink cost 399 together."),
        industries=(Industry.RESTAURANT, Industry.COFFEE, Industry.ELECTRONICS),
        rulebook=book(
            Rule(
                id="lunch",
                effects=(
                    Bundle(
                        parts=(Part(1, within("burgers")), Part(1, within("fries")), Part(1, within("drinks"))),
                        price=39_900,
                    ),
                ),
            )
        ),
        parameters=(
            parameter("effects/0/price", gettext_noop("Price of a set"), Kind.MONEY),
            *[categories(f"effects/0/parts/{part}/lines/rules/0/value") for part in range(3)],
        ),
        examples=(
            Example(lines=(BURGER, FRIES, COLA, CAKE), off=12_100),
            Example(lines=(BURGER, FRIES)),
            Example(
                lines=(Bought("burger", 20_000, ("burgers",)), Bought("fries", 10_000, ("fries",)), COLA), off=2_100
            ),
        ),
    ),
    Mechanic(
        code="three-for-price",
        title=gettext_noop("Any three for one price"),
        text=gettext_noop("Any three pieces of a category cost 500 together, the dearest first."),
        industries=(Industry.FASHION, Industry.GROCERY),
        rulebook=book(Rule(id="three", effects=(Bundle(parts=(Part(3, within("socks")),), price=50_000),))),
        parameters=(
            parameter("effects/0/price", gettext_noop("Price of a set"), Kind.MONEY),
            parameter("effects/0/parts/0/units", gettext_noop("Of how many pieces"), Kind.NUMBER),
            categories("effects/0/parts/0/lines/rules/0/value"),
        ),
        examples=(
            Example(
                lines=(
                    Bought("warm", 60_000, ("socks",), pieces=2),
                    Bought("thin", 40_000, ("socks",), pieces=2),
                ),
                off=30_000,
            ),
            Example(lines=(Bought("warm", 60_000, ("socks",), pieces=2),)),
        ),
    ),
    Mechanic(
        code="piece-markdown",
        title=gettext_noop("So much off each piece"),
        text=gettext_noop("Each piece of these goods costs 20 less."),
        industries=(Industry.GROCERY, Industry.PHARMACY),
        rulebook=book(
            Rule(
                id="markdown",
                effects=(DiscountAmount(amount=2_000, each=Each.UNIT, lines=one("sku", "in", ["tea"])),),
            )
        ),
        parameters=(parameter("effects/0/amount", gettext_noop("How much off"), Kind.MONEY), goods()),
        examples=(
            Example(lines=(Bought("tea", 30_000, pieces=3), CAKE), off=6_000),
            Example(lines=(Bought("tea", 1_500),), off=1_500),
        ),
    ),
    Mechanic(
        code="clearance",
        title=gettext_noop("Clearance, with nothing on top"),
        text=gettext_noop("Goods of the clearance cost half; no other discount is given on their lines."),
        industries=(Industry.FASHION, Industry.ELECTRONICS, Industry.ONLINE),
        rulebook=book(
            Rule(
                id="clearance",
                once_a_line=True,
                priority=10,
                effects=(DiscountPercent(share=5000, lines=within("clothes")),),
            )
        ),
        beside=(Rule(id="ten", effects=(DiscountPercent(share=1000),)),),
        parameters=(share(), categories()),
        examples=(
            Example(lines=(COAT,), off=400_000),
            Example(lines=(COAT, CAKE), off=403_000),
        ),
    ),
)
