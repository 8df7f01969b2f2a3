"""Whoever found out that an address is dead is named by one word: servers' words, which may hold it, are not kept."""

from django.db import migrations

OWN = "('server', 'domain', 'import', 'erasure')"
"""Sources that are words of ours; all others of this reason were a server's answer."""


class Migration(migrations.Migration):
    """Rows are rewritten in place, by the owner, whom row security does not hold."""

    dependencies = [("messaging", "0017_warming")]

    operations = [
        migrations.RunSQL(
            "UPDATE messaging_suppression SET source = 'server'"  # noqa: S608 a constant of ours
            f" WHERE reason = 'no-such-address' AND source NOT IN {OWN}",
            migrations.RunSQL.noop,
        )
    ]
