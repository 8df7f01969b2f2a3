"""Verbs of corrections."""

from verno.corrections.service.adjusting import adjust
from verno.corrections.service.deciding import decide
from verno.corrections.service.erasing import erase_points
from verno.corrections.service.joining import merge, move_stragglers, separate, undo
from verno.corrections.service.opening import open_balances
from verno.corrections.service.people import declare_own
from verno.corrections.service.reinstating import reinstate
from verno.corrections.service.sending import transfer

__all__ = [
    "adjust",
    "decide",
    "declare_own",
    "erase_points",
    "merge",
    "move_stragglers",
    "open_balances",
    "reinstate",
    "separate",
    "transfer",
    "undo",
]
