"""Servers' words are kept without the addresses that they repeat, and are no source of a suppression."""

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
        ),
        migrations.RunSQL(
            r"UPDATE messaging_message SET response = regexp_replace(response, '<?[^\s<>@]+@[^\s<>]+>?', '<…>', 'g')"
            " WHERE response LIKE '%@%'",
            migrations.RunSQL.noop,
        ),
    ]
