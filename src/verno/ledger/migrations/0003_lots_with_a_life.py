"""Columns and tables of lots with a life."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Holds, debts, lots that await, replace and are set aside."""

    dependencies = [
        ("ledger", "0002_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="Hold",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("holder_id", models.UUIDField()),
                ("id", models.UUIDField()),
                ("program_id", models.UUIDField()),
                ("account_id", models.UUIDField()),
                ("operation_id", models.UUIDField()),
                ("amount", models.BigIntegerField()),
                ("captured", models.BigIntegerField(db_default=0)),
                ("placed_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("state", models.TextField(db_default="open")),
            ],
            options={
                "db_table": "ledger_hold",
            },
        ),
        migrations.CreateModel(
            name="HoldLot",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "holder_id", "hold_id", "lot_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("holder_id", models.UUIDField()),
                ("hold_id", models.UUIDField()),
                ("lot_id", models.UUIDField()),
                ("amount", models.BigIntegerField()),
            ],
            options={
                "db_table": "ledger_hold_lot",
            },
        ),
        migrations.RemoveConstraint(
            model_name="account",
            name="ledger_account_floor",
        ),
        migrations.RemoveConstraint(
            model_name="account",
            name="ledger_account_program_plain",
        ),
        migrations.RemoveConstraint(
            model_name="transfer",
            name="ledger_transfer_kind",
        ),
        migrations.AddField(
            model_name="account",
            name="debt",
            field=models.BigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="account",
            name="lapses_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="lot",
            name="awaits",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="lot",
            name="held",
            field=models.BigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="lot",
            name="restores_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="transfer",
            name="reverses_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name="transfer",
            name="txid",
            field=models.BigIntegerField(db_default=0),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(("available__gte", 0), ("debt__gte", 0), ("held__gte", 0), ("pending__gte", 0)),
                name="ledger_account_floor",
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(("debt", 0), ("available", 0), _connector="OR"), name="ledger_account_debt_first"
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "member"),
                    models.Q(
                        ("available", 0),
                        ("debt", 0),
                        ("held", 0),
                        ("lapses_at", None),
                        ("next_change_at", None),
                        ("pending", 0),
                    ),
                    _connector="OR",
                ),
                name="ledger_account_program_plain",
            ),
        ),
        migrations.AddConstraint(
            model_name="lot",
            constraint=models.CheckConstraint(
                condition=models.Q(("held__gte", 0), ("held__lte", models.F("remaining"))), name="ledger_lot_held"
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "earn",
                            "spend",
                            "expire",
                            "take_back",
                            "put_back",
                            "repay",
                            "write_off",
                            "adjust",
                            "open",
                            "send",
                            "receive",
                            "merge",
                            "reinstate",
                            "erase",
                        ],
                    )
                ),
                name="ledger_transfer_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("state", "open")), fields=["holder_id", "account_id"], name="ledger_hold_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.UniqueConstraint(
                fields=("holder_id", "account_id", "operation_id"), name="ledger_hold_one"
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0), ("captured__gte", 0), ("captured__lte", models.F("amount"))),
                name="ledger_hold_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state", "captured"),
                    models.Q(("captured", 0), ("state__in", ["open", "released", "lapsed"])),
                    _connector="OR",
                ),
                name="ledger_hold_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="holdlot",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="ledger_hold_lot_amount"),
        ),
    ]
