"""Guards that SQL alone can say: what the application may change, and what belongs together."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Grants of workspace."""

    dependencies = [("workspace", "0001_initial"), ("kit", "0002_guards")]

    operations = [
        grants.may("workspace_program", update=("name", "timezone", "country", "locale")),
        grants.may("workspace_unit", update=("life_days",)),
        grants.may("workspace_place", update=("name", "timezone", "parent_id")),
        grants.may("workspace_api_key", update=("revoked_at", "last_used_at")),
        grants.may("workspace_setting", update=("value", "changed_at")),
        grants.may("workspace_setup_token", update=("used_at",)),
        grants.may(
            "workspace_staff", update=("email", "name", "role", "locale", "is_active", "password", "last_login")
        ),
    ]
