"""Tables of households. A household's id is the holder id of its pool in the ledger."""

from django.db import models


class Household(models.Model):
    """Members who belong together; closed when the last adult has left."""

    id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        """It has no name: who they are says enough."""

        db_table = "members_household"


class Housemate(models.Model):
    """In which household a member is, or was last; ``free_at``: from when on they may join another one.

    A merge leaves the row where it is: whoever asks for a member's household asks for that of whom they were, too.
    """

    holder_id = models.UUIDField(primary_key=True)
    program_id = models.UUIDField()
    household_id = models.UUIDField()
    role = models.TextField()
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    free_at = models.DateTimeField(null=True)

    class Meta:
        """One row a member: nobody is in two households."""

        db_table = "members_housemate"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=["head", "adult", "child"]), name="members_housemate_role"
            ),
        ]
        indexes = [
            models.Index(
                fields=["household_id"], condition=models.Q(left_at__isnull=True), name="members_housemate_now"
            ),
        ]


class HouseholdInvitation(models.Model):
    """A code that lets one member in, by keyed hash; gone once it was used."""

    pk = models.CompositePrimaryKey("program_id", "code_hash")
    program_id = models.UUIDField()
    code_hash = models.BinaryField()
    household_id = models.UUIDField()
    role = models.TextField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        """A handful a household."""

        db_table = "members_household_invitation"
        indexes = [models.Index(fields=["household_id"], name="members_invitation_of")]
