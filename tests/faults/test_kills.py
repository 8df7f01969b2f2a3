"""Acknowledged is durable (P4): API, worker and database are killed under load, in any order, again and again."""

import random
import time
from contextlib import suppress
from functools import partial

import psutil
import pytest

from tests.cli.commands import Tree
from tests.faults.effort import either
from tests.faults.house import again, folder, judge, opened, selling, served

SEED = either(quick=20261125, long=random.randrange(2**31))
CYCLES = either(quick=3, long=20)
GAP_SECONDS = either(quick=(0.3, 0.6), long=(0.5, 4.0))
MOST_DEATHS, WINDOW_SECONDS = 4, 61.0
"""Five deaths of one part within a minute stop everything, by intention: the long run keeps below that."""
PARTS = ("server", "worker", "database")


class Nemesis:
    """Kills parts, each with all below it."""

    def __init__(self, tree: Tree, seed: int) -> None:
        """Kill each part once first, then API 40 %, worker 40 %, database 20 %."""
        self.tree = tree
        self.dice = random.Random(seed)
        self.first = ["server", "database", "worker"]
        self.deaths: list[tuple[str, float]] = []

    def strike(self) -> str:
        """Wait a while, kill a part, and name it."""
        time.sleep(self.dice.uniform(*GAP_SECONDS))
        part = self.first.pop(0) if self.first else self.dice.choices(PARTS, (40, 40, 20))[0]
        while sum(name == part and at > time.monotonic() - WINDOW_SECONDS for name, at in self.deaths) >= MOST_DEATHS:
            time.sleep(1)
        victim = self.tree.parts()[part]
        for process in (victim, *victim.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.deaths.append((part, time.monotonic()))
        return part


def _is_there(tree: Tree, part: str) -> bool:
    return part in tree.parts()


@pytest.mark.timeout(1800)
def test_nothing_acknowledged_is_lost_whoever_is_killed() -> None:
    with folder("verno-kills-") as base, opened(base / "home") as house:
        nemesis = Nemesis(house.tree, SEED)
        with selling(house):
            for _ in range(CYCLES):
                part = nemesis.strike()
                struck = time.monotonic()
                again(house, f"served after the {part}'s death", partial(served, house, struck))
                again(house, f"ready after the {part}'s death", house.tree.ready)
                again(house, f"the {part} is there again", partial(_is_there, house.tree, part))
        assert len(house.history.acknowledged) > CYCLES * 20
        judge(house)
