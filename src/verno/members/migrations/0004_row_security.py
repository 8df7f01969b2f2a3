"""Each statement of the application sees one program's rows."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Row security of members; the previous release, which names no program, goes on seeing all (docs/adr/0012)."""

    atomic = False  # each table is locked alone
    dependencies = [("members", "0003_redirects"), ("kit", "0003_row_security")]

    operations = [
        grants.guard("members_member"),
        grants.guard("members_identity"),
        grants.guard("members_attribute_type"),
        grants.guard("members_consent"),
        grants.guard("members_topic"),
        grants.guard("members_redirect"),
        grants.guard("members_moved_identity"),
    ]
