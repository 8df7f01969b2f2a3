"""An erasure takes the salt with a consent's evidence: what its seal holds of it is noise from then on."""

from importlib import import_module

from django.db import migrations

EVIDENCE = "evidence_ref = NULL,"


def salted(function: str) -> str:
    """Return a door's text that takes the salt along."""
    return function.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION").replace(
        EVIDENCE, f"{EVIDENCE} salt = NULL,"
    )


FORGET_BEFORE: str = import_module("verno.privacy.migrations.0003_new_rooms").FORGET
REMOVE_BEFORE: str = import_module("verno.privacy.migrations.0004_contacts").REMOVE
FORGET = salted(FORGET_BEFORE)
REMOVE = salted(REMOVE_BEFORE)


class Migration(migrations.Migration):
    """The same doors with the same keys; a release before this one calls them as it did."""

    dependencies = [("privacy", "0004_contacts"), ("members", "0022_sealed_consents")]

    operations = [
        migrations.RunSQL(FORGET, FORGET_BEFORE),
        migrations.RunSQL(REMOVE, REMOVE_BEFORE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")),
    ]
