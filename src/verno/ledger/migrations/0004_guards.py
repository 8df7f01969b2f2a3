"""Guards of what 0003 added, the program's new accounts, and one name for a lot and the transfer that made it."""

from django.db import migrations

from verno.kit import grants

LOTS_BY_TRANSFER = """
-- A lot is named by its transfer from now on, so that nobody needs an index to find one by the other. Tills may go on
-- under the previous release meanwhile: no posting may run now that has read lots by their old names, or it would write
-- them a second time; and what that release still makes is renamed as it is committed, with what was taken out of it.
LOCK TABLE ledger_account IN EXCLUSIVE MODE;
UPDATE ledger_lot_move m SET lot_id = l.transfer_id
FROM ledger_lot l WHERE l.holder_id = m.holder_id AND l.id = m.lot_id AND l.id <> l.transfer_id;
UPDATE ledger_lot SET id = transfer_id WHERE id <> transfer_id;
CREATE FUNCTION ledger_lot_by_its_transfer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE ledger_lot_move SET lot_id = NEW.transfer_id WHERE holder_id = NEW.holder_id AND lot_id = NEW.id;
    UPDATE ledger_lot SET id = NEW.transfer_id WHERE holder_id = NEW.holder_id AND id = NEW.id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_lot_by_its_transfer AFTER INSERT ON ledger_lot
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.id <> NEW.transfer_id) EXECUTE FUNCTION ledger_lot_by_its_transfer();
"""

ORDER_OF_SEALING = """
ALTER TABLE ledger_transfer ALTER COLUMN txid SET DEFAULT pg_current_xact_id()::text::bigint;
CREATE INDEX ledger_transfer_sealing ON ledger_transfer USING brin (txid) WITH (pages_per_range = 16, autosummarize);
CREATE INDEX ledger_transfer_reverses ON ledger_transfer (holder_id, reverses_id) WHERE reverses_id IS NOT NULL;
CREATE INDEX ledger_lot_move_transfer ON ledger_lot_move (holder_id, transfer_id);
CREATE INDEX ledger_lot_restores ON ledger_lot (holder_id, restores_id) WHERE restores_id IS NOT NULL;
"""

NEW_ACCOUNTS = """
INSERT INTO ledger_account (holder_id, id, program_id, unit_id, kind, changed_at)
SELECT a.holder_id, gen_random_uuid(), a.program_id, a.unit_id, k.kind, 'epoch'
FROM ledger_account a
CROSS JOIN (VALUES ('adjusted'), ('opening'), ('clearing'), ('debt'), ('written_off')) AS k (kind)
WHERE a.kind = 'issued'
ON CONFLICT DO NOTHING;
"""

HOLDS = """
ALTER TABLE ledger_hold
    ADD CONSTRAINT ledger_hold_account FOREIGN KEY (holder_id, account_id) REFERENCES ledger_account (holder_id, id);
ALTER TABLE ledger_hold_lot
    ADD CONSTRAINT ledger_hold_lot_hold FOREIGN KEY (holder_id, hold_id) REFERENCES ledger_hold (holder_id, id);
CREATE FUNCTION ledger_hold_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'open' THEN
        RAISE EXCEPTION 'hold % has ended as % and stays so', OLD.id, OLD.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_hold_ends_once BEFORE UPDATE ON ledger_hold
    FOR EACH ROW EXECUTE FUNCTION ledger_hold_ends_once();
"""

LIVES = """
CREATE FUNCTION ledger_lot_keeps_its_dates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'lot % awaits nothing: its dates stay', OLD.id USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER ledger_lot_keeps_its_dates BEFORE UPDATE ON ledger_lot
    FOR EACH ROW
    WHEN (OLD.awaits IS NULL AND (NEW.active_from <> OLD.active_from OR NEW.expires_at IS DISTINCT FROM OLD.expires_at
                                  OR NEW.awaits IS NOT NULL))
    EXECUTE FUNCTION ledger_lot_keeps_its_dates();
"""

STATE_AT = """
CREATE FUNCTION ledger_state_at(holder uuid, account uuid, moment timestamptz)
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
                     CASE WHEN l.active_from <= a.lapses_at THEN a.lapses_at ELSE 'infinity' END) AS over
        FROM ledger_account a
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
    """Grants, triggers, indexes and the reading of accounts past their next change."""

    dependencies = [("ledger", "0003_lots_with_a_life")]

    operations = [
        migrations.RunSQL(LOTS_BY_TRANSFER, migrations.RunSQL.noop),
        migrations.RunSQL(ORDER_OF_SEALING, migrations.RunSQL.noop),
        migrations.RunSQL(NEW_ACCOUNTS, migrations.RunSQL.noop),
        migrations.RunSQL(HOLDS, migrations.RunSQL.noop),
        migrations.RunSQL(LIVES, migrations.RunSQL.noop),
        migrations.RunSQL(STATE_AT, migrations.RunSQL.noop),
        grants.may("ledger_account", insert=False, update=("debt", "lapses_at")),
        grants.may("ledger_lot", insert=False, update=("held", "active_from", "expires_at", "awaits")),
        grants.may("ledger_hold", update=("state", "captured")),
        grants.may("ledger_hold_lot"),
    ]
