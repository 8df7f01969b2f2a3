-- name: keep_shift
-- Keep by how many weeks the times were shifted; the first to say so is right. Plan: insert.
INSERT INTO workspace_setting (program_id, scope, key, value, changed_at)
VALUES (%(program)s, 'program', 'demo.shift_weeks', %(weeks)s, %(now)s)
ON CONFLICT DO NOTHING

-- name: shift
-- By how many weeks the times were shifted. Plan: primary key.
SELECT value FROM workspace_setting WHERE program_id = %(program)s AND scope = 'program' AND key = %(key)s

-- name: known_members
-- External ids of members that are loaded. Plan: index-only scan of (program, external id).
SELECT external_id FROM members_member WHERE program_id = %(program)s

-- name: known_goods
-- Goods that are loaded; some tens of thousands of short texts. Plan: index-only scan of (program, sku).
SELECT sku FROM catalogue_goods WHERE program_id = %(program)s

-- name: known_receipts
-- Numbers of receipts that are loaded; 156 thousand short texts at most. Plan: scan of the claims.
SELECT number FROM intake_receipt_claim WHERE program_id = %(program)s AND series = ''

-- name: count_receipts
-- Plan: index-only scan of the claims.
SELECT count(*) FROM intake_receipt_claim WHERE program_id = %(program)s

-- name: figures
-- What the demo reports of its program, each figure from the rows themselves. Plan: one scan of each table.
SELECT (SELECT count(*) FROM members_member WHERE program_id = %(program)s),
       (SELECT count(*) FROM workspace_place WHERE program_id = %(program)s AND kind = 'store'),
       (SELECT count(*) FROM catalogue_goods WHERE program_id = %(program)s),
       count(*), coalesce(sum(line_count), 0)::bigint
FROM intake_receipt WHERE program_id = %(program)s

-- name: statements
-- A month's statements by state and, where they were withheld, by reason. Plan: messages of a program by state.
SELECT state, coalesce(reason, ''), count(*) FROM messaging_message
WHERE program_id = %(program)s AND dedupe_key = %(dedupe_key)s
GROUP BY 1, 2 ORDER BY 1, 2

-- name: stuck
-- Messages of an occasion that a dead run of the demo holds. Plan: the partial index of due messages.
SELECT count(*) FROM messaging_message
WHERE program_id = %(program)s AND dedupe_key = %(dedupe_key)s
  AND state IN ('claimed', 'handing_over') AND claimed_by LIKE 'demo/%%'

-- name: waiting
-- Messages of an occasion that are still to be sent. Plan: messages of a program by state.
SELECT count(*) FROM messaging_message
WHERE program_id = %(program)s AND dedupe_key = %(dedupe_key)s
  AND state IN ('queued', 'deferred', 'claimed', 'handing_over')

-- name: only_one
-- One demo at a time on a database; the lock ends with its connection, however that ends. Plan: advisory lock.
SELECT pg_try_advisory_lock(hashtext('verno.demo'))
