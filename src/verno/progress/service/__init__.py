"""Verbs of progress, one module a concern; the account of each stands there."""

from verno.progress.service.agreeing import agree, lift
from verno.progress.service.belonging import store_members
from verno.progress.service.counting import count, judge_again, revoke_floors, set_floors, sweep
from verno.progress.service.publishing import Kept, finish, preview, problems, publish, publish_all, refill, remove

__all__ = [
    "Kept",
    "agree",
    "count",
    "finish",
    "judge_again",
    "lift",
    "preview",
    "problems",
    "publish",
    "publish_all",
    "refill",
    "remove",
    "revoke_floors",
    "set_floors",
    "store_members",
    "sweep",
]
