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
    """A key of an integrator. Only the secret's SHA-256 is kept; it has 256 random bits of its own."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(Program, models.PROTECT)
    name = models.TextField()
    prefix = models.TextField(unique=True)
    secret_hash = models.BinaryField()
    scopes = ArrayField(models.TextField())
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        """Found by the readable prefix."""

        db_table = "workspace_api_key"


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
    """A person who works here; signs in by e-mail and password (argon2)."""

    id = models.UUIDField(primary_key=True)
    program = models.ForeignKey(Program, models.PROTECT)
    email = models.EmailField(unique=True)
    name = models.TextField()
    role = models.TextField()
    locale = models.TextField(default="en")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = BaseUserManager()

    class Meta:
        """Roles beyond the owner come with the console issue."""

        db_table = "workspace_staff"
