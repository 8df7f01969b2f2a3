"""Tables of members. Contacts are sealed with the member's own key and found by keyed hash."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from verno.members.companies.models import CompanyContact
from verno.members.households.models import Household, HouseholdInvitation, Housemate
from verno.members.likeness.models import Compared, Duplicate

__all__ = ["CompanyContact", "Compared", "Duplicate", "Household", "HouseholdInvitation", "Housemate"]


class Member(models.Model):
    """A person or firm in the program; its id is the ledger's holder id. ``folded`` is the name as it sounds."""

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    external_id = models.TextField()
    name = models.TextField(null=True)
    birth_date = models.DateField(null=True)
    locale = models.TextField(null=True)
    kind = models.TextField(db_default="person")
    buying_group = models.TextField(null=True)
    folded = models.TextField(null=True)
    home_place = models.TextField(null=True)
    attributes = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        """The trigram index on the name is in the migration."""

        db_table = "members_member"
        constraints = [
            models.UniqueConstraint(fields=["program_id", "external_id"], name="members_external_id"),
            models.CheckConstraint(condition=models.Q(kind__in=["person", "company"]), name="members_kind"),
        ]
        indexes = [
            models.Index(fields=["program_id", "id"], name="members_by_program"),
            models.Index(
                fields=["program_id", "buying_group"],
                condition=models.Q(buying_group__isnull=False),
                name="members_by_group",
            ),
            models.Index(
                fields=["program_id", "birth_date"],
                condition=models.Q(birth_date__isnull=False),
                name="members_by_birth",
            ),
            models.Index(fields=["program_id", "changed_at", "id"], name="members_by_change"),
            models.Index(fields=["program_id", "id"], condition=models.Q(kind="company"), name="members_companies"),
        ]


class MemberKey(models.Model):
    """The member's own data key, wrapped by the installation's; destroying it erases what it sealed."""

    holder_id = models.UUIDField(primary_key=True)
    wrapped = models.BinaryField()

    class Meta:
        """One row a member."""

        db_table = "members_key"


class Identity(models.Model):
    """The claim of a phone, e-mail or card: unique in a program, found by keyed hash, readable by the key."""

    pk = models.CompositePrimaryKey("program_id", "kind", "value_hash")
    program_id = models.UUIDField()
    kind = models.TextField()
    value_hash = models.BinaryField()
    holder_id = models.UUIDField()
    sealed = models.BinaryField()
    created_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)
    verified_by = models.TextField(null=True)
    fold_hash = models.BinaryField(null=True)

    class Meta:
        """Narrow and unpartitioned; one identity of a kind a member."""

        db_table = "members_identity"
        constraints = [
            models.UniqueConstraint(fields=["holder_id", "kind"], name="members_identity_one"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["phone", "email", "card"]), name="members_identity_kind"
            ),
        ]
        indexes = [
            models.Index(
                fields=["program_id", "kind", "fold_hash"],
                condition=models.Q(fold_hash__isnull=False),
                name="members_identity_fold",
            ),
        ]


class AttributeType(models.Model):
    """The type of a typed attribute, declared or taken from its first value."""

    pk = models.CompositePrimaryKey("program_id", "name")
    program_id = models.UUIDField()
    name = models.TextField()
    type = models.TextField()
    many = models.BooleanField(db_default=False)
    names = models.JSONField(db_default=models.Value({}, models.JSONField()))
    questions = models.JSONField(db_default=models.Value({}, models.JSONField()))
    choices = models.JSONField(null=True)
    pack = models.TextField(null=True)
    sensitive = models.BooleanField(db_default=False)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        """text, integer, boolean, date; a text may be one of choices, or many."""

        db_table = "members_attribute_type"


