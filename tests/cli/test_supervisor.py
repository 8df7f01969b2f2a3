"""The supervisor's arithmetic, with parts that are no processes and a clock that is no clock."""

from dataclasses import dataclass, field

import pytest

from verno.kit.errors import Unavailable
from verno.wiring.supervisor import BACK_OFF_SECONDS, MAX_DEATHS, WINDOW_SECONDS, Supervisor


@dataclass
class Dummy:
    """A part that lives until the test says otherwise."""

    name: str = "server"
    starts: int = 0
    lives: bool = False
    refuses: bool = False
    said: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.starts += 1
        if self.refuses:
            message = "no port"
            raise Unavailable(message)
        self.lives = True

    def alive(self) -> bool:
        return self.lives

    def ask_to_stop(self) -> None:
        self.said.append(f"ask {self.name}")

    def stop(self) -> None:
        self.said.append(f"stop {self.name}")
        self.lives = False


class Time:
    """Seconds that pass when told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def test_starts_what_does_not_live_yet(time: Time) -> None:
    ours, given = Dummy(), Dummy(lives=True)
    Supervisor([given, ours], clock=time).start()
    assert (given.starts, ours.starts) == (0, 1)


def test_waits_longer_before_each_start(time: Time) -> None:
    part = Dummy(lives=True)
    house = Supervisor([part], clock=time)
    for number, pause in enumerate(BACK_OFF_SECONDS, start=1):
        part.lives = False
        house.tick()
        time.now += pause - 0.01
        house.tick()
        assert part.starts == number - 1
        time.now += 0.02
        house.tick()
        assert part.starts == number


def test_gives_up_at_the_fifth_death_within_a_minute(time: Time) -> None:
    part = Dummy(lives=True)
    house = Supervisor([part], clock=time)
    for _ in range(MAX_DEATHS - 1):
        part.lives = False
        house.tick()
        time.now += 5
        house.tick()
    part.lives = False
    with pytest.raises(Unavailable, match="server died 5 times within a minute"):
        house.tick()


def test_deaths_of_another_minute_do_not_count(time: Time) -> None:
    part = Dummy(lives=True)
    house = Supervisor([part], clock=time)
    for _ in range(3 * MAX_DEATHS):
        part.lives = False
        house.tick()
        time.now += WINDOW_SECONDS / (MAX_DEATHS - 1)
        house.tick()
        assert part.lives


def test_deaths_of_different_parts_are_counted_apart(time: Time) -> None:
    parts = [Dummy("server", lives=True), Dummy("worker", lives=True)]
    house = Supervisor(parts, clock=time)
    for turn in range(2 * (MAX_DEATHS - 1)):
        parts[turn % 2].lives = False
        house.tick()
        time.now += 3
        house.tick()
    assert all(part.lives for part in parts)


def test_a_start_that_fails_counts_as_a_death(time: Time) -> None:
    part = Dummy(lives=True)
    house = Supervisor([part], clock=time)
    part.lives, part.refuses = False, True
    for _ in range(MAX_DEATHS - 1):
        house.tick()
        time.now += 5
    with pytest.raises(Unavailable, match="died 5 times"):
        house.tick()
    assert part.starts == MAX_DEATHS - 1


def test_asks_all_to_stop_before_it_waits_for_any_and_stops_the_database_last(time: Time) -> None:
    said: list[str] = []
    parts = [Dummy("database", said=said), Dummy("server", said=said), Dummy("worker", said=said)]
    house = Supervisor(parts, clock=time)
    house.start()
    house.stop()
    assert said == ["ask worker", "ask server", "ask database", "stop worker", "stop server", "stop database"]
