"""What large providers would miss of the domain that letters come from."""

from collections.abc import Mapping, Sequence

import pytest

from verno.messaging.channels.email import domain
from verno.messaging.channels.email.domain import Flaw, Found

SPF, DMARC, KEY = ("v=spf1 -all",), ("v=DMARC1; p=reject",), ("v=DKIM1; p=MIIB",)
POLICY, SIGNED = "_dmarc.shop.ru", "verno._domainkey.shop.ru"


def look(
    told: Mapping[str, tuple[str, ...] | None],
    *,
    sender: str = "shop.ru",
    returns: str = "shop.ru",
    selector: str | None = "verno",
) -> list[Found]:
    def ask(names: Sequence[str]) -> dict[str, tuple[str, ...] | None]:
        return {name: told.get(name, ()) for name in names}

    return domain.look(sender, returns, selector, ask=ask)


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({"shop.ru": SPF, POLICY: DMARC, SIGNED: KEY}, []),
        ({POLICY: DMARC, SIGNED: KEY}, [Found(Flaw.NO_SPF, "shop.ru")]),
        ({"shop.ru": SPF, POLICY: DMARC}, [Found(Flaw.NO_DKIM, SIGNED)]),
        ({POLICY: DMARC}, [Found(Flaw.NO_SPF, "shop.ru", True), Found(Flaw.NO_DKIM, SIGNED, True)]),
        ({"shop.ru": SPF, SIGNED: KEY}, [Found(Flaw.NO_DMARC, POLICY, True)]),
        ({"shop.ru": SPF, POLICY: None, SIGNED: KEY}, [Found(Flaw.NOT_CHECKED, POLICY)]),
        ({"shop.ru": ("google-site-verification=1",), POLICY: DMARC, SIGNED: KEY}, [Found(Flaw.NO_SPF, "shop.ru")]),
    ],
    ids=["all", "signed", "spf", "neither", "no-policy", "silence", "other-text"],
)
def test_what_stands_in_dns(told: Mapping[str, tuple[str, ...] | None], found: list[Found]) -> None:
    assert look(told) == found


def test_who_signs_where_we_do_not_is_the_relays_business() -> None:
    assert look({POLICY: DMARC}, selector=None) == [
        Found(Flaw.NO_SPF, "shop.ru"),
        Found(Flaw.NO_KEY, "VERNO_DKIM_KEY"),
    ]


def test_a_policy_may_stand_above_and_a_return_path_below() -> None:
    told = {"back.news.shop.ru": SPF, POLICY: DMARC, "verno._domainkey.news.shop.ru": KEY}
    assert look(told, sender="news.shop.ru", returns="back.news.shop.ru") == []


def test_spf_of_a_foreign_return_path_does_not_count() -> None:
    told = {"bounces.other.ru": SPF, POLICY: DMARC, SIGNED: KEY}
    assert look(told, returns="bounces.other.ru") == [Found(Flaw.NO_SPF, "VERNO_BOUNCE_ADDRESS")]


@pytest.mark.parametrize(
    "sender", ["Shop <a@shop.example>", "points@localhost", "a@mail.example.com", "a@shop.test", "nobody"]
)
def test_a_placeholder_asks_nobody(sender: str) -> None:
    name = domain.domain(sender)
    assert domain.look(name, name, None, ask=lambda _: pytest.fail("was asked")) == [Found(Flaw.RESERVED, name)]
