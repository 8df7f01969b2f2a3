"""An installation under load whose tills note what they are told, and the judge of what came of it."""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

from tests.cli.commands import Tree, up, wait_for
from tests.faults.conftest import Open, open_shop
from tests.faults.servers import Answer, Caller
from verno.kit import config, db
from verno.kit.embedded import cluster
from verno.verify import service as verify

SHM = Path("/dev/shm")
TILLS = 16
MEMBERS = 40
POINTS = 1_000_000
"""What each member has to spend, more than the tills can take."""
RECOVERY_SECONDS = 10.0

STORED = """
SELECT c.number, r.answer, (SELECT count(*) FROM ledger_transfer t WHERE t.holder_id = r.holder_id
    AND t.operation_id = r.id AND t.kind IN ('earn', 'spend'))
FROM intake_receipt_claim c JOIN intake_receipt r ON r.holder_id = c.holder_id AND r.id = c.receipt_id
"""
REPORTED = "SELECT sum(receipts)::bigint FROM reports_month"


@contextmanager
def folder(prefix: str) -> Iterator[Path]:
    """Give a folder in memory that PostgreSQL's user may enter."""
    base = Path(tempfile.mkdtemp(prefix=prefix, dir=SHM if SHM.is_dir() else None))
    base.chmod(0o755)
    try:
        yield base
    finally:
        shutil.rmtree(base)


@dataclass
class History:
    """What the tills were told: answers by number, and the numbers whose fate nobody knows."""

    acknowledged: dict[str, bytes] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    last: float = 0.0
    """When somebody last heard a yes."""

    def note(self, number: str, answer: Answer) -> None:
        """Keep an answer; a 503 may have been taken nevertheless."""
        assert answer.status in {0, 200, 201, 503}, answer
        if answer.status in {200, 201}:
            self.acknowledged[number] = answer.body
            self.last = time.monotonic()
        else:
            self.unknown.add(number)


@dataclass(frozen=True)
class House:
    """A running installation under load."""

    home: Path
    tree: Tree
    shop: Open
    history: History

    def sell(self, caller: Caller, number: str) -> Answer:
        """Post one receipt; every third is paid with points."""
        turn = int(number.rpartition("-")[2])
        receipt = self.shop.sale(number, turn % MEMBERS) if turn % 3 else self.shop.spend(number, turn % MEMBERS, 10)
        return caller.post("/v1/receipts", receipt)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Ask the database, as its owner."""
        with psycopg.connect(cluster.local(self.home).url("verno_owner")) as owner:
            return list(owner.execute(query).fetchall())


@contextmanager
def running(home: Path) -> Iterator[Tree]:
    """Run an installation whose keys derive from this process's secret."""
    with up(home, VERNO_SECRET_KEY=(config.home() / "secret.key").read_text().strip()) as tree:
        yield tree


@contextmanager
def opened(home: Path) -> Iterator[House]:
    """Run an installation with members m-0, m-1, …"""
    with running(home) as tree:
        shop = open_shop(MEMBERS, address=cluster.local(home).url("verno"), points=POINTS)
        yield House(home, tree, shop, History())


@contextmanager
def selling(house: House) -> Iterator[None]:
    """Have tills sell without pause; a number whose fate is unknown is left alone for now."""
    over = threading.Event()

    def till(name: int) -> None:
        with Caller(house.tree.port, house.shop.key, timeout=10) as caller:
            for turn in count():
                number = f"{name}-{turn}"
                house.history.note(number, house.sell(caller, number))
                if over.wait(0.05 if number in house.history.unknown else 0):
                    return

    with ThreadPoolExecutor(TILLS) as threads:
        tills = [threads.submit(till, name) for name in range(TILLS)]
        try:
            yield
        finally:
            over.set()
        for one in tills:
            one.result()


def again(house: House, what: str, check: Callable[[], bool]) -> None:
    """Wait for recovery; when it does not come, tell what the installation said."""
    try:
        wait_for(what, RECOVERY_SECONDS, check)
    except AssertionError as error:
        error.add_note((house.home.parent / f"{house.home.name}.log").read_text()[-2000:])
        raise


def served(house: House, since: float) -> bool:
    """Tell whether a till was told yes well after a moment."""
    return house.history.last > since + 0.1


def patiently(house: House, caller: Caller, number: str) -> Answer:
    """Ask until the answer is no 503; a process may notice only now that its database is another one."""
    until = time.monotonic() + RECOVERY_SECONDS
    while (answer := house.sell(caller, number)).status == 503 and time.monotonic() < until:
        time.sleep(0.1)
    return answer


def judge(house: House) -> None:
    """Compare what the tills were told with what is in the database; then ask again for what nobody knows."""
    told, unknown = house.history.acknowledged, house.history.unknown
    kept = {str(number): (str(answer).encode(), earned) for number, answer, earned in house.rows(STORED)}
    lost = told.keys() - kept.keys()
    assert not lost, f"{len(lost)} of {len(told)} acknowledged receipts are lost"
    assert kept.keys() <= told.keys() | unknown
    assert all(kept[number][0] == answer for number, answer in told.items())
    assert {earned for _, earned in kept.values()} == {1}, "there wholly, or not at all"
    with Caller(house.tree.port, house.shop.key) as caller:
        for number in sorted(unknown):
            answer = patiently(house, caller, number)
            assert answer.status == (200 if number in kept else 201)
            assert number not in kept or answer.body == kept[number][0]
    with db.connect(cluster.local(house.home).url("verno")) as conn:
        report = verify.run(conn)
    assert report.ok, report.problems
    whole = len(told.keys() | unknown)
    assert house.rows("SELECT count(*), count(DISTINCT number) FROM intake_receipt") == [(whole, whole)]
    wait_for("the killed worker has counted each once", 30, lambda: house.rows(REPORTED) == [(whole,)])
