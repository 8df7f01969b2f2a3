"""Tables of companies."""

from django.db import models


class CompanyContact(models.Model):
    """Who speaks for a company: name, e-mail and phone in one box, sealed with the company's key.

    The hashes are those of the program's contacts, but claim nothing: one accountant may serve many companies.
    """

    pk = models.CompositePrimaryKey("holder_id", "id")
    holder_id = models.UUIDField()
    id = models.UUIDField()
    program_id = models.UUIDField()
    role = models.TextField()
    member_id = models.UUIDField(null=True)
    email_hash = models.BinaryField(null=True)
    phone_hash = models.BinaryField(null=True)
    sealed = models.BinaryField()
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        """A few rows a company."""

        db_table = "members_company_contact"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=["decision-maker", "accountant", "other"]), name="members_contact_role"
            ),
        ]
        indexes = [
            models.Index(
                fields=["program_id", "email_hash"],
                condition=models.Q(email_hash__isnull=False),
                name="members_contact_email",
            ),
            models.Index(
                fields=["program_id", "phone_hash"],
                condition=models.Q(phone_hash__isnull=False),
                name="members_contact_phone",
            ),
        ]
