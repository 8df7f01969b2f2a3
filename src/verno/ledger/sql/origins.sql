-- name: placed_holds
-- The holds that named operations placed, in whatever state.
-- Plan: function scan, nested loops on the account's index and the hold's unique index.
SELECT h.holder_id::text, h.id::text, h.account_id::text, h.operation_id::text, h.amount, h.captured, h.placed_at,
       h.expires_at, h.state
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, unit_id uuid, operation_id uuid)
CROSS JOIN LATERAL (
    SELECT id FROM ledger_account
    WHERE holder_id = r.holder_id AND unit_id = r.unit_id AND kind = 'member'
    LIMIT 1
) a
CROSS JOIN LATERAL (
    SELECT * FROM ledger_hold
    WHERE holder_id = r.holder_id AND account_id = a.id AND operation_id = r.operation_id
    LIMIT 1
) h

-- name: earned_lots
-- The lots that named operations made, empty ones too, with what of each went to breakage and was not made up for
-- since; those made for members who were merged into this one, and the lots that a merge or a later end made of them. A
-- lot has its transfer's id. Plan: function scan, nested loops: the account, each of the holders' transfers of that
-- moment (ledger_transfer_story), what was made of them (ledger_lot_restores), each lot by key, its moves by key, what
-- made up for it (ledger_transfer_reverses).
SELECT r.operation_id::text, a.id::text, l.holder_id::text, l.id::text, l.account_id::text, l.amount, l.remaining,
       l.held, l.active_from, l.expires_at, l.awaits, l.restores_id::text, (gone.points - back.points)::bigint
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, unit_id uuid, operation_id uuid, at timestamptz, holders uuid[])
CROSS JOIN LATERAL (
    SELECT id, program_id FROM ledger_account
    WHERE holder_id = r.holder_id AND unit_id = r.unit_id AND kind = 'member'
    LIMIT 1
) a
CROSS JOIN LATERAL (
    WITH RECURSIVE line (holder_id, id) AS (
        SELECT t.holder_id, t.id
        FROM unnest(r.holders) AS o (holder_id)
        CROSS JOIN LATERAL (
            SELECT id FROM ledger_account
            WHERE holder_id = o.holder_id AND unit_id = r.unit_id AND kind = 'member'
            LIMIT 1
        ) b
        CROSS JOIN LATERAL (
            SELECT holder_id, id FROM ledger_transfer
            WHERE holder_id = o.holder_id AND at = r.at AND operation_id = r.operation_id
              AND credit_account_id = b.id AND kind NOT IN ('put_back', 'reinstate', 'extend')
            OFFSET 0
        ) t
        UNION
        SELECT n.holder_id, n.id
        FROM line
        CROSS JOIN unnest(r.holders) AS o (holder_id)
        CROSS JOIN LATERAL (
            SELECT holder_id, id FROM ledger_lot WHERE holder_id = o.holder_id AND restores_id = line.id
            OFFSET 0
        ) n
        CROSS JOIN LATERAL (
            SELECT kind FROM ledger_transfer WHERE holder_id = n.holder_id AND id = n.id
            LIMIT 1
        ) m
        WHERE m.kind IN ('merge', 'extend')
    )
    SELECT holder_id, id FROM line
) t
CROSS JOIN LATERAL (SELECT * FROM ledger_lot WHERE holder_id = t.holder_id AND id = t.id LIMIT 1) l
CROSS JOIN LATERAL (
    SELECT coalesce(sum(m.amount), 0) AS points
    FROM ledger_lot_move m JOIN ledger_transfer x ON x.holder_id = m.holder_id AND x.id = m.transfer_id
    WHERE m.holder_id = l.holder_id AND m.lot_id = l.id AND x.kind = 'expire'
) gone
CROSS JOIN LATERAL (
    SELECT coalesce(sum(x.amount), 0) AS points
    FROM ledger_transfer x JOIN ledger_account d ON d.holder_id = a.program_id AND d.id = x.debit_account_id
    WHERE x.holder_id = l.holder_id AND x.reverses_id = l.id AND d.kind = 'breakage'
) back
ORDER BY l.id

