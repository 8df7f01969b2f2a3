"""The kill switch: a paused rule acts nowhere, also where the book is plain, and what it gave is taken back rightly."""

import subprocess
import sys
import time
from datetime import timedelta

import psycopg
import pytest

from tests.builders import BEGINNING, NOW, make_shop
from tests.intake.conftest import Counter
from tests.intake.test_rulebooks import BASE, asks, bought, earned, publish
from tests.intake.tillwork import VOUCHED, back, have, points, quoted, refused, said, sale, sold, step
from verno.intake import context
from verno.intake.quoting import service as quoting
from verno.intake.steps.types import Claim
from verno.kit import db
from verno.members import service as members
from verno.members.types import NewMember
from verno.promotions import service as promotions
from verno.promotions.types import NotPublished, Paused, Refused
from verno.rules.effects import DiscountPercent, Earn
from verno.rules.types import Rule, Rulebook
from verno.workspace import queries as workspace
from verno.workspace.audit import SYSTEM

pytestmark = pytest.mark.usefixtures("honest")

EXTRA = Rule(id="extra", promotion="spring", effects=(Earn("points", 1, 1000),))


def pause(conn: psycopg.Connection, counter: Counter, kind: Paused, code: str) -> bool | Refused:
    done = promotions.pause(conn, counter.program.id, kind, code, by=SYSTEM, now=NOW)
    context.forget()
    return done


def resume(conn: psycopg.Connection, counter: Counter, kind: Paused, code: str) -> bool:
    done = promotions.resume(conn, counter.program.id, kind, code, by=SYSTEM, now=NOW)
    context.forget()
    return done


@pytest.mark.parametrize(("kind", "code"), [(Paused.RULE, "extra"), (Paused.PROMOTION, "spring")])
@pytest.mark.parametrize("plain", [True, False], ids=["plain", "with conditions"])
def test_a_paused_rule_does_not_act_until_it_is_resumed(
    conn: psycopg.Connection, counter: Counter, kind: Paused, code: str, *, plain: bool
) -> None:
    more = () if plain else (Rule(id="large", when=asks("amount", ">=", 10**9), effects=(Earn("points", 1, 50),)),)
    book = publish(conn, counter, BASE, EXTRA, *more)
    assert context.of(conn, counter.program.id).ready(book).plain is plain
    assert earned(sold(conn, counter, sale("S-0"))) == 450 + 45
    assert (pause(conn, counter, kind, code), pause(conn, counter, kind, code)) == (True, False)
    assert earned(sold(conn, counter, sale("S-1"))) == 450
    answer = quoting.quote(conn, context.of(conn, counter.program.id), sale("S-9"), now=NOW, everything=True)
    assert isinstance(answer, bytes)
    assert b"0: the rule is paused" in answer
    assert (resume(conn, counter, kind, code), resume(conn, counter, kind, code)) == (True, False)
    assert earned(sold(conn, counter, sale("S-2"))) == 450 + 45
    # What was sold meanwhile is judged as it was then: half of it goes back, and nothing that was not given.
    assert points(back(conn, counter, "R-1", (1, "1")))[0] == 225
    assert points(back(conn, counter, "R-2"))[0] == 225


def test_what_was_given_before_the_pause_is_taken_back_whole(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, EXTRA)
    sold(conn, counter, sale("S-1"))
    pause(conn, counter, Paused.RULE, "extra")
    assert points(back(conn, counter, "R-1", (1, "1")))[0] == 495 - 225 - 22
    assert points(back(conn, counter, "R-2"))[0] == 225 + 22
    assert have(conn, counter).available == 0


def test_a_quote_of_a_rule_that_was_paused_since_is_stale(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, Rule(id="tenth", effects=(DiscountPercent(share=1000),)))
    quote = quoted(conn, counter, sale("S-1", 30000))
    assert isinstance(quote, dict)
    assert quote["to_pay"] == 27000
    pause(conn, counter, Paused.RULE, "tenth")
    assert refused(conn, counter, sale("S-1", 30000, quote=str(quote["quote"]))) == "stale-quote"
    assert bought(conn, counter, sale("S-1", 30000))["to_pay"] == 30000


