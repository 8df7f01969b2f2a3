"""An erasure takes what is left of an address's look-up hash in the name of the letter that asked whose it is."""

from importlib import import_module

from django.db import migrations

NAMED = "'confirm-email/%'"
OWN = "'confirm-email/' || id"
BEFORE: str = import_module("verno.privacy.migrations.0005_salts").FORGET
FORGET = BEFORE.replace(
    "SET context = '{}', response = NULL,",
    "SET context = '{}', response = NULL,"
    f" dedupe_key = CASE WHEN dedupe_key LIKE {NAMED} THEN {OWN} ELSE dedupe_key END,",
)


class Migration(migrations.Migration):
    """The same door with the same key; and those letters whose readers are gone already."""

    dependencies = [("privacy", "0007_answers"), ("messaging", "0017_warming")]

    operations = [
        migrations.RunSQL(FORGET, BEFORE),
        migrations.RunSQL(
            f"UPDATE messaging_message SET dedupe_key = {OWN} WHERE dedupe_key LIKE {NAMED}"  # noqa: S608 constants
            " AND NOT EXISTS (SELECT FROM members_member m WHERE m.id = messaging_message.holder_id)",
            migrations.RunSQL.noop,
        ),
    ]
