-- name: open_accounts
-- Make the accounts that a batch names and that do not exist yet, in one order, so that two batches which open the same
-- accounts wait for each other and never in a circle. Plan: anti-join on the holder's index, sort.
INSERT INTO ledger_account (holder_id, id, program_id, unit_id, kind, changed_at)
SELECT holder_id, id, %(program)s, unit_id, kind, 'epoch'
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, id uuid, unit_id uuid, kind text)
WHERE NOT EXISTS (
    SELECT FROM ledger_account a
    WHERE a.holder_id = r.holder_id AND a.unit_id = r.unit_id AND a.kind = r.kind
)
ORDER BY holder_id, unit_id, kind
ON CONFLICT DO NOTHING
RETURNING holder_id::text, unit_id::text

-- name: lock_accounts
-- Lock the batch's accounts, always in the order of holder and unit, and read them as they are after the wait.
-- Kept in one place: Citus refuses FOR UPDATE over several shards, UPDATE ... RETURNING can stand in here.
-- LIMIT keeps the plan (see docs/adr/0009). Plan: function scan, sort, nested loop on the holder's unique index, lock.
SELECT a.holder_id::text, a.id::text, a.unit_id::text, a.available, a.pending, a.held, a.debt, a.next_change_at,
       ledger_lapse(a.unit_id, a.lapses_at), a.changed_at
FROM (
    SELECT holder_id, unit_id FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, unit_id uuid)
    ORDER BY holder_id, unit_id
) r
CROSS JOIN LATERAL (
    SELECT * FROM ledger_account
    WHERE holder_id = r.holder_id AND unit_id = r.unit_id AND kind = 'member'
    LIMIT 1
    FOR UPDATE
) a

-- name: load_lots
-- The open lots of the batch's accounts that need them: something is due, or the batch does more than earn (hungry).
-- LIMIT and OFFSET keep the plan (see docs/adr/0009).
-- Plan: function scan, nested loops on the account's index and the partial index of open lots.
SELECT l.holder_id::text, l.id::text, l.account_id::text, l.amount, l.remaining, l.held, l.active_from, l.expires_at,
       l.awaits, l.restores_id::text
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, unit_id uuid, hungry boolean)
CROSS JOIN LATERAL (
    SELECT id, next_change_at <= greatest(%(now)s, changed_at) AS due FROM ledger_account
    WHERE holder_id = r.holder_id AND unit_id = r.unit_id AND kind = 'member'
    LIMIT 1
) a
CROSS JOIN LATERAL (
    SELECT * FROM ledger_lot
    WHERE holder_id = r.holder_id AND account_id = a.id AND remaining > 0 AND (r.hungry OR a.due)
    OFFSET 0
) l

-- name: load_one
-- For a batch of one operation, everything by one statement: the accounts, locked; their open lots (as load_lots);
-- whether the key is known. While it waits for a lock its own snapshot grows old, so it says of each account which
-- version it locked and which one its snapshot saw: as long as these are the same, lots and key are as fresh as the
-- account, since whoever changes them changes the account. Plan: primary keys, outer nested loops as in load_lots.
SELECT a.*, o.id::text, o.fingerprint, l.*
FROM (
    SELECT holder_id, unit_id, hungry
    FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, unit_id uuid, hungry boolean)
    ORDER BY holder_id, unit_id
) r
CROSS JOIN LATERAL (
    SELECT xmin::text AS seen FROM ledger_account
    WHERE holder_id = r.holder_id AND unit_id = r.unit_id AND kind = 'member'
    LIMIT 1
) s
CROSS JOIN LATERAL (
    SELECT xmin::text = s.seen AS fresh, holder_id::text, id::text, unit_id::text, available, pending, held, debt,
           next_change_at, ledger_lapse(unit_id, lapses_at), changed_at
    FROM ledger_account
    WHERE holder_id = r.holder_id AND unit_id = r.unit_id AND kind = 'member'
    LIMIT 1
    FOR UPDATE
) a
LEFT JOIN LATERAL (
    SELECT id, encode(fingerprint, 'hex') AS fingerprint FROM ledger_operation
    WHERE program_id = %(program)s AND key = %(key)s
    LIMIT 1
) o ON true
LEFT JOIN LATERAL (
    SELECT holder_id::text, id::text, account_id::text, amount, remaining, held, active_from, expires_at, awaits,
           restores_id::text
    FROM ledger_lot
    WHERE holder_id = r.holder_id AND account_id = a.id::uuid AND remaining > 0
      AND (r.hungry OR a.next_change_at <= greatest(%(now)s, a.changed_at))
    OFFSET 0
) l ON true

