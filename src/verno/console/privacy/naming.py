"""What is held of members in plain words, for ``console.words``."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: Mapping[str, dict[str, Promise | str]] = {
    "erasure": {
        "requested": _("asked for"),
        "done": _("erased"),
        "cancelled": _("called off"),
    },
    "erasure_refusal": {
        "unknown-member": _("There is no such member."),
        "already-requested": _("It has been asked for already."),
        "unknown-request": _("This is not there any more."),
        "not-open": _("Somebody has decided already."),
        "merged": _("This member is another one now: erase that one."),
    },
    "held": {
        "members_member": _("Profile: name, birth date, attributes"),
        "members_identity": _("Phone, e-mail, card"),
        "members_key": _("The key they are sealed with"),
        "members_moved_identity": _("Contacts from before a merge"),
        "members_otp": _("One-time codes"),
        "members_wish": _("Wishes: how often to write"),
        "members_badge": _("Badges"),
        "members_consent": _("Consents: the evidence goes, the dates stay"),
        "members_redirect": _("Which cards were one"),
        "members_parted": _("Which cards were one for a while"),
        "corrections_own_account": _("Which of the staff it is"),
        "corrections_correction": _("Corrections"),
        "corrections_merge": _("Merges"),
        "corrections_merge_move": _("Points moved by merges"),
        "corrections_opening": _("Points brought along"),
        "intake_receipt": _("Receipts: the sale stays, the member goes"),
        "intake_receipt_claim": _("Numbers of receipts"),
        "intake_receipt_line": _("Goods on receipts"),
        "intake_step": _("Steps of receipts"),
        "intake_return": _("Returns"),
        "kit_event": _("Events: ids, codes and figures"),
        "ledger_account": _("Accounts"),
        "ledger_operation": _("Operations"),
        "ledger_transfer": _("Movements of points"),
        "ledger_lot": _("Lots of points"),
        "ledger_lot_move": _("Parts of movements"),
        "ledger_hold": _("Points set aside"),
        "ledger_hold_lot": _("Parts of what was set aside"),
        "limits_alert": _("Limits that were reached"),
        "messaging_message": _("Messages: that they were sent stays, the words go"),
        "messaging_statement": _("Monthly figures"),
        "messaging_turn": _("Turns of advertising"),
        "progress_bucket": _("Progress by day"),
        "progress_floor": _("Steps that were set"),
        "progress_tier": _("Tiers and scales"),
        "replay_loss": _("Trials of rules"),
        "privacy_erasure": _("Requests to be forgotten"),
    },
}