-- name: extended_lots
-- The open lots that named operations gave a later end to, and those that merges made of them, with the end that their
-- points had before. Plan: function scan, nested loops: the account, each of the holders' transfers of that moment
-- (ledger_transfer_story), their lots and the ones before by key, what a merge made of them (ledger_lot_restores).
SELECT r.operation_id::text, a.id::text, t.ends, l.holder_id::text, l.id::text, l.account_id::text, l.amount, l.remaining,
       l.held, l.active_from, l.expires_at, l.awaits, l.restores_id::text
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, unit_id uuid, operation_id uuid, at timestamptz, holders uuid[])
CROSS JOIN LATERAL (
    SELECT id FROM ledger_account
    WHERE holder_id = r.holder_id AND unit_id = r.unit_id AND kind = 'member'
    LIMIT 1
) a
CROSS JOIN LATERAL (
    WITH RECURSIVE line (holder_id, id, ends) AS (
        SELECT t.holder_id, t.id, b.expires_at
        FROM unnest(r.holders) AS o (holder_id)
        CROSS JOIN LATERAL (
            SELECT holder_id, id FROM ledger_transfer
            WHERE holder_id = o.holder_id AND at = r.at AND operation_id = r.operation_id AND unit_id = r.unit_id
              AND kind = 'extend' AND reverses_id IS NULL
            OFFSET 0
        ) t
        CROSS JOIN LATERAL (SELECT restores_id FROM ledger_lot WHERE holder_id = t.holder_id AND id = t.id LIMIT 1) n
        CROSS JOIN LATERAL (
            SELECT expires_at FROM ledger_lot WHERE holder_id = t.holder_id AND id = n.restores_id
            LIMIT 1
        ) b
        UNION
        SELECT n.holder_id, n.id, line.ends
        FROM line
        CROSS JOIN unnest(r.holders) AS o (holder_id)
        CROSS JOIN LATERAL (
            SELECT holder_id, id FROM ledger_lot WHERE holder_id = o.holder_id AND restores_id = line.id
            OFFSET 0
        ) n
        CROSS JOIN LATERAL (
            SELECT kind FROM ledger_transfer WHERE holder_id = n.holder_id AND id = n.id
            LIMIT 1
        ) m
        WHERE m.kind = 'merge'
    )
    SELECT holder_id, id, ends FROM line
) t
CROSS JOIN LATERAL (
    SELECT * FROM ledger_lot WHERE holder_id = t.holder_id AND id = t.id AND account_id = a.id AND remaining > 0
    LIMIT 1
) l
ORDER BY l.id

-- name: spent_parts
-- What named operations spent of which lots, in the order they were eaten, and how much of that has been put back: into
-- the lot itself, or into one in its place; what they spent of members who were merged into this one, too. Whose points
-- they had been first: a merge's lots are those of whom it merged, unless an undoing has sent them home (it says what it
-- reverses). Plan: function scan, nested loops: the account, each of the holders' transfers of that moment, their moves
-- (ledger_lot_move_transfer), each lot by key, what reversed them (ledger_transfer_reverses), their line by keys.
SELECT r.operation_id::text, a.id::text, t.id::text, m.amount, t.recorded_at, back.points::bigint, first.holder_id::text,
       l.holder_id::text, l.id::text,
       l.account_id::text, l.amount, l.remaining, l.held, l.active_from, l.expires_at, l.awaits, l.restores_id::text
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, unit_id uuid, operation_id uuid, at timestamptz, holders uuid[])
CROSS JOIN LATERAL (
    SELECT id FROM ledger_account
    WHERE holder_id = r.holder_id AND unit_id = r.unit_id AND kind = 'member'
    LIMIT 1
) a
CROSS JOIN LATERAL (SELECT unnest(r.holders) AS holder_id) o
CROSS JOIN LATERAL (
    SELECT id FROM ledger_account
    WHERE holder_id = o.holder_id AND unit_id = r.unit_id AND kind = 'member'
    LIMIT 1
) b
CROSS JOIN LATERAL (
    SELECT id, recorded_at FROM ledger_transfer
    WHERE holder_id = o.holder_id AND at = r.at AND operation_id = r.operation_id AND debit_account_id = b.id
      AND kind = 'spend'
    OFFSET 0
) t
CROSS JOIN LATERAL (SELECT * FROM ledger_lot_move WHERE holder_id = o.holder_id AND transfer_id = t.id OFFSET 0) m
CROSS JOIN LATERAL (SELECT * FROM ledger_lot WHERE holder_id = o.holder_id AND id = m.lot_id LIMIT 1) l
CROSS JOIN LATERAL (
    SELECT coalesce(sum(coalesce(i.amount, x.amount)), 0) AS points
    FROM unnest(r.holders) AS h (holder_id)
    JOIN ledger_transfer x ON x.holder_id = h.holder_id AND x.reverses_id = t.id
    LEFT JOIN ledger_lot_move i ON i.holder_id = x.holder_id AND i.lot_id = l.id AND i.transfer_id = x.id
    LEFT JOIN ledger_lot n ON n.holder_id = x.holder_id AND n.id = x.id AND n.restores_id = l.id
    WHERE i.amount IS NOT NULL OR n.id IS NOT NULL
) back
CROSS JOIN LATERAL (
    WITH RECURSIVE line (holder_id, id, restores_id, steps) AS (
        SELECT l.holder_id, l.id, l.restores_id, 0
        UNION ALL
        SELECT p.holder_id, p.id, p.restores_id, n.steps + 1
        FROM line n
        CROSS JOIN LATERAL (
            SELECT kind, reverses_id FROM ledger_transfer WHERE holder_id = n.holder_id AND id = n.id
            LIMIT 1
        ) x
        CROSS JOIN unnest(r.holders) AS h (holder_id)
        CROSS JOIN LATERAL (
            SELECT holder_id, id, restores_id FROM ledger_lot WHERE holder_id = h.holder_id AND id = n.restores_id
            LIMIT 1
        ) p
        WHERE n.restores_id IS NOT NULL AND (x.kind <> 'merge' OR x.reverses_id IS NULL)
    )
    SELECT holder_id FROM line ORDER BY steps DESC LIMIT 1
) first
ORDER BY t.id, coalesce(l.expires_at, 'infinity'), l.active_from, l.id