-- name: load_holds
-- The open holds of the same accounts; most have none, which the account itself tells.
-- Plan: function scan, nested loops on the account's index and the partial index of open holds.
SELECT h.holder_id::text, h.id::text, h.account_id::text, h.operation_id::text, h.amount, h.captured, h.placed_at,
       h.expires_at, h.state
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, unit_id uuid, hungry boolean)
CROSS JOIN LATERAL (
    SELECT id, next_change_at <= greatest(%(now)s, changed_at) AS due FROM ledger_account
    WHERE holder_id = r.holder_id AND unit_id = r.unit_id AND kind = 'member' AND held > 0
    LIMIT 1
) a
CROSS JOIN LATERAL (
    SELECT * FROM ledger_hold
    WHERE holder_id = r.holder_id AND account_id = a.id AND state = 'open' AND (r.hungry OR a.due)
    OFFSET 0
) h

-- name: load_hold_lots
-- What those holds keep, the lot that is spent first on top.
-- Plan: as load_holds, then the hold's range of the primary key and the lot by key.
SELECT p.holder_id::text, p.hold_id::text, p.lot_id::text, p.amount
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, unit_id uuid, hungry boolean)
CROSS JOIN LATERAL (
    SELECT id FROM ledger_account
    WHERE holder_id = r.holder_id AND unit_id = r.unit_id AND kind = 'member' AND held > 0
      AND (r.hungry OR next_change_at <= greatest(%(now)s, changed_at))
    LIMIT 1
) a
CROSS JOIN LATERAL (
    SELECT * FROM ledger_hold WHERE holder_id = r.holder_id AND account_id = a.id AND state = 'open' OFFSET 0
) h
CROSS JOIN LATERAL (
    SELECT * FROM ledger_hold_lot WHERE holder_id = h.holder_id AND hold_id = h.id OFFSET 0
) p
CROSS JOIN LATERAL (
    SELECT expires_at, active_from FROM ledger_lot WHERE holder_id = p.holder_id AND id = p.lot_id LIMIT 1
) l
ORDER BY p.hold_id, coalesce(l.expires_at, 'infinity'), l.active_from, p.lot_id

-- name: known_operations
-- Which keys of the batch have happened before. LIMIT keeps the plan (see docs/adr/0009).
-- Plan: function scan, nested loop on the primary key.
SELECT r.key, o.id::text, encode(o.fingerprint, 'hex')
FROM json_to_recordset(%(rows)s) AS r (key text)
CROSS JOIN LATERAL (
    SELECT id, fingerprint FROM ledger_operation WHERE program_id = %(program)s AND key = r.key LIMIT 1
) o

-- name: program_accounts
-- Plan: the program's own accounts by the holder's index, a handful of rows.
SELECT unit_id::text, kind, id::text FROM ledger_account WHERE holder_id = %(program)s

-- name: write_operations
-- Plan: function scan, insert.
INSERT INTO ledger_operation (program_id, key, id, holder_id, fingerprint)
SELECT %(program)s, key, id, holder_id, decode(fingerprint, 'hex')
FROM json_to_recordset(%(write_operations)s) AS r (key text, id uuid, holder_id uuid, fingerprint text)

-- name: write_transfers
-- Plan: function scan, insert; the sides are looked up once a statement (trigger).
INSERT INTO ledger_transfer (holder_id, id, program_id, unit_id, debit_account_id, credit_account_id, amount, kind,
                             reason, at, recorded_at, operation_id, reverses_id)
SELECT holder_id, id, %(program)s, unit_id, debit_account_id, credit_account_id, amount, kind,
       reason, at, recorded_at, operation_id, reverses_id
FROM json_to_recordset(%(write_transfers)s) AS r (
    holder_id uuid, id uuid, unit_id uuid, debit_account_id uuid, credit_account_id uuid, amount bigint, kind text,
    reason text, at timestamptz, recorded_at timestamptz, operation_id uuid, reverses_id uuid
)

-- name: write_lots
-- Plan: function scan, insert.
INSERT INTO ledger_lot (holder_id, id, account_id, amount, remaining, held, active_from, expires_at, awaits,
                        restores_id, transfer_id)
SELECT holder_id, id, account_id, amount, remaining, held, active_from, expires_at, awaits, restores_id, id
FROM json_to_recordset(%(write_lots)s) AS r (
    holder_id uuid, id uuid, account_id uuid, amount bigint, remaining bigint, held bigint, active_from timestamptz,
    expires_at timestamptz, awaits text, restores_id uuid
)

-- name: write_moves
-- Plan: function scan, insert.
INSERT INTO ledger_lot_move (holder_id, lot_id, transfer_id, amount)
SELECT holder_id, lot_id, transfer_id, amount
FROM json_to_recordset(%(write_moves)s) AS r (holder_id uuid, lot_id uuid, transfer_id uuid, amount bigint)

