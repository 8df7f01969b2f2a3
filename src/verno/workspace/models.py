"""Tables of the workspace."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Program(models.Model):
    """One loyalty program: a currency, a zone, a language, and everything else hangs on it."""

    id = models.UUIDField(primary_key=True)
    name = models.TextField()
    currency = models.TextField()
    timezone = models.TextField()
    country = models.TextField()
    locale = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        """Few rows."""

        db_table = "workspace_program"


class Unit(models.Model):
    """A kind of points; what is set for it lies in ``Setting``.

    ``life_days`` is how the expiry was said before, and what the previous release reads: ``days:N``, or None.
    """

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(Program, models.PROTECT)
    code = models.TextField()
    scale = models.SmallIntegerField(default=0)
    life_days = models.IntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        """Codes are unique in a program."""

        db_table = "workspace_unit"
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="workspace_unit_code"),
            models.CheckConstraint(condition=models.Q(scale__gte=0, scale__lte=2), name="workspace_unit_scale"),
        ]


class Place(models.Model):
    """A node of the tree network > region > store > till. A store's code is unique in its program."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(Program, models.PROTECT)
    parent = models.ForeignKey("self", models.PROTECT, null=True)
    kind = models.TextField()
    code = models.TextField()
    name = models.TextField()
    timezone = models.TextField(null=True)
    anonymous_holder_id = models.UUIDField(unique=True)
    created_at = models.DateTimeField()

    class Meta:
        """Stores are found by code; tills by code in their store."""

        db_table = "workspace_place"
        constraints = [
            models.UniqueConstraint(
                fields=["program", "kind", "parent", "code"], name="workspace_place_code", nulls_distinct=False
            ),
            models.UniqueConstraint(
                fields=["program", "code"], name="workspace_store_code", condition=models.Q(kind="store")
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["network", "region", "store", "till"]), name="workspace_place_kind"
            ),
        ]


class ApiKey(models.Model):
    """A key of an integrator. Only the secret's SHA-256 is kept; it has 256 random bits of its own.

    ``places`` are codes of stores, none of them meaning all; ``rate`` is requests a minute, NULL meaning any number.
    """

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(Program, models.PROTECT)
    name = models.TextField()
    prefix = models.TextField(unique=True)
    secret_hash = models.BinaryField()
    scopes = ArrayField(models.TextField())
    places = ArrayField(models.TextField(), db_default=[])
    rate = models.IntegerField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        """Found by the readable prefix."""

        db_table = "workspace_api_key"
        constraints = [models.CheckConstraint(condition=models.Q(rate__gt=0), name="workspace_api_key_rate")]


class KeyMeter(models.Model):
    """How far a key with a rate is ahead of it: ``full_at`` is the moment its whole allowance is there again."""

    key_id = models.UUIDField(primary_key=True)
    full_at = models.DateTimeField()

    class Meta:
        """Not logged: a crash of the database fills every allowance, and a request costs no write to disk."""

        db_table = "workspace_key_meter"


class Setting(models.Model):
    """A value that is set for a program, a place or a unit; the registry says what may be set. JSON null: no longer."""

    pk = models.CompositePrimaryKey("program_id", "scope", "key")
    program_id = models.UUIDField()
    scope = models.TextField()
    key = models.TextField()
    value = models.JSONField()
    changed_at = models.DateTimeField()

    class Meta:
        """``scope`` is ``program``, ``place=<code>``, ``unit=<code>`` and so on, see ``settings``."""

        db_table = "workspace_setting"


class SetupToken(models.Model):
    """A one-use link that lets the first owner set a password; only its SHA-256 is kept."""

    token_hash = models.BinaryField(primary_key=True)
    program = models.ForeignKey(Program, models.PROTECT)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        """One row a link."""

        db_table = "workspace_setup_token"


class Staff(AbstractBaseUser):
    """A person who works here; signs in by e-mail and password (argon2).

    ``places`` are codes of stores, none of them meaning all. ``external_id`` is the person's number at the tills,
    ``pin_hash`` (argon2) what approves there.
    """

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(Program, models.PROTECT)
    email = models.EmailField(unique=True)
    name = models.TextField()
    role = models.TextField()
    places = ArrayField(models.TextField(), db_default=[])
    external_id = models.TextField(null=True)
    pin_hash = models.TextField(null=True)
    locale = models.TextField(default="en")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = BaseUserManager()

    class Meta:
        """What a role may do is said in ``roles``."""

        db_table = "workspace_staff"
        constraints = [models.UniqueConstraint(fields=["program", "external_id"], name="workspace_staff_external")]


class Invitation(models.Model):
    """A one-use link that lets a member of staff choose a password; only its SHA-256 is kept."""

    token_hash = models.BinaryField(primary_key=True)
    staff = models.ForeignKey(Staff, models.PROTECT)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        """A table of its own: the previous release would make an owner of whoever brings a set-up token."""

        db_table = "workspace_invitation"


class TryCount(models.Model):
    """Tries at one secret (a password, a PIN); whose it is stands here only as a keyed hash, known or not."""

    what_hash = models.BinaryField(primary_key=True)
    tries = models.IntegerField()
    last_at = models.DateTimeField()

    class Meta:
        """A row goes when the secret was right."""

        db_table = "workspace_try_count"


class AuditEntry(models.Model):
    """Who changed what: codes, ids and keyed hashes, nothing personal. Only ever added to."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(Program, models.PROTECT)
    at = models.DateTimeField()
    actor_kind = models.TextField()
    actor_id = models.TextField()
    address = models.GenericIPAddressField(null=True)
    action = models.TextField()
    object_kind = models.TextField()
    object_id = models.TextField()
    detail = models.TextField(db_default="")
    before_hash = models.BinaryField(null=True)
    after_hash = models.BinaryField(null=True)

    class Meta:
        """Read by time, and by the object it is about."""

        db_table = "workspace_audit"
        indexes = [
            models.Index(fields=["program", "at", "id"], name="workspace_audit_story"),
            models.Index(fields=["program", "object_kind", "object_id", "at"], name="workspace_audit_object"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(actor_kind__in=["staff", "key", "operator", "system"]), name="workspace_audit_actor"
            ),
        ]
