"""Two receipts that brought one badge come back at the same moment: neither leaves it to the other."""

import threading
import time

from tests.builders import NOW
from tests.intake.conftest import Counter, open_counter
from tests.intake.test_rulebooks import publish
from tests.intake.tillwork import back, said, sale, sold
from verno.intake import context
from verno.intake.returns.types import Original
from verno.kit import db
from verno.members import queries as members
from verno.rules.effects import GiveBadge
from verno.rules.types import Rule


def void(conn: db.Connection, counter: Counter, number: str) -> None:
    said(back(conn, counter, f"R-{number}", original=Original(place="msk-1", number=number)))


def test_a_badge_of_two_receipts_that_come_back_together_is_gone(database: str) -> None:
    with db.transaction() as conn:
        counter = open_counter(conn)
        publish(conn, counter, Rule(id="welcome", effects=(GiveBadge(badge="new"),)))
        for number in ("S-1", "S-2"):
            sold(conn, counter, sale(number))
    context.forget()
    program, done = counter.program.id, []

    def second() -> None:
        with db.connect(database) as conn:
            db.stay_in(conn, program)
            void(conn, counter, "S-2")
            conn.commit()
            done.append("S-2")

    with db.connect(database) as conn:
        db.stay_in(conn, program)
        void(conn, counter, "S-1")
        other = threading.Thread(target=second)
        other.start()
        time.sleep(0.3)
        assert not done, "it waits for the badge"
        conn.commit()
        other.join(10)
    assert done == ["S-2"]
    with db.transaction(program) as conn:
        assert members.badges(conn, program, [counter.member_id], at=NOW) == {}