def test_a_claim_earns_nothing_by_a_rule_that_is_paused(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, EXTRA)
    members.upsert(conn, counter.program, [NewMember(external_id="m-1")], now=NOW)
    for number in ("S-1", "S-2"):
        sold(conn, counter, sale(number, member=None))
    pause(conn, counter, Paused.RULE, "extra")
    assert earned(said(step(conn, counter, "msk-1~~S-1", Claim(VOUCHED)))) == 450
    resume(conn, counter, Paused.RULE, "extra")
    assert points(back(conn, counter, "R-1"))[0] == 450
    assert earned(said(step(conn, counter, "msk-1~~S-2", Claim(VOUCHED)))) == 495


def test_only_what_is_there_is_paused(conn: psycopg.Connection, counter: Counter) -> None:
    publish(conn, counter, BASE, EXTRA)
    for kind, code in ((Paused.RULE, "spring"), (Paused.PROMOTION, "extra"), (Paused.RULE, "gone")):
        done = pause(conn, counter, kind, code)
        assert isinstance(done, Refused)
        assert done.reason == "unknown-rule"
    assert earned(sold(conn, counter, sale("S-1"))) == 495


def test_what_was_withdrawn_judges_nobody_and_keeps_its_receipts(conn: psycopg.Connection, counter: Counter) -> None:
    """A till's clock runs ahead: its receipt falls under what was to hold tomorrow, until that is withdrawn."""
    program, tomorrow = counter.program.id, NOW + timedelta(hours=20)
    units = workspace.units(conn, program)
    done = promotions.publish(
        conn, program, publish(conn, counter, BASE, EXTRA).rulebook, units=units, effective_from=tomorrow, now=NOW
    )
    assert not isinstance(done, NotPublished)
    doubled = Rule(id="base", effects=(Earn("points", 2, 100),))
    soon = promotions.publish(
        conn,
        program,
        Rulebook((doubled,)),
        units=units,
        effective_from=NOW + timedelta(hours=1),
        now=NOW,
    )
    assert not isinstance(soon, NotPublished)
    context.forget()
    ahead = NOW + timedelta(hours=2)
    assert earned(sold(conn, counter, sale("S-1", at=ahead))) == 900
    promotions.withdraw(conn, program, soon.version, by=SYSTEM, now=NOW)
    context.forget()
    assert earned(sold(conn, counter, sale("S-2", at=ahead))) == 495
    assert points(back(conn, counter, "R-1", (1, "1")))[0] == 450, "by the rules that it was sold by"


SELLER = """
import sys, time
from datetime import datetime
import django
django.setup()
from verno.intake import context
from verno.kit import db
program = sys.argv[1]
print("ready", flush=True)
while True:
    with db.transaction(program) as conn:
        about = context.of(conn, program)
    if about.paused(about.rulebooks[0]) == frozenset({"extra"}):
        print(time.time(), flush=True)
        break
    time.sleep(0.01)
"""


def test_the_switch_acts_in_every_process_within_two_seconds(database: str) -> None:
    with db.transaction() as conn:
        shop = make_shop(conn)
        db.enter(conn, shop.program.id)
        rules = Rulebook((BASE, EXTRA))
        promotions.publish(conn, shop.program.id, rules, units=[shop.unit], effective_from=BEGINNING, now=NOW)
    processes = [
        subprocess.Popen([sys.executable, "-c", SELLER, shop.program.id], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        for one in processes:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        time.sleep(0.5)  # well within what they remember
        with db.transaction(shop.program.id) as conn:
            promotions.pause(conn, shop.program.id, Paused.RULE, "extra", by=SYSTEM, now=NOW)
        paused = time.time()
        seen = [float(one.communicate(timeout=20)[0]) for one in processes]
    finally:
        for one in processes:
            one.kill()
            one.wait()
    assert max(seen) - paused < 2.0
