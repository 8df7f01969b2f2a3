"""The messages' bench: decisions, letters, texts, a plan for everybody; codes and the till beside a crowd."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day

from verno.bench import http, receipts, scratch
from verno.bench.messages import carrying, crowd, planning, queueing
from verno.bench.messages.carrying import Rate
from verno.demo.load import Progress
from verno.kit import localtime
from verno.kit.clock import clock
from verno.kit.errors import VernoError
from verno.messaging.decide import decide
from verno.messaging.letters import notice
from verno.messaging.types import AddressFacts, Allow, ConsentFact, MemberFacts, MessageClass, Outgoing

DECISIONS = 100_000
WORKERS = 2


def measure(
    *,
    letters: int,
    texts: int,
    crowded: int,
    queued: int,
    planned: int,
    seconds: int,
    say: Callable[[str], None],
    progress: Progress,
) -> dict[str, object]:
    """Measure in the scratch database, which is migrated; returns what is printed."""
    found: dict[str, object] = {"decisions_per_second": round(decisions())}
    say(f"decide: {found['decisions_per_second']}/s")
    demo = receipts.prepare(progress=progress, now=clock.now())
    people = crowd.gather(demo.program, max(letters, texts, crowded, planned), now=clock.now())
    short = crowd.short(people, now=clock.now())
    for name, template in (("mail", short), ("notices", notice.TEMPLATE)):
        found |= _rate(name, carrying.letters(people, letters, template, now=clock.now()))
        say(f"{name}: {found[f'{name}_per_second']}/s")
    # Texts wait for the morning: whenever the bench is run, its clock says noon.
    noon = datetime.combine(clock.now().date(), time_of_day(12), localtime.zone(people.program.timezone))
    found |= _rate("smpp", carrying.texts(people, texts, short, now=noon.astimezone(UTC)))
    shared = carrying.texts_by_workers(people, texts, short, now=noon.astimezone(UTC), workers=WORKERS)
    found["smpp_two_workers_per_second"] = round(shared)
    say(f"SMPP: {found['smpp_per_second']}/s, {round(shared)}/s by {WORKERS} workers")
    scratch.settle()
    codes = queueing.codes(people, crowded)
    found |= {"codes": codes.requests, "code_p50_ms": round(codes.p50), "code_p99_ms": round(codes.p99)}
    say(f"codes beside {crowded} letters: p99 {found['code_p99_ms']} ms")
    scratch.settle()
    plan = planning.everybody(people)
    found |= {
        "planned_members": plan.members,
        "plan_seconds": round(plan.seconds, 1),
        "plan_ratio_to_copy": round(plan.seconds / plan.copy_seconds, 1),
    }
    say(f"plan: {plan.members} members in {plan.seconds:.1f} s")
    if http.client() is None:
        return found
    beside = queueing.till(demo, people, queued, seconds=seconds)
    found |= {
        "captures_per_second": round(beside.alone),
        f"captures_beside_{queued}_waiting": round(beside.waiting),
        "captures_waiting_ratio": round(beside.waiting / beside.alone, 2),
        "captures_while_sending": round(beside.sending),
        "captures_sending_ratio": round(beside.sending / beside.alone, 2),
    }
    return found


def decisions() -> float:
    """Return decisions a second on one core, of advertisements that may leave."""
    now = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    said = ConsentFact("news", "email", granted=True, at=now - timedelta(days=9))
    message = Outgoing("news", MessageClass.MARKETING, "email", now)
    member, address = MemberFacts((said,), sent=()), AddressFacts(known=True)
    began = time.perf_counter()
    allowed = sum(isinstance(decide(message, member, address, now), Allow) for _ in range(DECISIONS))
    took = time.perf_counter() - began
    if allowed != DECISIONS:
        told = "the bench's letter may not leave"
        raise VernoError(told)
    return DECISIONS / took


def _rate(name: str, rate: Rate) -> dict[str, object]:
    return {
        f"{name}_per_second": round(rate.per_second),
        f"{name}_worker_cpu": round(rate.worker_cpu, 2),
        f"{name}_bare_client_per_second": round(rate.bare_per_second),
        f"{name}_ratio": round(rate.ratio, 2),
        **({f"{name}_bytes": rate.size} if rate.size else {}),
    }
