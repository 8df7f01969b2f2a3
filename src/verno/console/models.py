"""The console's own table: failed sign-ins, counted per account."""

from django.db import models


class SignInCount(models.Model):
    """Failed sign-ins of one account name, known or not; the name only as a keyed hash."""

    account_hash = models.BinaryField(primary_key=True)
    failures = models.IntegerField()
    last_at = models.DateTimeField()

    class Meta:
        """A row goes when its account signs in."""

        db_table = "console_sign_in_count"
