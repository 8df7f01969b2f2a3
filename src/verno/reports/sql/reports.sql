-- name: add_months
-- Add counted events to their months; the reader's cursor moves in the same transaction.
-- Plan: function scan in the order of the key, insert or update by primary key.
INSERT INTO reports_month AS m (program_id, month, receipts, unmatched, amount, points)
SELECT program_id, month, receipts, unmatched, amount, points
FROM json_to_recordset(%(rows)s) AS r (
    program_id uuid, month date, receipts bigint, unmatched bigint, amount bigint, points bigint
)
ORDER BY program_id, month
ON CONFLICT (program_id, month) DO UPDATE
SET receipts = m.receipts + excluded.receipts,
    unmatched = m.unmatched + excluded.unmatched,
    amount = m.amount + excluded.amount,
    points = m.points + excluded.points

-- name: months
-- The newest months of a program. Plan: backward range of the primary key.
SELECT month, receipts, unmatched, amount, points FROM reports_month
WHERE program_id = %(program)s AND month >= %(first)s ORDER BY month

-- name: receipts_in_total
-- All receipts of a program. Plan: a row a month by the primary key.
SELECT coalesce(sum(receipts), 0)::bigint, coalesce(sum(unmatched), 0)::bigint, coalesce(sum(amount), 0)::bigint
FROM reports_month WHERE program_id = %(program)s

-- name: count_members
-- Plan: index-only scan of members_by_program.
SELECT count(*) FROM members_member WHERE program_id = %(program)s

-- name: messages_by_state
-- Messages by state, and by reason where one was given. Plan: one scan of the program's messages.
SELECT state, reason, count(*) FROM messaging_message
WHERE program_id = %(program)s GROUP BY state, reason ORDER BY count(*) DESC, reason

-- name: members_of_receipts
-- Who stands behind some receipts; receipts without a member are absent. Plan: primary keys.
SELECT r.id::text, m.id::text, coalesce(m.name, m.external_id)
FROM intake_receipt r JOIN members_member m ON m.id = r.holder_id
WHERE r.id = ANY (%(ids)s::uuid[]) AND r.program_id = %(program)s AND m.program_id = %(program)s
