"""Whether a broadcast does harm: thresholds of bounces, complaints and leavers. Pure."""

from verno.messaging.broadcasts.types import Problem, Warned

BOUNCES_FROM = 500
BOUNCES = 200
"""2 % of what left, once so many did, in hundredths of a per cent."""
BOUNCES_EVER_FROM = 20
"""Below that, one dead address would stop a letter to a few."""
BOUNCES_EVER = 500
COMPLAINTS_FROM = 1_000
COMPLAINTS_WARN, COMPLAINTS_SLOW, COMPLAINTS_STOP = 10, 20, 30
"""0.1, 0.2, 0.3 % of what a mail provider took within a day; Gmail's own line is the last one."""
LEAVERS = 50
"""0.5 % of whom a broadcast reached left its topic: the next one ought to know."""
WHOLE = 10_000
SLOW_RATE = 60
"""Members planned a minute while a mail provider's readers complain too much."""


def enough(ill: int, share: int) -> int:
    """Return up to how many messages have to be counted to know that ``ill`` of them is no more than ``share``."""
    return ill * WHOLE // share + 1


def bounces(sent: int, hard: int) -> Problem | None:
    """Return why a broadcast must pause for its hard bounces, or None."""
    share = hard * WHOLE
    if (sent >= BOUNCES_FROM and share > BOUNCES * sent) or (sent >= BOUNCES_EVER_FROM and share > BOUNCES_EVER * sent):
        return Problem(Warned.HARD_BOUNCES, f"{hard}/{sent}", is_blocking=True)
    return None


def complaints(domain: str, sent: int, complained: int) -> Problem | None:
    """Return what follows from the complaints of a mail provider's readers within a day; a blocking one stops."""
    if sent < COMPLAINTS_FROM:
        return None
    detail = f"{domain} {complained}/{sent}"
    share = complained * WHOLE
    if share >= COMPLAINTS_STOP * sent:
        return Problem(Warned.COMPLAINTS, detail, is_blocking=True)
    if share >= COMPLAINTS_SLOW * sent:
        return Problem(Warned.COMPLAINTS_SLOW, detail)
    return Problem(Warned.COMPLAINTS_WARN, detail) if share >= COMPLAINTS_WARN * sent else None


def leavers(reached: int, left: int) -> Problem | None:
    """Return that too many left after the last broadcast on a topic, or None."""
    if reached and left * WHOLE > LEAVERS * reached:
        return Problem(Warned.MANY_LEAVE, f"{left}/{reached}")
    return None
