"""The console's own table, which the previous release still counts failed sign-ins in."""

from django.db import models


class SignInCount(models.Model):
    """Failed sign-ins of one account name, known or not; the name only as a keyed hash."""

    account_hash = models.BinaryField(primary_key=True)
    failures = models.IntegerField()
    last_at = models.DateTimeField()

    class Meta:
        """Unused since ``workspace.throttle``; goes with the release after this one."""

        db_table = "console_sign_in_count"
