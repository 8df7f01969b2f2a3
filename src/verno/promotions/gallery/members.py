"""Mechanics for some members, and at some times."""

from datetime import date

from verno.predicate.words import gettext_noop
from verno.progress.types import Achievement, Beat, Lifetime, Metric, Rolling, StampCard, Step, Streak, Track
from verno.promotions.gallery.asking import (
    BASE,
    CAKE,
    COAT,
    LATTE,
    TEA,
    TIERS,
    all_of,
    ask,
    book,
    categories,
    goods,
    least,
    one,
    parameter,
    rate,
    share,
    times,
    within,
)
from verno.promotions.gallery.earning import ALL, twice
from verno.promotions.gallery.types import Bought, Example, Industry, Kind, Mechanic, somebody
from verno.rules.effects import (
    DiscountPercent,
    EarnFixed,
    EarnPercent,
    EmitEvent,
    ExtendExpiry,
    FixedPrice,
    FreeUnits,
    GiveBadge,
    PrintText,
    Rates,
    SetTier,
)
from verno.rules.types import Budget, Counts, Period, Rule

BORN = somebody(born=date(1990, 11, 28))
ONCE = (Budget(Counts.USES, 1, each_member=True),)
YEARLY = (Budget(Counts.USES, 1, each_member=True, period=Period.YEAR),)
MONTHLY = (Budget(Counts.USES, 1, each_member=True, period=Period.MONTH),)