-- name: spent_roots
-- The lots that named operations spent, each with the operation that had earned its points first: what follows the line
-- is in spent_parts. Plan: function scan, nested loops as in spent_parts, the first one's transfer by key.
SELECT l.id::text, e.operation_id::text, first.holder_id::text
FROM json_to_recordset(%(rows)s) AS r (operation_id uuid, at timestamptz, holders uuid[])
CROSS JOIN LATERAL (SELECT unnest(r.holders) AS holder_id) o
CROSS JOIN LATERAL (
    SELECT id FROM ledger_transfer
    WHERE holder_id = o.holder_id AND at = r.at AND operation_id = r.operation_id AND kind = 'spend'
    OFFSET 0
) t
CROSS JOIN LATERAL (SELECT * FROM ledger_lot_move WHERE holder_id = o.holder_id AND transfer_id = t.id OFFSET 0) m
CROSS JOIN LATERAL (SELECT * FROM ledger_lot WHERE holder_id = o.holder_id AND id = m.lot_id LIMIT 1) l
CROSS JOIN LATERAL (
    WITH RECURSIVE line (holder_id, id, restores_id, steps) AS (
        SELECT l.holder_id, l.id, l.restores_id, 0
        UNION ALL
        SELECT p.holder_id, p.id, p.restores_id, n.steps + 1
        FROM line n
        CROSS JOIN LATERAL (
            SELECT kind, reverses_id FROM ledger_transfer WHERE holder_id = n.holder_id AND id = n.id
            LIMIT 1
        ) x
        CROSS JOIN unnest(r.holders) AS h (holder_id)
        CROSS JOIN LATERAL (
            SELECT holder_id, id, restores_id FROM ledger_lot WHERE holder_id = h.holder_id AND id = n.restores_id
            LIMIT 1
        ) p
        WHERE n.restores_id IS NOT NULL AND (x.kind <> 'merge' OR x.reverses_id IS NULL)
    )
    SELECT holder_id, id FROM line ORDER BY steps DESC LIMIT 1
) first
CROSS JOIN LATERAL (
    SELECT operation_id FROM ledger_transfer WHERE holder_id = first.holder_id AND id = first.id AND kind = 'earn'
    LIMIT 1
) e
WHERE e.operation_id IS NOT NULL

-- name: let_go
-- What take-backs wrote off in a holder's story, less what was recovered of it since, by whomever: after a merge that was
-- undone the other member may have been the one. An erased member's write-off names no take-back and is gone.
-- Plan: function scan, nested loops on two partial indexes that are empty where nothing is written off
-- (ledger_transfer_let_go, ledger_transfer_recovers).
SELECT w.holder_id::text, w.unit_id::text, w.id::text, w.recorded_at, (w.amount - back.points)::bigint
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, unit_id uuid)
CROSS JOIN LATERAL (
    SELECT * FROM ledger_transfer
    WHERE holder_id = r.holder_id AND unit_id = r.unit_id AND kind = 'write_off' AND reverses_id IS NOT NULL
    OFFSET 0
) w
CROSS JOIN LATERAL (
    SELECT coalesce(sum(amount), 0) AS points FROM ledger_transfer WHERE reverses_id = w.id AND kind = 'recover'
) back
WHERE w.amount > back.points
ORDER BY w.recorded_at, w.id

-- name: restored_lots
-- The lots in whose place those of named operations stand (a merge's: they belong to the other member).
-- Plan: as earned_lots, then the lot by key.
SELECT o.holder_id::text, o.id::text, o.account_id::text, o.amount, o.remaining, o.held, o.active_from, o.expires_at,
       o.awaits, o.restores_id::text
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, home_id uuid, operation_id uuid, at timestamptz)
CROSS JOIN LATERAL (
    SELECT id FROM ledger_transfer
    WHERE holder_id = r.holder_id AND at = r.at AND operation_id = r.operation_id
    OFFSET 0
) t
CROSS JOIN LATERAL (SELECT restores_id FROM ledger_lot WHERE holder_id = r.holder_id AND id = t.id LIMIT 1) l
CROSS JOIN LATERAL (SELECT * FROM ledger_lot WHERE holder_id = r.home_id AND id = l.restores_id LIMIT 1) o

