"""Spans in which a unit's accounts do not lapse, since it has left the sliding model."""

from django.db import migrations, models

from verno.kit import grants

LAPSE = """
CREATE FUNCTION ledger_lapse(unit uuid, at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE STRICT
AS $$
    -- An account's own end, unless it falls into a pause of its unit: then the account has none.
    SELECT CASE WHEN NOT EXISTS (
        SELECT FROM ledger_pause p
        WHERE p.unit_id = unit AND p.from_at < at AND (p.until_at IS NULL OR at <= p.until_at)
    ) THEN at END
$$;
CREATE FUNCTION ledger_lapse_kept(unit uuid, at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE STRICT
AS $$
    -- What is kept of an end that a pause took away, once the account changes without it: the pause's first moment, so
    -- that it does not come back after the pause, and that what had lapsed before is still explained.
    SELECT coalesce((
        SELECT least(at, max(p.from_at) + interval '1 microsecond') FROM ledger_pause p
        WHERE p.unit_id = unit AND p.from_at < at
    ), at)
$$;
REVOKE ALL ON FUNCTION ledger_lapse(uuid, timestamptz), ledger_lapse_kept(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_lapse(uuid, timestamptz), ledger_lapse_kept(uuid, timestamptz) TO verno_app;
"""

STATE_AT = """
CREATE OR REPLACE FUNCTION ledger_state_at(holder uuid, account uuid, moment timestamptz)
RETURNS TABLE (available bigint, pending bigint, held bigint, debt bigint)
LANGUAGE sql STABLE
AS $$
    -- The one reading of an account past its next_change_at; no moment means nothing to read. Points become available
    -- when their lot begins or a hold's time frees them, unless the lot is over by then; in that order (those that end
    -- first going first) they pay the debt, even if they would be over by now. Sliding expiry ends what began before.
    WITH lots AS (
        SELECT l.id, l.remaining - l.held AS free, l.held, l.active_from,
               coalesce(l.expires_at, 'infinity') AS expires_at,
               least(coalesce(l.expires_at, 'infinity'),
                     CASE WHEN l.active_from <= s.lapses_at THEN s.lapses_at ELSE 'infinity' END) AS over
        FROM ledger_account a
        CROSS JOIN LATERAL (SELECT ledger_lapse(a.unit_id, a.lapses_at) AS lapses_at OFFSET 0) s
        JOIN ledger_lot l ON l.holder_id = a.holder_id AND l.account_id = a.id AND l.remaining > 0
        WHERE moment IS NOT NULL AND a.holder_id = holder AND a.id = account
    ), freed AS (
        SELECT p.lot_id, p.amount, h.expires_at AS at
        FROM ledger_hold h JOIN ledger_hold_lot p ON p.holder_id = h.holder_id AND p.hold_id = h.id
        WHERE moment IS NOT NULL AND h.holder_id = holder AND h.account_id = account AND h.state = 'open'
          AND h.expires_at <= moment
    ), parts AS (
        SELECT free AS amount, active_from AS at, lots.* FROM lots WHERE free > 0 AND active_from <= moment
        UNION ALL
        SELECT f.amount, f.at, lots.* FROM freed f JOIN lots ON lots.id = f.lot_id
    ), in_order AS (
        SELECT amount, over, sum(amount) OVER (
                   ORDER BY at, expires_at, active_from, id ROWS UNBOUNDED PRECEDING) AS so_far
        FROM parts
        WHERE at < over
    ), owed AS (
        SELECT coalesce((SELECT a.debt FROM ledger_account a
                         WHERE moment IS NOT NULL AND a.holder_id = holder AND a.id = account), 0) AS points
    )
    SELECT coalesce((SELECT sum(least(amount, greatest(so_far - owed.points, 0))) FROM in_order WHERE over > moment),
                    0)::bigint,
           coalesce((SELECT sum(free) FROM lots WHERE active_from > moment AND over > moment), 0)::bigint,
           (coalesce((SELECT sum(lots.held) FROM lots), 0) - coalesce((SELECT sum(amount) FROM freed), 0))::bigint,
           greatest(owed.points - coalesce((SELECT max(so_far) FROM in_order), 0), 0)::bigint
    FROM owed
$$;
"""


class Migration(migrations.Migration):
    """A table that stays empty until a unit leaves the sliding model, and the reading of accounts with it."""

    dependencies = [("ledger", "0008_recover")]

    operations = [
        migrations.CreateModel(
            name="Pause",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "unit_id", "from_at", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("unit_id", models.UUIDField()),
                ("from_at", models.DateTimeField()),
                ("until_at", models.DateTimeField(null=True)),
                ("program_id", models.UUIDField()),
            ],
            options={"db_table": "ledger_pause"},
        ),
        grants.may("ledger_pause", update=("until_at",)),
        grants.guard("ledger_pause"),
        migrations.RunSQL(LAPSE, "DROP FUNCTION ledger_lapse(uuid, timestamptz), ledger_lapse_kept(uuid, timestamptz)"),
        migrations.RunSQL(STATE_AT, migrations.RunSQL.noop),
    ]
