"""Shows that the suite notices sabotage: each patch of tests/sabotage must turn the test that it names red.

Works in a throw-away clone of HEAD, never in the checkout. First the tests must be green there; then each patch is
applied in turn, its test is run and must fail by an assertion of its own (neither while it is collected nor set up),
and the patch is taken back. A patch says in its head whom it attacks:

    # promise: P2
    # test: tests/faults/test_overspend.py::test_sixty_four_tills
    # env: VERNO_THOROUGH=1        (optional, may be repeated)
    Why this is worth trying, in words.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATCHES = ROOT / "tests" / "sabotage"
HEAD = re.compile(r"^# (promise|test|env): *(\S+)$", re.MULTILINE)
ASSERTIONS = ("AssertionError", "assert ", "Failed: DID NOT RAISE")
"""How the message of a failure begins that a test's own assertion caused."""
LONGEST_SECONDS = 1800
GREEN, RED, SKIPPED = "green", "red", "skipped"


@dataclass(frozen=True)
class Patch:
    """One act of sabotage, and the test that must notice."""

    path: Path
    promise: str
    test: str
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """What a test did: green, red (by its own assertion), skipped, or broken; ``why`` for the last two."""

    verdict: str
    why: str
    seconds: float


class Misused(Exception):
    """A patch that cannot be used; said in a sentence."""


def read(path: Path) -> Patch:
    """Return the patch with what its head says; raises ``Misused``."""
    head, mark, _ = path.read_text(encoding="utf-8").partition("\ndiff --git ")
    said = HEAD.findall(head)
    known: dict[str, list[str]] = {"promise": [], "test": [], "env": []}
    for name, value in said:
        known[name].append(value)
    if not mark or len(known["promise"]) != 1 or len(known["test"]) != 1 or any("=" not in e for e in known["env"]):
        message = f"{path.name}: its head must name one promise and one test, and a diff must follow"
        raise Misused(message)
    env = dict(entry.split("=", 1) for entry in known["env"])
    return Patch(path, known["promise"][0], known["test"][0], env)


def patches(only: Sequence[str] = ()) -> list[Patch]:
    """Return all patches, or those of the promises (or file names) asked for."""
    found = [read(path) for path in sorted(PATCHES.glob("*.patch"))]
    return [one for one in found if not only or one.promise in only or one.path.stem in only]


@contextmanager
def clone() -> Iterator[Path]:
    """Give a throw-away clone of HEAD with what the build made beside it."""
    base = Path(tempfile.mkdtemp(prefix="verno-sabotage-"))
    base.chmod(0o755)
    tree = base / "tree"
    try:
        quietly = ["git", "-c", "advice.detachedHead=false", "clone", "--quiet", "--shared"]
        subprocess.run([*quietly, str(ROOT), str(tree)], check=True)  # noqa: S603
        for catalogue in (ROOT / "src").rglob("*.mo"):
            shutil.copy(catalogue, tree / catalogue.relative_to(ROOT))
        for built in ("src/verno/static", "node_modules"):
            if (ROOT / built).exists():
                (tree / built).symlink_to((ROOT / built).resolve())
                with (tree / ".git" / "info" / "exclude").open("a") as exclude:
                    exclude.write(f"/{built}\n")  # .gitignore means the folder, this is a link
        yield tree
    finally:
        shutil.rmtree(base, ignore_errors=True)


def environment(tree: Path, more: dict[str, str]) -> dict[str, str]:
    """Return the environment in which every Python process runs the clone's code, children included."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VERNO_", "PYTEST_"))}
    return {**kept, "PYTHONPATH": str(tree / "src"), **more}


def require_own_code(tree: Path) -> None:
    """Refuse to go on when the installed package would be tested in place of the clone's; raises ``Misused``."""
    done = subprocess.run(
        [sys.executable, "-c", "import verno; print(verno.__file__)"],
        cwd=tree,
        env=environment(tree, {}),
        capture_output=True,
        text=True,
        check=True,
    )
    if not Path(done.stdout.strip()).is_relative_to(tree):
        message = f"the tests would run {done.stdout.strip()} and not the sabotaged code"
        raise Misused(message)