class Consent(models.Model):
    """One thing a member said (append-only). What follows from the history is read by ``members_said``.

    ``txid`` is the database transaction that wrote the row: history is sealed in its order. ``salt`` goes with the
    evidence when the member is erased: without it nobody can guess what was hashed.
    """

    pk = models.CompositePrimaryKey("holder_id", "id")
    holder_id = models.UUIDField()
    id = models.UUIDField()
    program_id = models.UUIDField()
    purpose = models.TextField(db_default="advertising")
    topic = models.TextField()
    channel = models.TextField()
    action = models.TextField()
    method = models.TextField()
    text_id = models.TextField(null=True)
    text_version = models.TextField(null=True)
    text_sha256 = models.BinaryField(null=True)
    locale = models.TextField(null=True)
    surface = models.TextField(null=True)
    actor = models.TextField(null=True)
    ip = models.TextField(null=True)
    agent = models.TextField(null=True)
    evidence_ref = models.TextField(null=True)
    country = models.TextField(null=True)
    valid_until = models.DateTimeField(null=True)
    address_hash = models.BinaryField(null=True)
    reason = models.TextField(null=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    txid = models.BigIntegerField(db_default=0)
    salt = models.UUIDField(null=True)

    class Meta:
        """Read by member, topic and channel, newest first."""

        db_table = "members_consent"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=["grant", "confirm", "withdraw", "expire", "import"]),
                name="members_consent_action",
            ),
        ]
        indexes = [
            models.Index(
                fields=["holder_id", "topic", "channel", "-occurred_at", "-id"], name="members_consent_newest"
            ),
            models.Index(
                fields=["program_id", "occurred_at"],
                condition=models.Q(action="withdraw"),
                name="members_consent_left",
            ),
        ]


class ConsentText(models.Model):
    """A text that members are shown when they are asked (append-only): what they said yes to, word for word."""

    pk = models.CompositePrimaryKey("program_id", "text_id", "version", "locale")
    program_id = models.UUIDField()
    text_id = models.TextField()
    version = models.IntegerField()
    locale = models.TextField()
    purpose = models.TextField()
    body = models.TextField()
    sha256 = models.BinaryField()
    published_at = models.DateTimeField()
    published_by = models.TextField()

    class Meta:
        """A few rows a program."""

        db_table = "members_consent_text"


class Topic(models.Model):
    """A group of messages that a member agrees to or leaves as one. ``class_name`` says how much they may ask."""

    pk = models.CompositePrimaryKey("program_id", "code")
    program_id = models.UUIDField()
    code = models.TextField()
    class_name = models.TextField()
    names = models.JSONField(db_default=models.Value({}, models.JSONField()))
    descriptions = models.JSONField(db_default=models.Value({}, models.JSONField()))
    is_default = models.BooleanField(db_default=False)
    double_opt_in = models.BooleanField(db_default=True)
    archived_at = models.DateTimeField(null=True)
    min_age = models.SmallIntegerField(null=True)

    class Meta:
        """Few rows a program; the class never changes."""

        db_table = "members_topic"


class Badge(models.Model):
    """A badge that a member was given by a ``source``. ``until``: it holds no longer; given again, the row says so.

    A merge leaves it where it is: whoever asks for a member's badges asks for those of whom they were, too.
    """

    pk = models.CompositePrimaryKey("holder_id", "code", "source")
    holder_id = models.UUIDField()
    code = models.TextField()
    program_id = models.UUIDField()
    given_at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    source = models.TextField()

    class Meta:
        """A few rows a member."""

        db_table = "members_badge"


class Wish(models.Model):
    """How often a member wishes to hear from the program: at most once in ``most_per`` days, not before a moment."""

    holder_id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    most_per = models.SmallIntegerField(null=True)
    paused_until = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        """One row a member who wished something."""

        db_table = "members_wish"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(most_per__isnull=True) | models.Q(most_per__gt=0), name="members_wish_most_per"
            ),
        ]


class District(models.Model):
    """An area: a border as GeoJSON, or postcodes and streets."""

    pk = models.CompositePrimaryKey("program_id", "code")
    program_id = models.UUIDField()
    code = models.TextField()
    kind = models.TextField()
    names = models.JSONField(db_default=models.Value({}, models.JSONField()))
    polygon = models.JSONField(null=True)
    entries = ArrayField(models.TextField())
    archived_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        """A few rows a program."""

        db_table = "members_district"
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=["polygon", "list"]), name="members_district_kind"),
        ]


class Location(models.Model):
    """Where a member lives, works or often is, sealed with their key; the districts that follow are codes in clear."""

    pk = models.CompositePrimaryKey("holder_id", "kind")
    holder_id = models.UUIDField()
    kind = models.TextField()
    program_id = models.UUIDField()
    sealed = models.BinaryField()
    districts = ArrayField(models.TextField())
    sorted_at = models.DateTimeField()

    class Meta:
        """At most three rows a member; those sorted before a district changed are found by their moment."""

        db_table = "members_location"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["home", "work", "visited"]), name="members_location_kind"
            ),
        ]
        indexes = [models.Index(fields=["program_id", "sorted_at"], name="members_location_sorted")]