-- name: stray_lots
-- The open lots of one member that stand for those of another (or of whoever was merged into that one): what a merge
-- moved, and what was put back or given again while the two were one. Followed as in spent_parts.
-- Plan: function scan, nested loops: the accounts, the host's open lots, their line by keys.
SELECT g.id::text, a.id::text, l.holder_id::text, l.id::text, l.account_id::text, l.amount, l.remaining, l.held,
       l.active_from, l.expires_at, l.awaits, l.restores_id::text
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, home_id uuid, unit_id uuid, mine uuid[], holders uuid[])
CROSS JOIN LATERAL (
    SELECT id FROM ledger_account
    WHERE holder_id = r.holder_id AND unit_id = r.unit_id AND kind = 'member'
    LIMIT 1
) a
CROSS JOIN LATERAL (
    SELECT id FROM ledger_account
    WHERE holder_id = r.home_id AND unit_id = r.unit_id AND kind = 'member'
    LIMIT 1
) g
CROSS JOIN LATERAL (
    SELECT * FROM ledger_lot
    WHERE holder_id = r.holder_id AND account_id = a.id AND remaining > 0 AND restores_id IS NOT NULL
    OFFSET 0
) l
CROSS JOIN LATERAL (
    WITH RECURSIVE line (holder_id, id, restores_id, steps) AS (
        SELECT l.holder_id, l.id, l.restores_id, 0
        UNION ALL
        SELECT p.holder_id, p.id, p.restores_id, n.steps + 1
        FROM line n
        CROSS JOIN LATERAL (
            SELECT kind, reverses_id FROM ledger_transfer WHERE holder_id = n.holder_id AND id = n.id
            LIMIT 1
        ) x
        CROSS JOIN unnest(r.holders) AS h (holder_id)
        CROSS JOIN LATERAL (
            SELECT holder_id, id, restores_id FROM ledger_lot WHERE holder_id = h.holder_id AND id = n.restores_id
            LIMIT 1
        ) p
        WHERE n.restores_id IS NOT NULL AND (x.kind <> 'merge' OR x.reverses_id IS NULL)
    )
    SELECT holder_id FROM line ORDER BY steps DESC LIMIT 1
) first
WHERE first.holder_id = ANY (r.mine)
ORDER BY l.id

-- name: expired_lots
-- The lots of accounts that lost something to expiry since a moment, when they last did, and how much they ever lost
-- that was not made up for; open lots too (without a moment), since their time may have come now. Plan: function scan,
-- nested loops: the account, the holder's expiries (ledger_transfer_story) and open lots, their moves, each lot by key.
SELECT l.holder_id::text, l.id::text, l.account_id::text, l.amount, l.remaining, l.held, l.active_from, l.expires_at,
       l.awaits, l.restores_id::text, g.at, (gone.points - back.points)::bigint
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, unit_id uuid, since timestamptz)
CROSS JOIN LATERAL (
    SELECT id, program_id FROM ledger_account
    WHERE holder_id = r.holder_id AND unit_id = r.unit_id AND kind = 'member'
    LIMIT 1
) a
CROSS JOIN LATERAL (
    SELECT lot_id, max(at) AS at
    FROM (
        SELECT m.lot_id, x.at
        FROM ledger_transfer x JOIN ledger_lot_move m ON m.holder_id = x.holder_id AND m.transfer_id = x.id
        WHERE x.holder_id = r.holder_id AND x.at >= r.since AND x.kind = 'expire' AND x.debit_account_id = a.id
        UNION ALL
        SELECT id, NULL FROM ledger_lot WHERE holder_id = r.holder_id AND account_id = a.id AND remaining > 0
    ) e
    GROUP BY lot_id
) g
CROSS JOIN LATERAL (SELECT * FROM ledger_lot WHERE holder_id = r.holder_id AND id = g.lot_id LIMIT 1) l
CROSS JOIN LATERAL (
    SELECT coalesce(sum(m.amount), 0) AS points
    FROM ledger_lot_move m JOIN ledger_transfer x ON x.holder_id = m.holder_id AND x.id = m.transfer_id
    WHERE m.holder_id = l.holder_id AND m.lot_id = l.id AND x.kind = 'expire'
) gone
CROSS JOIN LATERAL (
    SELECT coalesce(sum(x.amount), 0) AS points
    FROM ledger_transfer x JOIN ledger_account d ON d.holder_id = a.program_id AND d.id = x.debit_account_id
    WHERE x.holder_id = l.holder_id AND x.reverses_id = l.id AND d.kind = 'breakage'
) back
ORDER BY l.id
