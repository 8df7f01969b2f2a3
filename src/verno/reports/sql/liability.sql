-- name: one_moment
-- The whole report sees one moment, and cannot write. Plan: none.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY

-- name: take_time
-- Sums over whole tables stay in memory; compiling costs more than it saves here. Ends with the transaction.
-- Plan: none.
SELECT set_config('work_mem', '128MB', true), set_config('jit', 'off', true), set_config('statement_timeout', '0', true)

-- name: first_and_last
-- The business times that the program's transfers lie between. Plan: one scan of the transfers.
SELECT min(at), max(at) FROM ledger_transfer WHERE program_id = %(program)s

-- name: by_month
-- What each of the program's own accounts got, and gave (below zero), by month: the months' beginnings come as a sorted
-- array, so that local months are told in one place. Every transfer has two sides, so what these accounts gave on
-- balance is what members have.
-- Plan: two scans of the transfers, each with a hash join to a handful of accounts, hash aggregate.
SELECT account_id::text, month, sum(amount)::bigint
FROM (
    SELECT t.credit_account_id AS account_id, width_bucket(t.at, %(months)s::timestamptz[]) AS month, t.amount
    FROM ledger_transfer t JOIN ledger_account a ON a.id = t.credit_account_id
    WHERE t.program_id = %(program)s AND a.holder_id = %(program)s
    UNION ALL
    SELECT t.debit_account_id, width_bucket(t.at, %(months)s::timestamptz[]), -t.amount
    FROM ledger_transfer t JOIN ledger_account a ON a.id = t.debit_account_id
    WHERE t.program_id = %(program)s AND a.holder_id = %(program)s
) sides
GROUP BY account_id, month

-- name: settled_states
-- What members have and owe, by unit, on accounts that time has not changed since they were written.
-- Plan: one scan of the accounts, hash aggregate.
SELECT a.unit_id::text, sum(a.available)::bigint, sum(a.pending)::bigint, sum(a.held)::bigint, sum(a.debt)::bigint
FROM ledger_account a
WHERE a.program_id = %(program)s AND a.kind = 'member' AND (a.next_change_at IS NULL OR a.next_change_at > %(now)s)
GROUP BY a.unit_id

-- name: open_lots_by_age
-- What open lots hold, by unit and age: the ages' beginnings come as a sorted array of moments. A lot is as old as its
-- transfer, or older where it was brought along with an earlier beginning. A lot that stands in
-- another's place (after a return, a reinstatement, a merge) is as old as the first of its line; a merge's line goes on
-- at the member who was merged.
-- Plan: scan of the partial index of open lots, hash join with accounts; their transfers by primary key; recursion over
-- the lots that stand in others' places alone.
WITH RECURSIVE open AS (
    SELECT l.holder_id, l.id, a.unit_id, l.remaining, l.restores_id, l.active_from
    FROM ledger_lot l
    JOIN ledger_account a ON a.holder_id = l.holder_id AND a.id = l.account_id
    WHERE a.program_id = %(program)s AND l.remaining > 0
), line AS (
    SELECT o.holder_id AS open_holder, o.id AS open_id, o.holder_id, o.id, o.restores_id, o.active_from, 0 AS steps
    FROM open o WHERE o.restores_id IS NOT NULL
    UNION ALL
    SELECT n.open_holder, n.open_id, p.holder_id, p.id, p.restores_id, p.active_from, n.steps + 1
    FROM line n
    CROSS JOIN LATERAL (
        SELECT n.holder_id AS who
        UNION
        SELECT m.holder_id FROM corrections_merge m WHERE m.into_id = n.holder_id
        UNION
        SELECT m.into_id FROM corrections_merge m WHERE m.holder_id = n.holder_id
    ) w
    JOIN ledger_lot p ON p.holder_id = w.who AND p.id = n.restores_id
), origin AS (
    SELECT DISTINCT ON (open_holder, open_id) open_holder, open_id, holder_id, id, active_from
    FROM line ORDER BY open_holder, open_id, steps DESC
)
SELECT o.unit_id::text,
       width_bucket(least(t.at, coalesce(g.active_from, o.active_from)), %(ages)s::timestamptz[]),
       sum(o.remaining)::bigint
FROM open o
LEFT JOIN origin g ON g.open_holder = o.holder_id AND g.open_id = o.id
JOIN ledger_transfer t  -- CASE, since row security lets no index be asked with coalesce
  ON t.holder_id = CASE WHEN g.id IS NULL THEN o.holder_id ELSE g.holder_id END
 AND t.id = CASE WHEN g.id IS NULL THEN o.id ELSE g.id END
GROUP BY 1, 2

-- name: ages_of_lots
-- The ages of some lots, told as above. Plan: function scan, nested loops on primary keys, recursion as above.
WITH RECURSIVE line AS (
    SELECT r.lot_id AS open_id, l.holder_id, l.id, l.restores_id, l.active_from, 0 AS steps
    FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, lot_id uuid)
    JOIN ledger_lot l ON l.holder_id = r.holder_id AND l.id = r.lot_id
    UNION ALL
    SELECT n.open_id, p.holder_id, p.id, p.restores_id, p.active_from, n.steps + 1
    FROM line n
    CROSS JOIN LATERAL (
        SELECT n.holder_id AS who
        UNION
        SELECT m.holder_id FROM corrections_merge m WHERE m.into_id = n.holder_id
        UNION
        SELECT m.into_id FROM corrections_merge m WHERE m.holder_id = n.holder_id
    ) w
    JOIN ledger_lot p ON p.holder_id = w.who AND p.id = n.restores_id
), origin AS (
    SELECT DISTINCT ON (open_id) open_id, holder_id, id, active_from FROM line ORDER BY open_id, steps DESC
)
SELECT g.open_id::text, a.unit_id::text, width_bucket(least(t.at, g.active_from), %(ages)s::timestamptz[])
FROM origin g
JOIN json_to_recordset(%(rows)s) AS r (holder_id uuid, lot_id uuid) ON r.lot_id = g.open_id
JOIN ledger_lot l ON l.holder_id = r.holder_id AND l.id = r.lot_id
JOIN ledger_account a ON a.holder_id = l.holder_id AND a.id = l.account_id
JOIN ledger_transfer t ON t.holder_id = g.holder_id AND t.id = g.id
