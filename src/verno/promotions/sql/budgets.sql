-- name: open_budgets
-- Make the counters that do not exist yet, in one order, so that two batches which make the same ones wait for each
-- other and never in a circle. Plan: function scan, sort, insert.
INSERT INTO promotions_budget_counter (program_id, rule, budget, subject, bucket, used, held, told, changed_at)
SELECT %(program)s, rule, budget, subject, bucket, 0, 0, 0, %(now)s
FROM json_to_recordset(%(rows)s) AS r (rule text, budget text, subject text, bucket date)
WHERE NOT EXISTS (
    SELECT FROM promotions_budget_counter c
    WHERE c.program_id = %(program)s AND c.rule = r.rule AND c.budget = r.budget AND c.subject = r.subject
      AND c.bucket = r.bucket
)
ORDER BY rule, budget, subject, bucket
ON CONFLICT DO NOTHING

-- name: lock_budgets
-- Lock counters, always in the order of their keys, and read them as they are after the wait: those named, and those of
-- receipts known before. LIMIT and OFFSET keep the plan (see docs/adr/0009). Plan: nested loops on primary keys, sort.
SELECT c.rule, c.budget, c.subject, c.bucket, c.used, c.held, c.told
FROM (
    SELECT rule, budget, subject, bucket
    FROM json_to_recordset(%(rows)s) AS r (rule text, budget text, subject text, bucket date)
    UNION
    SELECT u.rule, u.budget, u.subject, u.bucket
    FROM json_to_recordset(%(known)s) AS k (operation_id uuid)
    CROSS JOIN LATERAL (
        SELECT * FROM promotions_budget_use
        WHERE operation_id = k.operation_id AND program_id = %(program)s OFFSET 0
    ) u
    ORDER BY rule, budget, subject, bucket
) w
CROSS JOIN LATERAL (
    SELECT * FROM promotions_budget_counter
    WHERE program_id = %(program)s AND rule = w.rule AND budget = w.budget AND subject = w.subject
      AND bucket = w.bucket
    LIMIT 1
    FOR UPDATE
) c

-- name: look_at_budgets
-- The same counters without a lock, for a quote. LIMIT keeps the plan. Plan: nested loop on the primary key.
SELECT c.rule, c.budget, c.subject, c.bucket, c.used, c.held, c.told
FROM json_to_recordset(%(rows)s) AS r (rule text, budget text, subject text, bucket date)
CROSS JOIN LATERAL (
    SELECT * FROM promotions_budget_counter
    WHERE program_id = %(program)s AND rule = r.rule AND budget = r.budget AND subject = r.subject
      AND bucket = r.bucket
    LIMIT 1
) c

-- name: lapsed_budgets
-- What reservations past their time still hold of these counters: it counts no more. A statement of its own after the
-- locks, since one that waited would see what was there before the wait. Plan: the partial index of reservations.
SELECT w.rule, w.budget, w.subject, w.bucket, l.amount
FROM json_to_recordset(%(rows)s) AS w (rule text, budget text, subject text, bucket date)
CROSS JOIN LATERAL (
    SELECT sum(amount)::bigint AS amount FROM promotions_budget_use
    WHERE program_id = %(program)s AND rule = w.rule AND budget = w.budget AND subject = w.subject
      AND bucket = w.bucket AND until <= %(now)s
) l
WHERE l.amount > 0

-- name: known_budget_uses
-- What receipts known before count; what has lapsed counts nothing. OFFSET keeps the plan. Plan: primary key.
SELECT u.operation_id::text, u.rule, u.budget, u.subject, u.bucket,
       CASE WHEN u.until <= %(now)s THEN 0 ELSE u.amount END,
       CASE WHEN u.until <= %(now)s THEN NULL ELSE u.until END
FROM json_to_recordset(%(known)s) AS k (operation_id uuid)
CROSS JOIN LATERAL (
    SELECT * FROM promotions_budget_use WHERE operation_id = k.operation_id AND program_id = %(program)s OFFSET 0
) u
ORDER BY u.operation_id, u.rule, u.budget, u.subject, u.bucket