TIMES = (
    Mechanic(
        code="happy-hours",
        title=gettext_noop("Happy hours"),
        text=gettext_noop("On working days from 15:00 until 18:00 there are twice the points, and the slip says so."),
        industries=(Industry.COFFEE, Industry.RESTAURANT, Industry.SERVICES),
        rulebook=book(
            Rule(
                id="happy",
                when=all_of(ask("weekday", "in", [1, 2, 3, 4, 5]), ask("time", "between", ["15:00", "18:00"])),
                effects=(
                    *twice("happy").effects,
                    PrintText(text={"en": "Happy hours: twice the points!", "ru": "Счастливые часы: баллы вдвойне!"}),
                ),
            )
        ),
        beside=(BASE,),
        parameters=(
            times(),
            parameter("when/rules/0/value", gettext_noop("On which days"), Kind.WEEKDAYS),
            parameter("when/rules/1/value", gettext_noop("From and until when"), Kind.HOURS),
            parameter("effects/1/text", gettext_noop("Text on the slip"), Kind.TEXTS),
        ),
        examples=(
            Example(lines=(LATTE,), at="2026-11-26T15:00", points={"points": 20}, told=("print_text",)),
            Example(lines=(LATTE,), at="2026-11-26T18:00", points={"points": 10}),
            Example(lines=(LATTE,), at="2026-11-28T15:00", points={"points": 10}),
        ),
    ),
    Mechanic(
        code="night-discount",
        title=gettext_noop("Evening discount on some days"),
        text=gettext_noop("From Monday to Thursday everything costs 15 % less from 21:00 until 02:00."),
        industries=(Industry.RESTAURANT, Industry.GROCERY, Industry.COFFEE),
        rulebook=book(
            Rule(
                id="night",
                when=all_of(ask("weekday", "in", [1, 2, 3, 4]), ask("time", "between", ["21:00", "02:00"])),
                effects=(DiscountPercent(share=1500),),
            )
        ),
        parameters=(
            share(),
            parameter("when/rules/0/value", gettext_noop("On which days"), Kind.WEEKDAYS),
            parameter("when/rules/1/value", gettext_noop("From and until when"), Kind.HOURS),
        ),
        examples=(
            Example(lines=(CAKE,), at="2026-11-26T21:00", off=4_500),
            Example(lines=(CAKE,), at="2026-11-26T01:59", off=4_500),
            Example(lines=(CAKE,), at="2026-11-27T21:00"),
        ),
    ),
    Mechanic(
        code="weekend-basket",
        title=gettext_noop("Family basket at the weekend"),
        text=gettext_noop("On Saturday and Sunday 7 % off from 3,000, with five lines of food or more."),
        industries=(Industry.GROCERY,),
        rulebook=book(
            Rule(
                id="family",
                when=all_of(
                    ask("weekday", "in", [6, 7]),
                    ask("amount", ">=", 300_000),
                    {"field": "lines", "match": {"mode": "atLeast", "threshold": 5}, "value": within("food")},
                ),
                effects=(DiscountPercent(share=700),),
            )
        ),
        parameters=(
            share(),
            least(1),
            parameter("when/rules/0/value", gettext_noop("On which days"), Kind.WEEKDAYS),
            parameter("when/rules/2/match/threshold", gettext_noop("How many lines"), Kind.NUMBER),
            categories("when/rules/2/value/rules/0/value"),
        ),
        examples=(
            Example(lines=(Bought("meat", 260_000, ("food",)), *[TEA] * 4), at="2026-11-28T12:00", off=21_000),
            Example(lines=(Bought("meat", 300_000, ("food",)), *[TEA] * 3), at="2026-11-28T12:00"),
            Example(lines=(Bought("meat", 260_000, ("food",)), *[TEA] * 4), at="2026-11-27T12:00"),
        ),
    ),
    Mechanic(
        code="birthday-week",
        title=gettext_noop("Birthday week"),
        text=gettext_noop("Three days before and after the birthday there are twice the points."),
        industries=ALL,
        rulebook=book(twice("birthday", when=one("member.birth_date", "anniversaryWithin", 3))),
        beside=(BASE,),
        parameters=(
            times(),
            parameter("when/rules/0/value", gettext_noop("Days before and after"), Kind.DAYS),
        ),
        examples=(
            Example(lines=(CAKE,), member=BORN, points={"points": 30}),
            Example(lines=(CAKE,), member=BORN, at="2026-12-01T23:59", points={"points": 30}),
            Example(lines=(CAKE,), member=BORN, at="2026-12-02T00:00", points={"points": 15}),
            Example(lines=(CAKE,), member=somebody(), points={"points": 15}),
        ),
    ),
    Mechanic(
        code="birthday-gift",
        title=gettext_noop("Points for the birthday"),
        text=gettext_noop("500 points with the first purchase around the birthday, once a year."),
        industries=ALL,
        rulebook=book(
            Rule(
                id="birthday-gift",
                when=one("member.birth_date", "anniversaryWithin", 7),
                effects=(EarnFixed(unit="points", points=500),),
                budgets=YEARLY,
            )
        ),
        parameters=(
            parameter("effects/0/points", gettext_noop("How many points"), Kind.POINTS),
            parameter("when/rules/0/value", gettext_noop("Days before and after"), Kind.DAYS),
        ),
        examples=(
            Example(lines=(LATTE,), member=BORN, points={"points": 500}),
            Example(lines=(LATTE,), member=BORN, at="2026-11-20T12:00"),
        ),
    ),
    Mechanic(
        code="joined-anniversary",
        title=gettext_noop("A year with us"),
        text=gettext_noop("200 points on the anniversary of joining, not on the day itself."),
        industries=ALL,
        rulebook=book(
            Rule(
                id="anniversary",
                when=all_of(ask("member.joined", "anniversaryWithin", 0), ask("member.joined", "notWithinLast", 30)),
                effects=(EarnFixed(unit="points", points=200),),
                budgets=YEARLY,
            )
        ),
        parameters=(parameter("effects/0/points", gettext_noop("How many points"), Kind.POINTS),),
        examples=(
            Example(lines=(LATTE,), member=somebody(joined=date(2024, 11, 26)), points={"points": 200}),
            Example(lines=(LATTE,), member=somebody(joined=date(2026, 11, 26))),
        ),
    ),
)

