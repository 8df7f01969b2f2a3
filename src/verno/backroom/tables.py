"""What the back room lists, and what it leaves out on purpose."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from verno.backroom.plain import Table
from verno.backroom.telling import TELLING
from verno.catalogue import models as catalogue
from verno.corrections import models as corrections
from verno.intake import models as intake
from verno.kit import models as kit
from verno.ledger import models as ledger
from verno.ledger.types import AccountKind, HoldState, TransferKind
from verno.limits import models as limits
from verno.members import models as members
from verno.progress import models as progress
from verno.promotions import models as promotions
from verno.replay import models as replay
from verno.replay.runs.types import State as ReplayState
from verno.reports import models as reports
from verno.sealing import models as sealing
from verno.workspace import models as workspace
from verno.workspace.roles import Role

HOLDER = ("holder_id", "id")
"""How what belongs to a member is kept together; its index begins with the holder."""

MINE, CODE = ("holder_id",), ("code",)

ROOMS: tuple[tuple[Promise, tuple[Table, ...]], ...] = (
    (
        _("Ledger"),
        (
            Table(
                ledger.Account,
                _("Accounts"),
                "id holder_id unit_id kind available pending held debt next_change_at lapses_at changed_at",
                "id",
                HOLDER,
                ("holder_id",),
                {"kind": list(AccountKind)},
            ),
            Table(
                ledger.Transfer,
                _("Transfers"),
                "id holder_id at recorded_at kind reason amount unit_id debit_account_id credit_account_id operation_id"
                " reverses_id txid",
                "id",
                HOLDER,
                ("holder_id",),
                {"kind": list(TransferKind)},
            ),
            Table(
                ledger.Lot,
                _("Lots"),
                "id holder_id account_id amount remaining held active_from expires_at awaits restores_id transfer_id",
                "id",
                HOLDER,
                ("holder_id",),
            ),
            Table(
                ledger.LotMove,
                _("Moves of lots"),
                "holder_id lot_id transfer_id amount",
                order=("holder_id", "lot_id", "transfer_id"),
                find=("holder_id",),
            ),
            Table(
                ledger.Hold,
                _("Holds"),
                "id holder_id account_id operation_id amount captured placed_at expires_at state",
                "id",
                HOLDER,
                ("holder_id",),
                {"state": list(HoldState)},
            ),
            Table(
                ledger.HoldLot,
                _("Lots of holds"),
                "holder_id hold_id lot_id amount",
                order=("holder_id", "hold_id", "lot_id"),
                find=("holder_id",),
            ),
            Table(ledger.Operation, _("Operations"), "key id holder_id", order=("key",), find=("key",)),
            Table(ledger.Day, _("Days told"), "day told_at", order=("-day",)),
            Table(
                ledger.Pause, _("Pauses of sliding expiry"), "unit_id from_at until_at", order=("-from_at", "unit_id")
            ),
        ),
    ),
    (
        _("Till"),
        (
            Table(
                intake.Receipt,
                _("Receipts"),
                "id series number place_id till_id cashier channel at recorded_at status amount discount line_count"
                " points points_value holder_id rulebook_id hold_expires_at lines_holder_id approved_by",
                "id",
                ("-id",),
                ("id", "holder_id"),
            ),
            Table(
                intake.ReceiptClaim,
                _("Numbers taken"),
                "place_id series number receipt_id holder_id",
                order=("place_id", "series", "number"),
                find=("place_id",),
            ),
            Table(
                intake.ReceiptLine,
                _("Lines of receipts"),
                "holder_id receipt_id line goods_id quantity amount discount",
                order=("holder_id", "receipt_id", "line"),
                find=("holder_id",),
            ),
            Table(
                intake.Step,
                _("Steps of receipts"),
                "id holder_id receipt_id slot kind at recorded_at till cashier fiscal_number member_id points"
                " points_value",
                order=("holder_id", "receipt_id", "slot"),
                find=("holder_id",),
            ),
            Table(
                intake.Return,
                _("Returns"),
                "id holder_id series number place_id till cashier at recorded_at status original_id refund"
                " points_value",
                "id",
                HOLDER,
                ("holder_id",),
            ),
            Table(
                intake.Parked,
                _("Parked returns"),
                "id series number place_id original_place_id original_series original_number at recorded_at",
                "id",
                ("id",),
                ("id",),
            ),
            Table(
                intake.ImportRun,
                _("Imports"),
                "id kind file_sha256 rows_done accepted refused started_at finished_at",
                "id",
                ("-id",),
                ("id",),
            ),
        ),
    ),
    (
        _("Members"),
        (
            Table(
                members.Member,
                _("Members"),
                "id external_id locale created_at changed_at",
                "id",
                ("-id",),
                ("id", "external_id"),
            ),
            Table(
                members.Identity,
                _("Identities"),
                "holder_id kind created_at verified_at verified_by",
                order=("holder_id", "kind"),
                find=("holder_id",),
            ),
            Table(
                members.Consent,
                _("Consents"),
                "id holder_id purpose topic channel action method text_id text_version actor evidence_ref valid_until"
                " reason occurred_at recorded_at",
                "id",
                HOLDER,
                ("holder_id",),
            ),
            Table(
                members.Badge,
                _("Badges"),
                "holder_id code given_at until source",
                order=("holder_id", "code"),
                find=("holder_id",),
            ),
            Table(members.Wish, _("Wishes"), "holder_id most_per paused_until changed_at", order=MINE, find=MINE),
            Table(
                members.District,
                _("Districts"),
                "code kind names archived_at changed_at",
                order=CODE,
                find=CODE,
            ),
            Table(
                members.Topic,
                _("Topics"),
                "code class_name names double_opt_in min_age archived_at",
                order=CODE,
                find=CODE,
            ),
            Table(
                members.ConsentText,
                _("Texts of consents"),
                "text_id version locale purpose body published_at published_by",
                order=("text_id", "-version", "locale"),
            ),
            Table(members.AttributeType, _("Attributes"), "name type", order=("name",), find=("name",)),
            Table(
                members.Redirect,
                _("Merged members"),
                "holder_id into_id survivor_id merged_at",
                "holder_id",
                ("holder_id",),
                ("holder_id",),
            ),
        ),
    ),
    (
        _("Corrections"),
        (
            Table(
                corrections.Correction,
                _("Corrections"),
                "id holder_id kind unit_id points reason to_id expires_at status author_kind author_id asked_at"
                " decided_by decided_at",
                "id",
                HOLDER,
                ("holder_id",),
            ),
            Table(
                corrections.Merge,
                _("Merges"),
                "id holder_id into_id merged_at author_kind author_id undone_at undone_by_kind undone_by_id",
                "id",
                HOLDER,
                ("holder_id",),
            ),
            Table(
                corrections.MergeMove,
                _("Moves of merges"),
                "holder_id operation_id unit_id merge_id moved_at",
                order=("holder_id", "operation_id"),
                find=("holder_id",),
            ),
            Table(
                corrections.Opening,
                _("Opening balances"),
                "key holder_id operation_id run_id row",
                order=("key",),
                find=("key",),
            ),
            Table(
                corrections.OwnAccount,
                _("Staff's own accounts"),
                "staff_id holder_id declared_at",
                order=("staff_id", "holder_id"),
                find=("staff_id",),
            ),
        ),
    ),
    (
        _("Limits"),
        (
            Table(
                limits.Limit,
                _("Limits"),
                "id subject measure unit window most hard place created_at changed_at removed_at",
                "id",
                ("-id",),
                ("id",),
            ),
            Table(
                limits.Counter,
                _("Counters"),
                "limit_id subject bucket used held alerted changed_at",
                order=("limit_id", "subject", "bucket"),
                find=("limit_id",),
            ),
            Table(
                limits.Use,
                _("Uses"),
                "operation_id limit_id subject bucket amount until ends_at recorded_at",
                order=("operation_id", "limit_id"),
                find=("operation_id",),
            ),
            Table(
                limits.Alert,
                _("Alerts"),
                "id limit_id subject bucket operation_id holder_id place used most at recorded_at",
                order=("limit_id", "subject", "bucket"),
                find=("limit_id",),
            ),
        ),
    ),
    (
        _("Progress"),
        (
            Table(progress.Track, _("Tracks"), "id code created_at removed_at", "id", ("-id",), ("id", "code")),
            Table(
                progress.Version,
                _("Versions"),
                "track_id version counter_id effective_from counts_from filled_at published_at body rule",
                order=("track_id", "version"),
                find=("track_id",),
            ),
            Table(
                progress.Bucket,
                _("Counts by day"),
                "holder_id counter_id day amount changed_at",
                order=("holder_id", "counter_id", "day"),
                find=("holder_id",),
            ),
            Table(
                progress.Tier,
                _("Standings"),
                "owner_id track_id version step since value times holds_until grace_until warned_for is_set due_on"
                " changed_at",
                order=("owner_id", "track_id"),
                find=("owner_id",),
            ),
            Table(
                progress.Floor,
                _("Steps that were set"),
                "holder_id track_id key step first last source by set_at revoked_at",
                order=("holder_id", "track_id", "key"),
                find=("holder_id",),
            ),
            Table(
                progress.Contract,
                _("Agreed shares"),
                "owner_id track_id first last share by set_at",
                order=("owner_id", "track_id", "first"),
                find=("owner_id",),
            ),
        ),
    ),
    TELLING,
    (
        _("Program"),
        (
            Table(workspace.Program, _("Programs"), "id name currency timezone country locale created_at", "id"),
            Table(workspace.Unit, _("Units"), "id code scale life_days created_at", "id", ("id",), ("code",)),
            Table(
                workspace.Place,
                _("Places"),
                "id kind code name parent_id timezone anonymous_holder_id created_at",
                "id",
                ("id",),
                ("code", "id"),
                {"kind": ("network", "region", "store", "till")},
            ),
            Table(
                workspace.Setting,
                _("Settings"),
                "scope key value changed_at",
                order=("scope", "key"),
                find=("key", "scope"),
            ),
            Table(
                promotions.Rulebook,
                _("Rulebooks"),
                "id version title body effective_from published_at withdrawn_at",
                "id",
                ("-id",),
                ("id",),
            ),
            Table(
                promotions.Draft,
                _("Drafts of rules"),
                "id number title body based_on author editors revision state created_at changed_at submitted_by"
                " submitted_at reviewer reviewed_at comment publish_at version result above_budget"
                " approved_above_budget",
                "id",
                ("-id",),
                ("id",),
            ),
            Table(
                promotions.Pause,
                _("Pauses of rules"),
                "id kind code paused_at paused_by resumed_at resumed_by",
                "id",
                ("-id",),
                ("id", "code"),
            ),
            Table(
                replay.Run,
                _("Replays"),
                "id title draft revision since until state done total started_by created_at seen_at finished_at kept",
                "id",
                ("-id",),
                ("id",),
                {"state": list(ReplayState)},
            ),
            Table(
                promotions.BudgetCounter,
                _("Budgets of rules"),
                "rule budget subject bucket used held told changed_at",
                order=("rule", "budget", "subject", "bucket"),
                find=("rule", "subject"),
            ),
            Table(
                promotions.BudgetUse,
                _("Uses of budgets"),
                "operation_id rule budget subject bucket amount until recorded_at",
                order=("operation_id", "rule"),
                find=("operation_id",),
            ),
            Table(catalogue.Goods, _("Goods"), "id sku name category created_at", "id", ("-id",), ("sku", "id")),
            Table(
                reports.MonthFigures, _("Figures by month"), "month receipts unmatched amount points", order=("-month",)
            ),
        ),
    ),
    (
        _("Access"),
        (
            Table(
                workspace.ApiKey,
                _("API keys"),
                "id name prefix scopes places rate created_at expires_at revoked_at last_used_at",
                "id",
                ("-id",),
                ("id", "prefix"),
            ),
            Table(
                workspace.Staff,
                _("Staff"),
                "id role places external_id locale is_active last_login created_at",
                "id",
                ("-id",),
                ("id",),
                {"role": list(Role)},
            ),
            Table(workspace.SetupToken, _("Set-up links"), "expires_at used_at", order=("-expires_at",)),
            Table(workspace.Invitation, _("Invitations"), "staff_id expires_at used_at", order=("-expires_at",)),
            Table(
                workspace.AuditEntry,
                _("Audit"),
                "id at actor_kind actor_id action object_kind object_id detail",
                "id",
                ("-at", "-id"),
                ("id",),
                {"actor_kind": ("staff", "key", "operator", "system")},
            ),
        ),
    ),
    (
        _("Engine room"),
        (
            Table(kit.Event, _("Events"), "xid id type holder_id body at", order=("-xid", "-id")),
            Table(kit.Cursor, _("Readers of events"), "reader position moved_at", "reader"),
            Table(kit.Heartbeat, _("Heartbeats"), "part at", "part"),
            Table(kit.Quarantine, _("Restores"), "id since restored_to released_at", "id"),
            Table(
                sealing.Block, _("Sealed blocks"), "number total count last_txid last_id sealed_at", order=("-number",)
            ),
            Table(
                sealing.ConsentBlock, _("Sealed blocks of consents"), "number total count sealed_at", order=("-number",)
            ),
            Table(sealing.Head, _("Signed heads"), "number date closes sealed_at document", order=("-number",)),
            Table(sealing.Notice, _("Heads sent to owners"), "number staff_id at", order=("-number", "staff_id")),
        ),
    ),
)
"""Rooms by package, each with its tables."""

LEFT_OUT = {
    "imports_upload": "sealed files of members; the page of imports tells of them",
    "privacy_answer": "what processors answered; the page of an erasure shows it",
    "privacy_handout": "links to a member's data; the member's page tells of the newest",
    "privacy_erasure": "requests to be forgotten have a page of their own, for who may erase",
    "members_key": "keys that open contacts",
    "members_device": "sealed chats and browsers of members; the member's page of consents shows how many",
    "members_used_link": "links to chats that were used, so that none works twice",
    "members_word": "sealed words that members wrote; the console shows them to who may read them",
    "messaging_pace": "moments at which providers may next be asked; gone when they are over",
    "messaging_warming": "how many advertising letters a new mail domain has sent a day; the preflight tells of it",
    "messaging_broadcast_version": "edits of broadcasts; the console's page of a broadcast has them",
    "members_household": "the console shows a household with the members who are in it",
    "members_household_invitation": "keyed hashes of codes that let somebody into a household",
    "members_housemate": "who is in which household; the console shows it with the members",
    "members_compared": "how far the finder of duplicates has looked",
    "members_duplicate": "likely duplicates; the console's page shows who they are",
    "members_company_contact": "sealed contacts of companies",
    "members_location": "sealed locations of members; their own page shows the districts",
    "members_moved_identity": "sealed contacts of merged members",
    "messaging_early_receipt": "words of providers that came before their message's own row was written, for a day",
    "members_otp": "keyed hashes of codes that are good for five minutes",
    "members_tombstone": "keyed hashes of addresses whose members were erased",
    "members_otp_count": "keyed hashes of what codes were sent to",
    "members_parted": "ties of merges that were undone; the merges themselves say more",
    "workspace_key_meter": "moments that change with every request",
    "workspace_try_count": "keyed hashes of what was typed",
    "console_sign_in_count": "the previous release's count of the same",
    "replay_loss": "whom a replay would cost something; the replay's page shows it to whoever may see it",
    "webhooks_incoming": "other people's events, which may hold anything; a source's page shows their types",
    "sealing_snapshot": "bytes that only proofs read",
}
"""Tables that are not listed, and why."""
