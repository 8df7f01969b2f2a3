"""Mechanics that take something off, of the whole basket, and those that only tell."""

from verno.predicate.words import gettext_noop
from verno.promotions.gallery.asking import (
    CAKE,
    COAT,
    LATTE,
    TEA,
    all_of,
    ask,
    book,
    categories,
    goods,
    least,
    one,
    parameter,
    share,
    some,
    within,
)
from verno.promotions.gallery.earning import ALL
from verno.promotions.gallery.types import Bought, Example, Industry, Kind, Mechanic, Parameter, somebody
from verno.rules.effects import (
    DiscountAmount,
    DiscountPercent,
    EmitEvent,
    Gift,
    GiveBadge,
    PrintText,
)
from verno.rules.types import Budget, Caps, Counts, Period, Rule

BASKETS = (
    Mechanic(
        code="spend-get-amount",
        title=gettext_noop("Spend a sum, pay less"),
        text=gettext_noop("500 off a receipt of 3,000 or more."),
        industries=ALL,
        rulebook=book(Rule(id="off", when=one("amount", ">=", 300_000), effects=(DiscountAmount(amount=50_000),))),
        parameters=(parameter("effects/0/amount", gettext_noop("How much off"), Kind.MONEY), least()),
        examples=(
            Example(lines=(COAT, CAKE), off=50_000),
            Example(lines=(Bought("shoes", 299_999),)),
        ),
    ),
    Mechanic(
        code="spend-get-percent",
        title=gettext_noop("Spend a sum, get a per cent off"),
        text=gettext_noop("5 % off a receipt of 5,000 or more, 1,000 at most."),
        industries=ALL,
        rulebook=book(
            Rule(
                id="off",
                when=one("amount", ">=", 500_000),
                effects=(DiscountPercent(share=500, most=100_000),),
            )
        ),
        parameters=(share(), least(), parameter("effects/0/most", gettext_noop("At most"), Kind.MONEY)),
        examples=(
            Example(lines=(COAT,), off=40_000),
            Example(lines=(COAT, COAT, COAT), off=100_000),
            Example(lines=(CAKE,)),
        ),
    ),
    Mechanic(
        code="basket-steps",
        title=gettext_noop("The larger the basket, the larger the discount"),
        text=gettext_noop("3 % off from 3,000, 5 % from 7,000, 7 % from 15,000; the largest counts."),
        industries=(Industry.GROCERY, Industry.FASHION, Industry.ONLINE),
        rulebook=book(
            *[
                Rule(
                    id=f"from-{sum_}",
                    group="steps",
                    when=one("amount", ">=", sum_ * 100),
                    effects=(DiscountPercent(share=share_),),
                )
                for sum_, share_ in ((3_000, 300), (7_000, 500), (15_000, 700))
            ]
        ),
        parameters=tuple(
            Parameter(f"/rules/{number}/{path}", label, kind)
            for number in range(3)
            for path, label, kind in (
                ("when/rules/0/value", gettext_noop("From which sum"), Kind.MONEY),
                ("effects/0/share", gettext_noop("Discount"), Kind.PERCENT),
            )
        ),
        examples=(
            Example(lines=(Bought("shoes", 299_999),)),
            Example(lines=(Bought("shoes", 300_000),), off=9_000),
            Example(lines=(COAT,), off=40_000),
            Example(lines=(COAT, COAT), off=112_000),
        ),
    ),
    Mechanic(
        code="payment-discount",
        title=gettext_noop("A discount for a payment method"),
        text=gettext_noop("3 % off when paid by fast payment."),
        industries=ALL,
        rulebook=book(Rule(id="sbp", when=one("payment", "hasAny", ["sbp"]), effects=(DiscountPercent(share=300),))),
        parameters=(share(), parameter("when/rules/0/value", gettext_noop("Which payment methods"), Kind.CODES)),
        examples=(
            Example(lines=(CAKE,), payments=("sbp",), off=900),
            Example(lines=(CAKE,)),
        ),
    ),
    Mechanic(
        code="best-of-two",
        title=gettext_noop("The better of two offers"),
        text=gettext_noop("10 % off everything or 25 % off coffee: whichever gives the member more."),
        industries=(Industry.COFFEE, Industry.RESTAURANT, Industry.GROCERY),
        rulebook=book(
            Rule(id="everything", group="offers", effects=(DiscountPercent(share=1000),)),
            Rule(id="coffee", group="offers", effects=(DiscountPercent(share=2500, lines=within("coffee")),)),
        ),
        parameters=(
            share(),
            Parameter("/rules/1/effects/0/share", gettext_noop("Discount"), Kind.PERCENT),
            Parameter("/rules/1/effects/0/lines/rules/0/value", gettext_noop("Which categories"), Kind.CATEGORIES),
        ),
        examples=(
            Example(lines=(LATTE, TEA), off=5_000),
            Example(lines=(LATTE, CAKE, TEA), off=6_000),
        ),
    ),
    Mechanic(
        code="minimum-margin",
        title=gettext_noop("Never below a margin"),
        text=gettext_noop(
            "Whatever discounts there are: goods whose cost is known are sold at 10 % above it at least."
        ),
        industries=(Industry.ELECTRONICS, Industry.GROCERY, Industry.ONLINE),
        rulebook=book(
            Rule(id="sale", effects=(DiscountPercent(share=3000),)),
            caps=Caps(margin=1000),
        ),
        parameters=(
            Parameter("/caps/margin", gettext_noop("Least margin"), Kind.PERCENT),
            share(),
        ),
        examples=(
            Example(lines=(Bought("phone", 1_000_000, cost=800_000),), off=120_000),
            Example(lines=(Bought("case", 100_000, cost=20_000),), off=30_000),
            Example(lines=(Bought("delivery", 30_000),), off=9_000),
        ),
    ),
    Mechanic(
        code="discount-limit",
        title=gettext_noop("No more than so much off"),
        text=gettext_noop("All discounts together take at most 30 % off a receipt."),
        industries=ALL,
        rulebook=book(
            Rule(id="tea", effects=(DiscountPercent(share=5000, lines=within("food", "tea")),)),
            caps=Caps(receipt=3000),
        ),
        parameters=(Parameter("/caps/receipt", gettext_noop("At most"), Kind.PERCENT), share(), categories()),
        examples=(
            Example(lines=(TEA,), off=3_000),
            Example(lines=(TEA, CAKE), off=5_000),
        ),
    ),
    Mechanic(
        code="gift",
        title=gettext_noop("A gift with a purchase"),
        text=gettext_noop("From 5,000 a bag is given: taken off when it is scanned, told to the till otherwise."),
        industries=(Industry.FASHION, Industry.PHARMACY, Industry.ONLINE),
        rulebook=book(
            Rule(
                id="gift",
                when=one("amount", ">=", 500_000),
                effects=(
                    Gift(sku="bag"),
                    PrintText(text={"en": "A bag for you!", "ru": "Сумка вам в подарок!"}),
                ),
            )
        ),
        parameters=(
            goods("effects/0/sku"),
            least(),
            parameter("effects/1/text", gettext_noop("Text on the slip"), Kind.TEXTS),
        ),
        examples=(
            Example(lines=(COAT, Bought("bag", 30_000)), off=30_000, told=("gift bag", "print_text")),
            Example(lines=(COAT,), told=("gift bag", "print_text")),
            Example(lines=(CAKE, Bought("bag", 30_000))),
        ),
    ),
    Mechanic(
        code="gift-for-goods",
        title=gettext_noop("A cup with the coffee machine"),
        text=gettext_noop("Who buys a coffee machine gets two cups."),
        industries=(Industry.ELECTRONICS, Industry.COFFEE),
        rulebook=book(
            Rule(
                id="cups",
                when=all_of(some(one("sku", "in", ["machine"]))),
                effects=(Gift(sku="cup", units=2),),
            )
        ),
        parameters=(
            goods("effects/0/sku"),
            parameter("effects/0/units", gettext_noop("How many are free"), Kind.NUMBER),
            goods("when/rules/0/value/rules/0/value"),
        ),
        examples=(
            Example(
                lines=(Bought("machine", 2_000_000), Bought("cup", 60_000, pieces=3)),
                off=40_000,
                told=("gift cup",),
            ),
            Example(lines=(Bought("cup", 60_000, pieces=3),)),
        ),
    ),
)

