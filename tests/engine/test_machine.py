"""A state machine of the ledger (P6): anything at any time, compared with the reference model after every step."""

from datetime import datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.engine import programs
from tests.engine.bookkeeper import Bookkeeper, in_short
from tests.engine.checks import check_books, compare, told
from tests.engine.model import Model
from tests.engine.programs import BEGINNING, Draw, Maker, Past, day, examples, operation
from verno.ledger.types import Posted

STEPS = 40
"""Of one program."""
Data = st.DataObject


class Ledger(RuleBasedStateMachine):
    """The planner with its tables, and the model."""

    @initialize()
    def open(self) -> None:
        self.keeper, self.model, self.past, self.today = Bookkeeper(), Model(BEGINNING), Past(), 0

    def now(self) -> datetime:
        return day(self.today)

    def post(self, draw: Draw, *makers: Maker) -> None:
        one = operation(draw, self.past, self.today, makers)
        (result,) = self.keeper.post([one], now=self.now())
        assert in_short(result) == self.model.do(one, now=self.now())
        if isinstance(result, Posted):
            assert result.balances == told(self.model, one)

    @rule(days=st.integers(1, 12))
    def time_passes(self, days: int) -> None:
        self.today += days

    @rule(days=st.integers(1, 5))
    def the_clock_runs_back(self, days: int) -> None:
        self.today -= days

    @rule()
    def sweep(self) -> None:
        self.keeper.sweep(now=self.now())
        self.model.look(self.keeper.accounts, now=self.now())

    @rule(data=st.data())
    def earn(self, data: Data) -> None:
        self.post(data.draw, programs.earn)

    @rule(data=st.data())
    def spend(self, data: Data) -> None:
        self.post(data.draw, programs.spend)

    @rule(data=st.data())
    def spend_and_earn(self, data: Data) -> None:
        self.post(data.draw, programs.spend, programs.earn)

    @rule(data=st.data())
    def hold(self, data: Data) -> None:
        self.post(data.draw, programs.hold)

    @precondition(lambda self: self.past.held)
    @rule(data=st.data())
    def capture(self, data: Data) -> None:
        self.post(data.draw, programs.capture, programs.earn)

    @precondition(lambda self: self.past.held)
    @rule(data=st.data())
    def release(self, data: Data) -> None:
        self.post(data.draw, programs.release)

    @precondition(lambda self: self.past.earned)
    @rule(data=st.data())
    def take_back(self, data: Data) -> None:
        self.post(data.draw, programs.take_back)

    @precondition(lambda self: self.past.spent)
    @rule(data=st.data())
    def give_back(self, data: Data) -> None:
        self.post(data.draw, programs.take_back, programs.put_back)

    @precondition(lambda self: self.past.earned)
    @rule(data=st.data())
    def activate(self, data: Data) -> None:
        self.post(data.draw, programs.activate)

    @rule(data=st.data())
    def reinstate(self, data: Data) -> None:
        self.post(data.draw, programs.reinstate)

    @rule(data=st.data())
    def merge(self, data: Data) -> None:
        self.post(data.draw, programs.merge)

    @precondition(lambda self: self.past.merged)
    @rule(data=st.data())
    def unmerge(self, data: Data) -> None:
        self.post(data.draw, programs.unmerge)

    @rule(data=st.data())
    def erase(self, data: Data) -> None:
        self.post(data.draw, programs.erase)

    @precondition(lambda self: self.past.operations)
    @rule(data=st.data())
    def again(self, data: Data) -> None:
        """The same key once more, with its body or another."""
        old = data.draw(st.sampled_from(self.past.operations))
        one = type(old)(old.key, old.id, "ann", data.draw(st.sampled_from(("00", "ff"))), old.entries)
        (result,) = self.keeper.post([one], now=self.now())
        assert in_short(result) == self.model.do(one, now=self.now())

    @invariant()
    def agree(self) -> None:
        compare(self.keeper, self.model)
        check_books(self.keeper)


TestLedger = Ledger.TestCase
TestLedger.settings = settings(examples(60), stateful_step_count=STEPS)