-- name: change_lots
-- Say how lots stand that are there. Written as an insert that meets its row, since that has one plan only, while
-- a joining update has a plan that can turn (docs/adr/0009). Plan: function scan, primary key, update.
INSERT INTO ledger_lot (holder_id, id, account_id, amount, remaining, held, active_from, expires_at, awaits,
                        restores_id, transfer_id)
SELECT holder_id, id, account_id, amount, remaining, held, active_from, expires_at, awaits, restores_id, id
FROM json_to_recordset(%(change_lots)s) AS r (
    holder_id uuid, id uuid, account_id uuid, amount bigint, remaining bigint, held bigint, active_from timestamptz,
    expires_at timestamptz, awaits text, restores_id uuid
)
ON CONFLICT (holder_id, id) DO UPDATE
SET remaining = excluded.remaining, held = excluded.held, active_from = excluded.active_from,
    expires_at = excluded.expires_at, awaits = excluded.awaits

-- name: move_accounts
-- Say what the locked accounts hold now. Written as an insert that meets its row, like change_lots. An end that a pause
-- of the unit took away is not forgotten, since what lapsed by it before must be explained.
-- Plan: function scan, primary key, update of unindexed columns where possible (HOT).
INSERT INTO ledger_account AS a (holder_id, id, program_id, unit_id, kind, available, pending, held, debt, next_change_at,
                            lapses_at, changed_at)
SELECT holder_id, id, %(program)s, unit_id, 'member', available, pending, held, debt, next_change_at, lapses_at,
       changed_at
FROM json_to_recordset(%(move_accounts)s) AS r (
    holder_id uuid, id uuid, unit_id uuid, available bigint, pending bigint, held bigint, debt bigint,
    next_change_at timestamptz, lapses_at timestamptz, changed_at timestamptz
)
ON CONFLICT (holder_id, id) DO UPDATE
SET available = excluded.available, pending = excluded.pending, held = excluded.held, debt = excluded.debt,
    next_change_at = excluded.next_change_at, changed_at = excluded.changed_at,
    lapses_at = CASE WHEN excluded.lapses_at IS NULL THEN ledger_lapse_kept(a.unit_id, a.lapses_at)
                     ELSE excluded.lapses_at END

-- name: write_holds
-- Plan: function scan, insert.
INSERT INTO ledger_hold (holder_id, id, program_id, account_id, operation_id, amount, captured, placed_at, expires_at,
                         state)
SELECT holder_id, id, %(program)s, account_id, operation_id, amount, captured, placed_at, expires_at, state
FROM json_to_recordset(%(write_holds)s) AS r (
    holder_id uuid, id uuid, account_id uuid, operation_id uuid, amount bigint, captured bigint, placed_at timestamptz,
    expires_at timestamptz, state text
)

-- name: write_hold_lots
-- Plan: function scan, insert.
INSERT INTO ledger_hold_lot (holder_id, hold_id, lot_id, amount)
SELECT holder_id, hold_id, lot_id, amount
FROM json_to_recordset(%(write_hold_lots)s) AS r (holder_id uuid, hold_id uuid, lot_id uuid, amount bigint)

-- name: end_holds
-- Say what became of holds; a trigger refuses a second end. Written as an insert that meets its row, like change_lots.
-- Plan: function scan, primary key, update.
INSERT INTO ledger_hold (holder_id, id, program_id, account_id, operation_id, amount, captured, placed_at, expires_at,
                         state)
SELECT holder_id, id, %(program)s, account_id, operation_id, amount, captured, placed_at, expires_at, state
FROM json_to_recordset(%(end_holds)s) AS r (
    holder_id uuid, id uuid, account_id uuid, operation_id uuid, amount bigint, captured bigint, placed_at timestamptz,
    expires_at timestamptz, state text
)
ON CONFLICT (holder_id, id) DO UPDATE SET state = excluded.state, captured = excluded.captured

-- name: lock_due_accounts
-- The next accounts of a program that change by themselves, skipping those a receipt is at work on.
-- Plan: the partial index of due accounts, stops at the limit.
SELECT a.holder_id::text, a.id::text, a.unit_id::text, a.available, a.pending, a.held, a.debt, a.next_change_at,
       ledger_lapse(a.unit_id, a.lapses_at), a.changed_at
FROM ledger_account a
WHERE a.program_id = %(program)s AND a.next_change_at <= %(now)s
ORDER BY a.next_change_at
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED

-- name: begin_pause
-- A unit leaves the sliding model: no end of its accounts that lies ahead will come. Plan: insert.
INSERT INTO ledger_pause (unit_id, from_at, program_id) VALUES (%(unit)s, %(now)s, %(program)s)
ON CONFLICT (unit_id, from_at) DO UPDATE SET until_at = NULL

-- name: end_pause
-- A unit comes back to it. Plan: the unit's range of the primary key, a row or none.
UPDATE ledger_pause SET until_at = %(until)s WHERE unit_id = %(unit)s AND until_at IS NULL