TELLING = (
    Mechanic(
        code="slip-text",
        title=gettext_noop("A text on the slip"),
        text=gettext_noop("Receipts of 1,000 or more end with an invitation."),
        industries=ALL,
        rulebook=book(
            Rule(
                id="slip",
                when=one("amount", ">=", 100_000),
                effects=(
                    PrintText(
                        text={
                            "en": "Come on Saturday: twice the points on tea.",
                            "ru": "Приходите в субботу: за чай вдвое больше баллов.",
                        }
                    ),
                ),
            )
        ),
        parameters=(parameter("effects/0/text", gettext_noop("Text on the slip"), Kind.TEXTS), least()),
        examples=(
            Example(lines=(COAT,), told=("print_text",)),
            Example(lines=(CAKE,)),
        ),
    ),
    Mechanic(
        code="journey-event",
        title=gettext_noop("An event for a journey"),
        text=gettext_noop("Who buys a pram starts the journey for young parents."),
        industries=(Industry.ONLINE, Industry.PHARMACY, Industry.ELECTRONICS),
        rulebook=book(
            Rule(
                id="pram",
                when=all_of(ask("member.known", "=", True), some(within("prams"))),
                effects=(EmitEvent(name="bought_pram"),),
            )
        ),
        parameters=(
            parameter("effects/0/name", gettext_noop("Name of the event"), Kind.CODES),
            categories("when/rules/1/value/rules/0/value"),
        ),
        examples=(
            Example(
                lines=(Bought("pram", 3_000_000, ("prams", "city")),),
                member=somebody(),
                told=("emit_event bought_pram",),
            ),
            Example(lines=(Bought("pram", 3_000_000, ("prams", "city")),)),
        ),
    ),
    Mechanic(
        code="interest-badge",
        title=gettext_noop("A badge for what somebody likes"),
        text=gettext_noop("Who buys three pieces of tea or more wears the tea lover's badge for a year."),
        industries=(Industry.GROCERY, Industry.ONLINE),
        rulebook=book(
            Rule(
                id="tea-lover",
                when=all_of(
                    {
                        "field": "lines",
                        "match": {"mode": "sum", "of": "quantity", "operator": ">=", "threshold": 3_000},
                        "value": within("food", "tea"),
                    }
                ),
                effects=(GiveBadge(badge="tea-lover", days=365),),
            )
        ),
        parameters=(
            parameter("effects/0/badge", gettext_noop("Which badge"), Kind.CODES),
            parameter("effects/0/days", gettext_noop("For how many days"), Kind.DAYS),
            categories("when/rules/0/value/rules/0/value"),
        ),
        examples=(
            Example(lines=(TEA, TEA, TEA), member=somebody(), told=("give_badge tea-lover",)),
            Example(lines=(TEA, TEA), member=somebody()),
        ),
    ),
    Mechanic(
        code="monthly-discount",
        title=gettext_noop("A discount with a budget"),
        text=gettext_noop("5 % off for members, until the month's budget of 100,000 is spent, once a week each."),
        industries=ALL,
        rulebook=book(
            Rule(
                id="budget",
                when=one("member.known", "=", True),
                effects=(DiscountPercent(share=500),),
                budgets=(
                    Budget(Counts.MONEY, 10_000_000, period=Period.MONTH),
                    Budget(Counts.USES, 1, each_member=True, period=Period.WEEK),
                ),
            )
        ),
        parameters=(
            share(),
            parameter("budgets/0/most", gettext_noop("Budget of a month"), Kind.MONEY),
            parameter("budgets/1/most", gettext_noop("How often a week"), Kind.NUMBER),
        ),
        examples=(Example(lines=(CAKE,), member=somebody(), off=1_500), Example(lines=(CAKE,))),
    ),
)

MECHANICS = BASKETS + TELLING
