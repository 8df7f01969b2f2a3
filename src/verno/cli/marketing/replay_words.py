"""What a replay found, for a person at a terminal."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from verno.intake.sums.kept import in_words
from verno.kit import localtime
from verno.kit.money import currency_digits, format_money, format_scaled
from verno.predicate.types import Language
from verno.replay.runs.types import Run
from verno.replay.types import Burn, Group, Loss, Report, RuleTold, TrackChange, Waterfall
from verno.workspace.types import Program

LOCALE = "en"
PLACES = 10


def language(program: Program) -> Language:
    """Return the language of this command's sentences."""
    return Language(LOCALE, str, lambda one, many, n: one if n == 1 else many, localtime.zone(program.timezone))


def figures(one: Loss) -> tuple[int, int, int, int]:
    """Return the money of a line of losers, in minor units."""
    return one.spent, one.current, one.draft, one.loss


def plain(program: Program, value: int) -> str:
    """Write minor units as a plain number of whole ones."""
    return str(Decimal(value).scaleb(-currency_digits(program.currency)))


def report(program: Program, found: Report) -> list[str]:
    """Return a report."""

    def money(value: int) -> str:
        return f"{format_money(value, program.currency, LOCALE):>16}"

    def change(value: int) -> str:
        return ("+" if value > 0 else "") + format_money(value, program.currency, LOCALE)

    def groups(title: str, some: Sequence[Group]) -> list[str]:
        return [
            f"{title} {one.name}: {one.members} members, {one.winners} win, {one.losers} lose, {change(one.change)}"
            for one in some
        ]

    out = [
        f"{found.receipts} receipts of {found.members} members, {money(found.price).strip()} {program.currency}",
        f"{'':24}{'now':>16}{'draft':>16}",
        f"{'discounts':24}{money(found.current.discount)}{money(found.draft.discount)}",
        f"{'discounts and points':24}{money(found.current.cost)}{money(found.draft.cost)}",
    ]
    for unit in sorted({*found.current.points, *found.draft.points}):
        both = (found.current.points.get(unit, 0), found.draft.points.get(unit, 0))
        out.append(f"{unit:24}" + "".join(f"{format_scaled(one, 0, LOCALE):>16}" for one in both))
    for owed in found.liability:
        held = "".join(f"{format_scaled(one, 0, LOCALE):>16}" for one in (owed.current, owed.draft))
        out.append(f"{'members hold ' + owed.unit:24}{held}")
    out.append(f"{found.winners} members win, {found.losers} lose; together {change(found.change)}")
    if found.losers:
        out.append(f"those who lose have {money(found.loss).strip()} less")
    out += groups("spent", found.bands) + groups("tier", found.tiers) + groups("place", found.places[:PLACES])
    out += [
        f"rule {id_}: {one.uses} receipts, {change(-one.discount)}, {dict(one.points)}"
        for id_, one in found.draft.rules.items()
    ]
    out += [_burn(one) for one in found.draft.budgets]
    out += [line for one in found.tracks for line in _track(one)]
    out += [f"badge {one.badge}: {one.current} members now, {one.draft} under the draft" for one in found.badges]
    out += [
        f"receipt {one.number} at {one.place}, {one.at:%Y-%m-%d}: {money(one.current)} -> {money(one.draft)}"
        for one in found.biggest
    ]
    if found.is_dear and found.most_share is not None:
        shares = [format_scaled(share, 2, LOCALE) for share in (found.share, found.most_share)]
        out.append(f"above the budget: {shares[0]} % of the sales, {shares[1]} % are allowed")
    return out


def kept(run: Run, found: Report) -> str:
    """Say what is kept with the draft."""
    if not run.kept:
        return f"draft {run.draft} was changed meanwhile: nothing is kept with it"
    above = ", above its budget: somebody has to agree to that" if found.above_budget else ""
    return f"kept with draft {run.draft}, revision {run.revision}{above}"


def waterfalls(program: Program, both: Sequence[Waterfall]) -> list[str]:
    """Return what two rulebooks made of one receipt."""
    out = []
    for name, one in zip(("now", "draft"), both, strict=True):
        price, off, pay = (
            format_money(value, program.currency, LOCALE) for value in (one.price, one.discount, one.to_pay)
        )
        out.append(f"{name}: {price} less {off} leaves {pay}; points {dict(one.points)}")
        for line in one.lines:
            if line.discount:
                off = format_money(line.discount, program.currency, LOCALE)
                out.append(f"  line {line.number}: {in_words(line.quantity)} {line.sku}, {off} off")
        out += [line for rule in one.rules for line in _rule(rule)]
    return out


def _rule(rule: RuleTold) -> Iterator[str]:
    if rule.acts:
        told = "; ".join(one.text for one in rule.fired if one.fired.matched)
    else:
        told = rule.fired[0].text + (f": {', '.join(rule.lost_to)}" if rule.lost_to else "")
    yield f"  rule {rule.rule}: {told}"
    yield from (f"    {'+' if helps else '-'} {text}" for helps, text in rule.reasons)


def _burn(one: Burn) -> str:
    each = " each member" if one.budget.each_member else ""
    ends = f", used up on {one.used_up_on}, {one.missed} receipts missed" if one.used_up_on else ""
    return (
        f"budget of {one.rule}: {one.used} of {one.budget.most} {one.budget.counts} ({one.budget.period}){each}{ends}"
    )


def _track(track: TrackChange) -> Iterator[str]:
    for one in track.steps:
        yield f"track {track.track}, {one.step or 'no step'}: {one.current} members now, {one.draft} under the draft"
    for move in track.moves:
        yield f"track {track.track}: {move.members} from {move.before or 'no step'} to {move.after or 'no step'}"
