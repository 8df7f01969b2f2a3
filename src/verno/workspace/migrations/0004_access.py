"""Keys with places and rates, staff with places and PINs, invitations, counts of tries, the audit."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from verno.kit import grants


class Migration(migrations.Migration):
    """Only adds, so that the previous release goes on beside it."""

    dependencies = [("workspace", "0003_units"), ("kit", "0002_guards")]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("actor_kind", models.TextField()),
                ("actor_id", models.TextField()),
                ("address", models.GenericIPAddressField(null=True)),
                ("action", models.TextField()),
                ("object_kind", models.TextField()),
                ("object_id", models.TextField()),
                ("detail", models.TextField(db_default="")),
                ("before_hash", models.BinaryField(null=True)),
                ("after_hash", models.BinaryField(null=True)),
                (
                    "program",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="workspace.program"),
                ),
            ],
            options={
                "db_table": "workspace_audit",
                "indexes": [
                    models.Index(fields=["program", "at", "id"], name="workspace_audit_story"),
                    models.Index(fields=["program", "object_kind", "object_id", "at"], name="workspace_audit_object"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(actor_kind__in=["staff", "key", "operator", "system"]),
                        name="workspace_audit_actor",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("token_hash", models.BinaryField(primary_key=True, serialize=False)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "staff",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
                ),
            ],
            options={"db_table": "workspace_invitation"},
        ),
        migrations.CreateModel(
            name="KeyMeter",
            fields=[
                ("key_id", models.UUIDField(primary_key=True, serialize=False)),
                ("full_at", models.DateTimeField()),
            ],
            options={"db_table": "workspace_key_meter"},
        ),
        migrations.CreateModel(
            name="TryCount",
            fields=[
                ("what_hash", models.BinaryField(primary_key=True, serialize=False)),
                ("tries", models.IntegerField()),
                ("last_at", models.DateTimeField()),
            ],
            options={"db_table": "workspace_try_count"},
        ),
        migrations.AddField(
            model_name="apikey",
            name="places",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], size=None),
        ),
        migrations.AddField(model_name="apikey", name="rate", field=models.IntegerField(null=True)),
        migrations.AddField(model_name="staff", name="external_id", field=models.TextField(null=True)),
        migrations.AddField(model_name="staff", name="pin_hash", field=models.TextField(null=True)),
        migrations.AddField(
            model_name="staff",
            name="places",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], size=None),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(condition=models.Q(rate__gt=0), name="workspace_api_key_rate"),
        ),
        migrations.AddConstraint(
            model_name="staff",
            constraint=models.UniqueConstraint(fields=["program", "external_id"], name="workspace_staff_external"),
        ),
        migrations.RunSQL("ALTER TABLE workspace_key_meter SET UNLOGGED", migrations.RunSQL.noop),
        grants.may("workspace_audit"),
        grants.may("workspace_invitation", update=("used_at",)),
        grants.may("workspace_key_meter", update=("full_at",)),
        grants.may("workspace_try_count", update=("tries", "last_at"), delete=True),
        grants.may("workspace_api_key", update=("expires_at",)),
        grants.may("workspace_staff", update=("places", "external_id", "pin_hash")),
    ]