class Otp(models.Model):
    """The one live code of a member's address for a purpose, by keyed hash."""

    pk = models.CompositePrimaryKey("holder_id", "kind", "purpose")
    holder_id = models.UUIDField()
    kind = models.TextField()
    purpose = models.TextField()
    program_id = models.UUIDField()
    code_hash = models.BinaryField()
    address_hash = models.BinaryField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.SmallIntegerField()

    class Meta:
        """A new code takes the old one's row."""

        db_table = "members_otp"


class OtpCount(models.Model):
    """How often something was done in an hour: codes sent to a number, codes tried; what, by keyed hash."""

    pk = models.CompositePrimaryKey("program_id", "hour", "what_hash")
    program_id = models.UUIDField()
    hour = models.DateTimeField()
    what_hash = models.BinaryField()
    used = models.IntegerField()

    class Meta:
        """Two days of rows."""

        db_table = "members_otp_count"


class Tombstone(models.Model):
    """That an address was a member's who was erased, by a hash that serves for this alone, until a moment."""

    pk = models.CompositePrimaryKey("program_id", "value_hash")
    program_id = models.UUIDField()
    value_hash = models.BinaryField()
    until = models.DateTimeField()

    class Meta:
        """Looked up by hash when somebody joins."""

        db_table = "members_tombstone"


class Device(models.Model):
    """A chat or a browser that a member is reached by: found by keyed hash, readable by the member's key."""

    pk = models.CompositePrimaryKey("program_id", "kind", "value_hash")
    program_id = models.UUIDField()
    kind = models.TextField()
    value_hash = models.BinaryField()
    holder_id = models.UUIDField()
    sealed = models.BinaryField()
    added_at = models.DateTimeField()

    class Meta:
        """Several of a kind a member; of one member at a time. A merge leaves it where it is."""

        db_table = "members_device"
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=["telegram", "push"]), name="members_device_kind"),
        ]
        indexes = [models.Index(fields=["holder_id", "kind"], name="members_device_holder")]


class UsedLink(models.Model):
    """A link to a chat that was used, by keyed hash, until its time is over."""

    pk = models.CompositePrimaryKey("program_id", "token_hash")
    program_id = models.UUIDField()
    token_hash = models.BinaryField()
    until = models.DateTimeField()

    class Meta:
        """Nearly always empty."""

        db_table = "members_used_link"


class Word(models.Model):
    """What a member wrote to us over a channel, sealed with their key (append-only): for a person to read."""

    pk = models.CompositePrimaryKey("holder_id", "id")
    holder_id = models.UUIDField()
    id = models.UUIDField()
    program_id = models.UUIDField()
    channel = models.TextField()
    sealed = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        """A few rows a member who writes."""

        db_table = "members_word"
        indexes = [models.Index(fields=["program_id", "-at"], name="members_word_newest")]


class Redirect(models.Model):
    """A member who turned out to be another one: whoever names them means ``survivor_id``.

    ``into_id`` is whom they were merged into; ``survivor_id`` the end of the chain, where that one was merged further.
    """

    holder_id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    into_id = models.UUIDField()
    survivor_id = models.UUIDField()
    merged_at = models.DateTimeField()

    class Meta:
        """Followed by every look-up; taken away again when the merge is undone."""

        db_table = "members_redirect"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(holder_id=models.F("into_id")) & ~models.Q(holder_id=models.F("survivor_id")),
                name="members_redirect_elsewhere",
            ),
        ]
        indexes = [
            models.Index(fields=["into_id"], name="members_redirect_into"),
            models.Index(fields=["survivor_id"], name="members_redirect_survivor"),
        ]


class Parted(models.Model):
    """Two who were one: a merge that was undone. What happened meanwhile still leads from one to the other."""

    pk = models.CompositePrimaryKey("holder_id", "into_id")
    holder_id = models.UUIDField()
    into_id = models.UUIDField()
    program_id = models.UUIDField()
    parted_at = models.DateTimeField()

    class Meta:
        """One row for two, however often they were merged and parted."""

        db_table = "members_parted"
        indexes = [models.Index(fields=["into_id"], name="members_parted_into")]


class MovedIdentity(models.Model):
    """A contact that a merge gave to the survivor, as the merged member's own key sealed it, for the undoing."""

    pk = models.CompositePrimaryKey("holder_id", "kind")
    holder_id = models.UUIDField()
    kind = models.TextField()
    program_id = models.UUIDField()
    value_hash = models.BinaryField()
    sealed = models.BinaryField()
    verified_at = models.DateTimeField(null=True)
    verified_by = models.TextField(null=True)

    class Meta:
        """Goes with the undoing, or with the member's key."""

        db_table = "members_moved_identity"
