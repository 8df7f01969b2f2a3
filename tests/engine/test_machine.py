"""A state machine of the ledger (P6): anything at any time, compared with the reference model after every step."""

from datetime import datetime
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.engine import programs
from tests.engine.bookkeeper import Bookkeeper, in_short
from tests.engine.checks import check_books, compare, told
from tests.engine.model import Model
from tests.engine.programs import BEGINNING, SEEDS, Dice, Maker, Past, day, examples, operation
from verno.ledger.types import Operation, Posted

STEPS = 40
"""Of one program."""


class Ledger(RuleBasedStateMachine):
    """The planner with its tables, and the model."""

    @initialize()
    def open(self) -> None:
        self.keeper, self.model, self.past, self.today = Bookkeeper(), Model(BEGINNING), Past(), 0

    def now(self) -> datetime:
        return day(self.today)

    def post(self, seed: int, *makers: Maker) -> None:
        self.past.begin_batch()
        self.compare_answers(operation(seed, self.past, self.today, makers))

    def compare_answers(self, one: Operation) -> None:
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

    @rule(seed=SEEDS)
    def earn(self, seed: int) -> None:
        self.post(seed, programs.earn)

    @rule(seed=SEEDS)
    def spend(self, seed: int) -> None:
        self.post(seed, programs.spend)

    @rule(seed=SEEDS)
    def spend_and_earn(self, seed: int) -> None:
        self.post(seed, programs.spend, programs.earn)

    @rule(seed=SEEDS)
    def hold(self, seed: int) -> None:
        self.post(seed, programs.hold)

    @precondition(lambda self: self.past.held)
    @rule(seed=SEEDS)
    def capture(self, seed: int) -> None:
        self.post(seed, programs.capture, programs.earn)

    @precondition(lambda self: self.past.held)
    @rule(seed=SEEDS)
    def release(self, seed: int) -> None:
        self.post(seed, programs.release)

    @precondition(lambda self: self.past.earned)
    @rule(seed=SEEDS)
    def take_back(self, seed: int) -> None:
        self.post(seed, programs.take_back)

    @precondition(lambda self: self.past.spent)
    @rule(seed=SEEDS)
    def give_back(self, seed: int) -> None:
        self.post(seed, programs.take_back, programs.put_back)

    @precondition(lambda self: self.past.earned and self.past.spent)
    @rule(seed=SEEDS)
    def let_go_and_recover(self, seed: int) -> None:
        self.post(seed, programs.let_go)
        self.post(seed + 1, programs.put_back)

    @precondition(lambda self: self.past.earned and self.past.spent)
    @rule(seed=SEEDS)
    def let_go_and_recover_at_once(self, seed: int) -> None:
        self.post(seed, programs.let_go, programs.put_back, programs.let_go, programs.put_back)

    @precondition(lambda self: self.past.earned)
    @rule(seed=SEEDS)
    def activate(self, seed: int) -> None:
        self.post(seed, programs.activate)

    @rule(seed=SEEDS)
    def extend(self, seed: int) -> None:
        self.post(seed, programs.extend)

    @rule(seed=SEEDS)
    def extend_and_earn(self, seed: int) -> None:
        self.post(seed, programs.extend, programs.earn)

    @precondition(lambda self: self.past.extended)
    @rule(seed=SEEDS)
    def shorten(self, seed: int) -> None:
        self.post(seed, programs.shorten, programs.take_back)

    @rule(seed=SEEDS)
    def reinstate(self, seed: int) -> None:
        self.post(seed, programs.reinstate)

    @rule(seed=SEEDS)
    def merge(self, seed: int) -> None:
        self.post(seed, programs.merge)

    @precondition(lambda self: self.past.merged)
    @rule(seed=SEEDS)
    def unmerge(self, seed: int) -> None:
        self.post(seed, programs.unmerge)

    @precondition(lambda self: self.past.merged)
    @rule(seed=SEEDS)
    def unmerge_and_send_home(self, seed: int) -> None:
        self.post(seed, programs.unmerge)
        self.post(seed, programs.send_home)

    @rule(seed=SEEDS)
    def erase(self, seed: int) -> None:
        self.post(seed, programs.erase)

    @precondition(lambda self: self.past.operations)
    @rule(seed=SEEDS)
    def again(self, seed: int) -> None:
        """The same key once more, with its body or another."""
        self.compare_answers(programs.again(Dice(Random(seed), self.today, self.past)))

    @invariant()
    def agree(self) -> None:
        compare(self.keeper, self.model)
        check_books(self.keeper)


TestLedger = Ledger.TestCase
TestLedger.settings = settings(examples(60), stateful_step_count=STEPS)