-- name: lapse_budgets
-- Empty the reservations of locked counters whose time is over. Plan: nested loop on the partial index.
UPDATE promotions_budget_use u SET amount = 0, until = NULL
FROM json_to_recordset(%(rows)s) AS r (rule text, budget text, subject text, bucket date)
WHERE u.program_id = %(program)s AND u.rule = r.rule AND u.budget = r.budget AND u.subject = r.subject
  AND u.bucket = r.bucket AND u.until <= %(now)s

-- name: write_budget_uses
-- Say what receipts count now. Written as an insert that meets its row, since that has one plan only (docs/adr/0009).
-- Plan: function scan, primary key, insert or update.
INSERT INTO promotions_budget_use (operation_id, rule, budget, subject, bucket, program_id, amount, until, recorded_at)
SELECT operation_id, rule, budget, subject, bucket, %(program)s, amount, until, %(now)s
FROM json_to_recordset(%(rows)s) AS r (
    operation_id uuid, rule text, budget text, subject text, bucket date, amount bigint, until timestamptz
)
ON CONFLICT (operation_id, rule, budget, subject, bucket) DO UPDATE
SET amount = excluded.amount, until = excluded.until

-- name: move_budgets
-- Say what locked counters hold now. Plan: function scan, primary key, update of unindexed columns (HOT).
INSERT INTO promotions_budget_counter (program_id, rule, budget, subject, bucket, used, held, told, changed_at)
SELECT %(program)s, rule, budget, subject, bucket, used, held, told, %(now)s
FROM json_to_recordset(%(rows)s) AS r (
    rule text, budget text, subject text, bucket date, used bigint, held bigint, told smallint
)
ON CONFLICT (program_id, rule, budget, subject, bucket) DO UPDATE
SET used = excluded.used, held = excluded.held, told = excluded.told, changed_at = excluded.changed_at

-- name: forget_budgets
-- Drop the counters of periods that began long ago and that nobody has touched since, with all that counted for them; how
-- many counters. Whoever waits for such a counter finds it gone, and begins anew. Plan: the partial index of periods, stops
-- at the limit; BRIN on the time of recording, hash join.
WITH gone AS (
    DELETE FROM promotions_budget_counter
    WHERE (program_id, rule, budget, subject, bucket) IN (
        SELECT program_id, rule, budget, subject, bucket FROM promotions_budget_counter
        WHERE bucket > '1970-01-01' AND bucket < %(before)s::date AND changed_at < %(before)s
        ORDER BY bucket
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    )
    RETURNING program_id, rule, budget, subject, bucket
), emptied AS (
    DELETE FROM promotions_budget_use u USING gone g
    WHERE u.recorded_at < %(before)s AND u.program_id = g.program_id AND u.rule = g.rule AND u.budget = g.budget
      AND u.subject = g.subject AND u.bucket = g.bucket
)
SELECT count(*) FROM gone

-- name: budget_sums
-- What budgets hold in the buckets that are asked for, all members together; lapsed reservations are left out.
-- Plan: nested loops on the primary key and on the partial index of reservations.
SELECT r.position, coalesce(sum(c.used), 0)::bigint, coalesce(sum(c.held - coalesce(l.amount, 0)), 0)::bigint,
       coalesce(max(c.told), 0)::integer,
       count(*) FILTER (WHERE c.used + c.held - coalesce(l.amount, 0) >= r.most)
FROM json_to_recordset(%(rows)s) AS r (position integer, rule text, budget text, bucket date, most bigint)
LEFT JOIN promotions_budget_counter c
    ON c.program_id = %(program)s AND c.rule = r.rule AND c.budget = r.budget AND c.bucket = r.bucket
LEFT JOIN LATERAL (
    SELECT sum(u.amount) AS amount FROM promotions_budget_use u
    WHERE u.program_id = c.program_id AND u.rule = c.rule AND u.budget = c.budget AND u.subject = c.subject
      AND u.bucket = c.bucket AND u.until <= %(now)s
) l ON true
GROUP BY r.position
ORDER BY r.position
