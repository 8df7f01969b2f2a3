"""Every table that knows a member, what an erasure does with it and why, and where a personal export has it.

A test walks the database: a new table with a member's id has to be named here.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class Fate(StrEnum):
    """What an erasure does with a member's rows."""

    GOES = "goes"
    EMPTIED = "emptied"
    """The row stays with its dates and codes; what is personal in it does not."""
    STAYS = "stays"


class Held(msgspec.Struct, frozen=True):
    """A table that has members' rows. ``export``: the file of a personal export; else ``not_exported`` says why not.

    ``by``: the columns that say whose a row is.
    """

    fate: Fate
    why: str
    export: str | None = None
    not_exported: str = ""
    by: tuple[str, ...] = ("holder_id",)


BOOKS = "the books: amounts and dates without a person"
RECEIPTS = "accounting: what was sold when; the member is an id that leads nowhere"
PROOF = "proof of what was agreed to: dates and texts, without address, network or reason"
BROADCASTS = "how many a broadcast reached and what it brought against a holdout; the id leads nowhere"
FIGURES = "figures of a day or a rule; the member is an id that leads nowhere"

AS_SENT = "fields of the till's own as it sent them: it is to write nobody's name into them"
ELSEWHERE = {
    "messaging_suppression": "which addresses get no advertising, by a hash that only the house can make",
    "members_tombstone": "that these addresses were a member's, by a hash for this alone: a welcome is given once",
    "webhooks_incoming": "what other systems sent, as it came; it goes by itself 30 days after it came",
    "intake_receipt.attributes": AS_SENT,
    "intake_receipt.payments": AS_SENT,
    "intake_receipt_line.attributes": AS_SENT,
}
"""Kept, and not under the member's id: what an erasure cannot look for."""

HELD: Mapping[str, Held] = {
    "members_member": Held(Fate.GOES, "who the member is, and the name as it sounds", "profile", by=("id",)),
    "members_identity": Held(Fate.GOES, "phone, e-mail, card", "identities"),
    "members_key": Held(Fate.GOES, "the key that contacts are sealed with", None, "a secret of the house's own"),
    "members_moved_identity": Held(Fate.GOES, "contacts before a merge", None, "sealed copies of identities"),
    "members_otp": Held(Fate.GOES, "a one-time code", None, "minutes old, by hash alone"),
    "members_wish": Held(Fate.GOES, "how often to write", "wishes"),
    "members_badge": Held(Fate.GOES, "badges", "badges"),
    "members_location": Held(Fate.GOES, "where the member lives, works or often is", "locations"),
    "members_housemate": Held(Fate.GOES, "whom the member lives with; they leave first", "household"),
    "members_device": Held(Fate.GOES, "chats and browsers the member is reached by", "devices"),
    "members_word": Held(Fate.GOES, "what the member wrote to us", "words"),
    "members_company_contact": Held(
        Fate.GOES,
        "who speaks for the company, or for whom the member speaks",
        "contacts",
        by=("holder_id", "member_id"),
    ),
    "members_duplicate": Held(
        Fate.GOES, "whom the member looks like", None, "a guess that names somebody else too", by=("one_id", "other_id")
    ),
    "members_consent": Held(Fate.EMPTIED, PROOF, "consents"),
    "members_redirect": Held(Fate.STAYS, "which ids were one: points that come late find their way", "merges"),
    "members_parted": Held(Fate.STAYS, "which ids were one", None, "the same as merges, undone"),
    "corrections_own_account": Held(Fate.GOES, "which of the staff the member is", "own_account"),
    "corrections_correction": Held(Fate.STAYS, BOOKS, "corrections"),
    "corrections_merge": Held(Fate.STAYS, BOOKS, "merges"),
    "corrections_merge_move": Held(Fate.STAYS, BOOKS, None, "the transfers of a merge, which points has"),
    "corrections_opening": Held(Fate.STAYS, BOOKS, None, "lots brought along, which points has"),
    "intake_receipt": Held(Fate.EMPTIED, RECEIPTS, "receipts"),
    "intake_receipt_claim": Held(Fate.STAYS, RECEIPTS, None, "the numbers of receipts"),
    "intake_receipt_line": Held(Fate.STAYS, RECEIPTS, "receipt_lines"),
    "intake_step": Held(Fate.STAYS, RECEIPTS, "receipt_steps"),
    "intake_return": Held(Fate.STAYS, RECEIPTS, "returns"),
    "kit_event": Held(
        Fate.STAYS, "what was told to programs: ids, codes and figures", None, "points and receipts again"
    ),
    "ledger_account": Held(Fate.STAYS, BOOKS, "balances"),
    "ledger_operation": Held(Fate.STAYS, BOOKS, None, "keys of requests"),
    "ledger_transfer": Held(Fate.STAYS, BOOKS, "points"),
    "ledger_lot": Held(Fate.STAYS, BOOKS, "lots"),
    "ledger_lot_move": Held(Fate.STAYS, BOOKS, None, "the parts of points, which lots sum up"),
    "ledger_hold": Held(Fate.STAYS, BOOKS, "holds"),
    "ledger_hold_lot": Held(Fate.STAYS, BOOKS, None, "the parts of holds"),
    "limits_alert": Held(Fate.STAYS, "which limit was reached when", None, "watches tills and staff as well"),
    "messaging_message": Held(Fate.EMPTIED, "that something was written when, without what", "messages"),
    "messaging_dispute": Held(
        Fate.EMPTIED, "which movement was disputed, at which till, and what came of it, without words", "disputes"
    ),
    "messaging_recipient": Held(Fate.STAYS, BROADCASTS, "broadcasts"),
    "messaging_click": Held(Fate.GOES, "which links the member followed", "clicks"),
    "messaging_opening": Held(Fate.GOES, "which letters the member opened", "openings"),
    "messaging_statement": Held(Fate.STAYS, BOOKS, "statements"),
    "messaging_turn": Held(Fate.GOES, "how often the member was written to", None, "messages again"),
    "progress_bucket": Held(Fate.STAYS, FIGURES, "progress"),
    "progress_floor": Held(Fate.STAYS, FIGURES, "steps_set"),
    "progress_tier": Held(Fate.STAYS, FIGURES, "tracks"),
    "replay_loss": Held(Fate.STAYS, FIGURES, None, "what a draft of rules would have cost, gone in weeks"),
    "privacy_handout": Held(Fate.STAYS, "when a link to the data was sent and used", "links_to_data"),
    "privacy_erasure": Held(Fate.STAYS, "the certificate of an erasure", "erasures"),
}


def fates(fate: Fate) -> tuple[str, ...]:
    """Return the tables that meet a fate."""
    return tuple(table for table, held in HELD.items() if held.fate is fate)