VISITS = Track(
    code="visits",
    metric=Metric.VISITS,
    window=Lifetime(),
    settings=Achievement(),
    steps=(Step(code="first", threshold=1, names={"en": "First purchase", "ru": "Первая покупка"}),),
    names={"en": "Visits", "ru": "Покупки"},
)
RECENT = Track(
    code="visits_60_days",
    metric=Metric.VISITS,
    window=Rolling(60),
    settings=Achievement(),
    steps=(Step(code="first", threshold=1, names={"en": "Was here", "ru": "Был с покупкой"}),),
    names={"en": "Visits in 60 days", "ru": "Покупки за 60 дней"},
)
WEEKS = Track(
    code="weeks",
    metric=Metric.VISITS,
    window=Lifetime(),
    settings=Streak(of=Beat.WEEK, grace_days=3),
    steps=(Step(code="four", threshold=4, names={"en": "Four weeks", "ru": "Четыре недели"}),),
    names={"en": "Weeks in a row", "ru": "Недели подряд"},
)
COFFEE_CARD = Track(
    code="coffee_card",
    metric=Metric.UNITS,
    window=Lifetime(),
    settings=StampCard(),
    lines=within("coffee"),
    steps=(Step(code="full", threshold=6, names={"en": "Full card", "ru": "Полная карта"}),),
    names={"en": "Coffee card", "ru": "Кофейная карта"},
)