def run(tree: Path, test: str, env: dict[str, str]) -> Run:
    """Run one test in the clone."""
    report = tree.parent / "report.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junitxml={report}", test]
    began = time.monotonic()
    try:
        done = subprocess.run(  # noqa: S603 our own interpreter
            command,
            cwd=tree,
            env=environment(tree, env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return Run("broken", "it did not end", time.monotonic() - began)
    verdict, why = judge(report, done.stdout)
    return Run(verdict, why, time.monotonic() - began)


def judge(report: Path, told: str) -> tuple[str, str]:
    """Return the verdict of pytest's report, and why if it is neither green nor red."""
    if not report.exists():
        return "broken", told.strip()[-300:]
    cases = list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314 pytest wrote it
    errors = [case for case in cases if case.find("error") is not None]
    failures = [failure for case in cases if (failure := case.find("failure")) is not None]
    skips = [skip for case in cases if (skip := case.find("skipped")) is not None]
    if errors or not cases:
        return "broken", told.strip()[-300:]
    if failures:
        message = failures[0].get("message", "")
        return (RED, "") if message.startswith(ASSERTIONS) else ("broken", message[:300])
    if len(skips) == len(cases):
        return SKIPPED, skips[0].get("message", "")
    return GREEN, ""


def attack(tree: Path, patch: Patch) -> Run:
    """Run the patch's test on the sabotaged code; the clone is clean again afterwards."""
    applied = subprocess.run(  # noqa: S603
        ["git", "apply", "--whitespace=nowarn", str(patch.path)],  # noqa: S607
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    if applied.returncode:
        return Run("does not apply", applied.stderr.strip(), 0.0)
    try:
        return run(tree, patch.test, patch.env)
    finally:
        subprocess.run(["git", "checkout", "--quiet", "--", "."], cwd=tree, check=True)  # noqa: S607
        subprocess.run(["git", "clean", "--quiet", "--force", "-d"], cwd=tree, check=True)  # noqa: S607


def main() -> int:
    """Try every patch; return 1 when one was not noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("only", nargs="*", help="promises (P2) or names of patches; all when left out")
    wanted = patches(parser.parse_args().only)
    if not wanted:
        say("no such patch")
        return 1
    bad = 0
    before: dict[tuple[str, str], Run] = {}
    with clone() as tree:
        require_own_code(tree)
        for patch in wanted:
            key = (patch.test, str(patch.env))
            if key not in before:
                before[key] = run(tree, patch.test, patch.env)
            bad += not tell(patch, before[key], attack(tree, patch) if before[key].verdict == GREEN else None)
    say(f"{len(wanted) - bad} of {len(wanted)} as they should be" + (f", {bad} not" if bad else ""))
    return 1 if bad else 0


def tell(patch: Patch, before: Run, after: Run | None) -> bool:
    """Print a patch's line; return whether all is well. A skipped test shows nothing and is no failure."""
    last = after or before
    if before.verdict == SKIPPED:
        words, well = f"skipped: {before.why}", True
    elif after is None:
        words, well = f"NOT GREEN BEFORE: {before.verdict} {before.why}", False
    elif after.verdict == RED:
        words, well = "red", True
    else:
        words, well = f"NOT NOTICED: {after.verdict} {after.why}".rstrip(), False
    say(f"{patch.promise:<4} {patch.path.stem:<34} {last.seconds:6.1f} s  {words}\n     {patch.test}")
    return well


def say(text: str) -> None:
    """Print a line at once: the whole takes minutes."""
    print(text, flush=True)  # noqa: T201 a command's output


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Misused as error:
        sys.exit(f"sabotage: {error}")