WHO = (
    Mechanic(
        code="first-purchase",
        title=gettext_noop("First purchase"),
        text=gettext_noop("10 % off the first purchase of a member, 1,000 at most."),
        industries=ALL,
        rulebook=book(
            Rule(
                id="first",
                when=all_of(ask("progress.visits", "=", 0), ask("member.badges", "hasNone", ["returned"])),
                effects=(DiscountPercent(share=1000, most=100_000),),
                budgets=ONCE,
            )
        ),
        needs=(VISITS,),
        parameters=(share(), parameter("effects/0/most", gettext_noop("At most"), Kind.MONEY)),
        examples=(
            Example(lines=(CAKE,), member=somebody(progress={"visits": 0}), off=3_000),
            Example(lines=(COAT, COAT), member=somebody(progress={"visits": 0}), off=100_000),
            Example(lines=(CAKE,), member=somebody(progress={"visits": 0}, badges=("returned",))),
            Example(lines=(CAKE,), member=somebody(progress={"visits": 1})),
            Example(lines=(CAKE,)),
        ),
    ),
    Mechanic(
        code="win-back",
        title=gettext_noop("We have missed you"),
        text=gettext_noop(
            "Who was not here for 60 days gets three times as many points, once a month, and journeys hear of it."
        ),
        industries=ALL,
        rulebook=book(
            Rule(
                id="win-back",
                when=all_of(ask("progress.visits", ">=", 1), ask("progress.visits_60_days", "=", 0)),
                effects=(*twice("win-back", by=300).effects, EmitEvent(name="came_back")),
                budgets=MONTHLY,
            )
        ),
        beside=(BASE,),
        needs=(VISITS, RECENT),
        parameters=(times(),),
        examples=(
            Example(
                lines=(CAKE,),
                member=somebody(progress={"visits": 7, "visits_60_days": 0}),
                points={"points": 45},
                told=("emit_event came_back",),
            ),
            Example(lines=(CAKE,), member=somebody(progress={"visits": 7, "visits_60_days": 1}), points={"points": 15}),
            Example(lines=(CAKE,), member=somebody(progress={"visits": 0}), points={"points": 15}),
        ),
    ),
    Mechanic(
        code="nth-coffee",
        title=gettext_noop("Every sixth coffee free"),
        text=gettext_noop("Each coffee gives a stamp, and each sixth costs nothing, whatever receipts they are on."),
        industries=(Industry.COFFEE, Industry.RESTAURANT),
        rulebook=book(
            Rule(
                id="sixth-coffee",
                when=one("member.known", "=", True),
                effects=(FreeUnits(of=6, free=1, card="coffee_card", lines=within("coffee")),),
            ),
        ),
        needs=(COFFEE_CARD,),
        parameters=(parameter("effects/0/of", gettext_noop("Of how many pieces"), Kind.NUMBER), categories()),
        examples=(
            Example(lines=(LATTE, CAKE), member=somebody(progress={"coffee_card": 4})),
            Example(lines=(LATTE,), member=somebody(progress={"coffee_card": 5}), off=20_000),
            Example(
                lines=(LATTE, Bought("raf", 25_000, ("coffee",))),
                member=somebody(progress={"coffee_card": 4}),
                off=20_000,
            ),
            Example(lines=(Bought("latte", 240_000, ("coffee",), pieces=12),), off=40_000, member=somebody()),
            Example(lines=(Bought("latte", 240_000, ("coffee",), pieces=12),)),
        ),
    ),
    Mechanic(
        code="weekly-streak",
        title=gettext_noop("Weeks in a row"),
        text=gettext_noop("From the fourth week in a row with a purchase there is half as much again."),
        industries=(Industry.COFFEE, Industry.GROCERY, Industry.SERVICES),
        rulebook=book(twice("streak", when=one("progress.weeks", ">=", 4), by=150)),
        beside=(BASE,),
        needs=(WEEKS,),
        parameters=(times(), parameter("when/rules/0/value", gettext_noop("From which week"), Kind.NUMBER)),
        examples=(
            Example(lines=(LATTE,), member=somebody(progress={"weeks": 4}), points={"points": 15}),
            Example(lines=(LATTE,), member=somebody(progress={"weeks": 3}), points={"points": 10}),
        ),
    ),
    Mechanic(
        code="personal-offer",
        title=gettext_noop("Personal offer"),
        text=gettext_noop("Who has the badge of the offer pays 20 % less for a category, once."),
        industries=ALL,
        rulebook=book(
            Rule(
                id="offer",
                when=one("member.badges", "hasAny", ["offer-tea"]),
                effects=(DiscountPercent(share=2000, lines=within("food", "tea")),),
                budgets=ONCE,
            )
        ),
        parameters=(
            share(),
            categories(),
            parameter("when/rules/0/value", gettext_noop("Which badges"), Kind.CODES),
        ),
        examples=(
            Example(lines=(TEA, CAKE), member=somebody(badges=("offer-tea",)), off=2_000),
            Example(lines=(TEA, CAKE), member=somebody()),
        ),
    ),
    Mechanic(
        code="staff-excluded",
        title=gettext_noop("No points for the staff"),
        text=gettext_noop("Members with the staff's badge get no points; everybody else 5 %."),
        industries=ALL,
        rulebook=book(
            Rule(
                id="guests",
                when=one("member.badges", "hasNone", ["staff"]),
                effects=(EarnPercent(unit="points", rate=500),),
            )
        ),
        parameters=(rate(), parameter("when/rules/0/value", gettext_noop("Which badges"), Kind.CODES)),
        examples=(
            Example(lines=(CAKE,), member=somebody(), points={"points": 15}),
            Example(lines=(CAKE,), member=somebody(badges=("staff",))),
        ),
    ),
    Mechanic(
        code="member-price",
        title=gettext_noop("A price for members"),
        text=gettext_noop("Members get some goods at a fixed price for one."),
        industries=(Industry.GROCERY, Industry.COFFEE, Industry.PHARMACY),
        rulebook=book(
            Rule(
                id="member-price",
                when=one("member.known", "=", True),
                effects=(FixedPrice(price=14_900, lines=one("sku", "in", ["latte"])),),
            )
        ),
        parameters=(parameter("effects/0/price", gettext_noop("Price for one"), Kind.MONEY), goods()),
        examples=(
            Example(lines=(LATTE, CAKE), member=somebody(), off=5_100),
            Example(lines=(Bought("latte", 40_000, ("coffee",), pieces=2),), member=somebody(), off=10_200),
            Example(lines=(LATTE,)),
            Example(lines=(Bought("latte", 12_000),), member=somebody()),
        ),
    ),
    Mechanic(
        code="tier-discount",
        title=gettext_noop("A discount by tier"),
        text=gettext_noop("1 % off for everybody with a card, 3 % for silver members, 7 % for gold ones."),
        industries=ALL,
        rulebook=book(
            Rule(
                id="tier-discount",
                when=one("member.known", "=", True),
                effects=(DiscountPercent(share=100, by=Rates("tiers.main", {"silver": 300, "gold": 700})),),
            )
        ),
        needs=(TIERS,),
        parameters=(share(), parameter("effects/0/by/rates", gettext_noop("Per cents of the tiers"), Kind.TABLE)),
        examples=(
            Example(lines=(CAKE,), member=somebody(), off=300),
            Example(lines=(CAKE,), member=somebody(tier="gold"), off=2_100),
            Example(lines=(CAKE,)),
        ),
    ),
    Mechanic(
        code="welcome-badge",
        title=gettext_noop("Badge for newcomers"),
        text=gettext_noop("Who buys within a week of joining wears the newcomer's badge for 30 days."),
        industries=ALL,
        rulebook=book(
            Rule(
                id="welcome",
                when=all_of(ask("member.joined", "withinLast", 7), ask("member.badges", "hasNone", ["returned"])),
                effects=(
                    GiveBadge(badge="newcomer", days=30),
                    PrintText(text={"en": "Welcome!", "ru": "Добро пожаловать!"}),
                ),
            )
        ),
        parameters=(
            parameter("effects/0/badge", gettext_noop("Which badge"), Kind.CODES),
            parameter("effects/0/days", gettext_noop("For how many days"), Kind.DAYS),
            parameter("when/rules/0/value", gettext_noop("Days since joining"), Kind.DAYS),
            parameter("effects/1/text", gettext_noop("Text on the slip"), Kind.TEXTS),
        ),
        examples=(
            Example(
                lines=(LATTE,),
                member=somebody(joined=date(2026, 11, 20)),
                told=("give_badge newcomer", "print_text"),
            ),
            Example(lines=(LATTE,), member=somebody(joined=date(2026, 11, 19))),
            Example(lines=(LATTE,), member=somebody(joined=date(2026, 11, 20), badges=("returned",))),
        ),
    ),
    Mechanic(
        code="points-live-longer",
        title=gettext_noop("Points live longer"),
        text=gettext_noop(
            "Whoever buys in May keeps the points that would end within 30 days for 60 days more; a return undoes it."
        ),
        industries=ALL,
        rulebook=book(
            Rule(
                id="longer",
                when=all_of(
                    ask("date", "between", ["2026-05-01", "2026-05-31"]),
                    ask("member.known", "=", True),
                    ask("paid", ">=", 100_000),
                ),
                effects=(ExtendExpiry(unit="points", within=30, days=60),),
            )
        ),
        parameters=(
            parameter("when/rules/0/value", gettext_noop("From and through which day"), Kind.DATES),
            least(2),
            parameter("effects/0/within", gettext_noop("Points that end within so many days"), Kind.DAYS),
            parameter("effects/0/days", gettext_noop("Live longer by so many days"), Kind.DAYS),
        ),
        examples=(
            Example(lines=(COAT,), at="2026-05-31T23:00", member=somebody(), told=("extend_expiry",)),
            Example(lines=(COAT,), at="2026-06-01T10:00", member=somebody()),
            Example(lines=(LATTE,), at="2026-05-31T23:00", member=somebody()),
        ),
    ),
    Mechanic(
        code="tier-on-trial",
        title=gettext_noop("A tier on trial"),
        text=gettext_noop("Who pays 10,000 at once is gold for 30 days; nobody is brought down by it."),
        industries=(Industry.FASHION, Industry.ELECTRONICS, Industry.SERVICES),
        rulebook=book(
            Rule(
                id="trial",
                when=one("paid", ">=", 1_000_000),
                effects=(SetTier(track="main", step="gold", days=30),),
            )
        ),
        needs=(TIERS,),
        parameters=(
            least(),
            parameter("effects/0/step", gettext_noop("Which tier"), Kind.CODES),
            parameter("effects/0/days", gettext_noop("For how many days"), Kind.DAYS),
        ),
        examples=(
            Example(lines=(COAT, COAT), member=somebody(), told=("set_tier main/gold",)),
            Example(lines=(COAT,), member=somebody()),
        ),
    ),
)

MECHANICS = TIMES + WHO
