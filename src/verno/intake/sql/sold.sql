-- name: lock_sold
-- The receipts that a batch of steps or returns names, by id, by number or by claim code, locked in the order of their
-- ids and read as they are after the wait; with whose points they move now (members may have been merged since), all
-- whose points they may have moved, and of held ones the amounts of their lines, which a capture of the whole tells: it
-- is not worth a round trip of its own.
-- LIMIT keeps the plan (see docs/adr/0009), and so does IS NOT DISTINCT FROM: of a place's anonymous holder, who has most
-- receipts, no index by holder must be read. Plan: function scan, nested loops on the primary keys of
-- receipts and claims and the unique index of codes; sort; the receipt's primary key, lock; the lines' one.
SELECT n.position, t.id::text, t.holder_id::text,
       coalesce((SELECT survivor_id FROM members_redirect WHERE holder_id = t.holder_id), t.holder_id)::text,
       coalesce(t.lines_holder_id, t.holder_id)::text, t.place_id::text, t.series, t.number, t.at, t.status, t.amount,
       t.line_count, t.rulebook_id::text, coalesce(t.verdict, '[]'), t.spent, t.points_value, t.given, t.hold_expires_at,
       t.claim_code, t.fiscal_number, t.cashier, (SELECT code FROM workspace_place WHERE id = t.till_id),
       coalesce((SELECT json_object_agg(f.holder_id, f.now_id) FROM members_family(t.holder_id) f), '{}'),
       CASE WHEN t.status = 'held'
            THEN ARRAY(SELECT amount FROM intake_receipt_line
                       WHERE receipt_id = t.id AND holder_id IS NOT DISTINCT FROM t.holder_id ORDER BY line)
       END, t.channel, coalesce(t.payments, '[]'), coalesce(t.attributes, '{}'), t.facts, t.taken_off
FROM (
    SELECT r.position, f.holder_id, f.id
    FROM json_to_recordset(%(rows)s) AS r (position integer, id uuid)
    CROSS JOIN LATERAL (
        SELECT holder_id, id FROM intake_receipt
        WHERE id = r.id AND program_id = %(program)s
        ORDER BY status = 'claimed'
        LIMIT 1
    ) f
    WHERE r.id IS NOT NULL
    UNION ALL
    SELECT r.position, c.holder_id, c.receipt_id
    FROM json_to_recordset(%(rows)s) AS r (position integer, place_id uuid, series text, number text)
    CROSS JOIN LATERAL (
        SELECT holder_id, receipt_id FROM intake_receipt_claim
        WHERE program_id = %(program)s AND place_id = r.place_id AND series = r.series AND number = r.number
        LIMIT 1
    ) c
    UNION ALL
    SELECT r.position, f.holder_id, f.id
    FROM json_to_recordset(%(rows)s) AS r (position integer, code text)
    CROSS JOIN LATERAL (
        SELECT holder_id, id FROM intake_receipt
        WHERE program_id = %(program)s AND claim_code = r.code AND lines_holder_id IS NULL
        LIMIT 1
    ) f
    ORDER BY 3, 1
) n
CROSS JOIN LATERAL (
    SELECT * FROM intake_receipt WHERE id = n.id AND holder_id IS NOT DISTINCT FROM n.holder_id
    LIMIT 1
    FOR UPDATE
) t

-- name: one_sold
-- One receipt by id, by number or by claim code, as lock_sold reads it but without a lock.
-- Plan: the primary key of receipts or of claims, or the unique index of codes.
SELECT 0, t.id::text, t.holder_id::text,
       coalesce((SELECT survivor_id FROM members_redirect WHERE holder_id = t.holder_id), t.holder_id)::text,
       coalesce(t.lines_holder_id, t.holder_id)::text, t.place_id::text, t.series, t.number, t.at, t.status, t.amount,
       t.line_count, t.rulebook_id::text, coalesce(t.verdict, '[]'), t.spent, t.points_value, t.given, t.hold_expires_at,
       t.claim_code, t.fiscal_number, t.cashier, (SELECT code FROM workspace_place WHERE id = t.till_id),
       coalesce((SELECT json_object_agg(f.holder_id, f.now_id) FROM members_family(t.holder_id) f), '{}'),
       NULL, t.channel, coalesce(t.payments, '[]'), coalesce(t.attributes, '{}'), t.facts, t.taken_off
FROM (
    SELECT %(id)s::uuid AS id
    UNION ALL
    SELECT receipt_id FROM intake_receipt_claim
    WHERE program_id = %(program)s AND place_id = %(place)s AND series = %(series)s AND number = %(number)s
    UNION ALL
    SELECT id FROM intake_receipt
    WHERE program_id = %(program)s AND claim_code = %(code)s AND lines_holder_id IS NULL
) n
JOIN intake_receipt t ON t.id = n.id AND t.program_id = %(program)s AND t.status <> 'claimed'
LIMIT 1

-- name: settled_of
-- All settled receipts of some holders as lock_sold reads them, without a lock, for a recount of what they keep.
-- Plan: function scan, nested loop on the index by holder.
SELECT 0, t.id::text, t.holder_id::text, t.holder_id::text, coalesce(t.lines_holder_id, t.holder_id)::text,
       t.place_id::text, t.series, t.number, t.at, t.status, t.amount, t.line_count, t.rulebook_id::text,
       coalesce(t.verdict, '[]'), t.spent, t.points_value, t.given, t.hold_expires_at, t.claim_code, t.fiscal_number,
       t.cashier, (SELECT code FROM workspace_place WHERE id = t.till_id), '{}'::jsonb, NULL, t.channel,
       coalesce(t.payments, '[]'), coalesce(t.attributes, '{}'), t.facts, t.taken_off
FROM json_array_elements_text(%(holders)s) AS r (holder_id)
CROSS JOIN LATERAL (
    SELECT * FROM intake_receipt
    WHERE holder_id = r.holder_id::uuid AND program_id = %(program)s AND status = 'settled'
    OFFSET 0
) t
ORDER BY t.holder_id, t.at, t.id

-- name: claimed_numbers
-- Which of some numbers are taken at all, and whether by a sale: one that has come since the sales were looked for.
-- LIMIT keeps the plan. Plan: function scan, primary keys of claims and receipts.
SELECT r.position, EXISTS (SELECT FROM intake_receipt WHERE id = c.receipt_id)
FROM json_to_recordset(%(rows)s) AS r (position integer, place_id uuid, series text, number text)
CROSS JOIN LATERAL (
    SELECT receipt_id FROM intake_receipt_claim
    WHERE program_id = %(program)s AND place_id = r.place_id AND series = r.series AND number = r.number
    LIMIT 1
) c

-- name: sold_lines
-- The lines of some receipts. OFFSET keeps the plan. Plan: function scan, nested loop on the primary key.
SELECT l.receipt_id::text, l.line, (l.quantity * 1000)::bigint, l.amount,
       (SELECT sku FROM catalogue_goods WHERE id = l.goods_id), l.discount, coalesce(l.attributes, '{}')
FROM json_to_recordset(%(rows)s) AS r (lines_holder_id uuid, id uuid)
CROSS JOIN LATERAL (
    SELECT * FROM intake_receipt_line WHERE holder_id = r.lines_holder_id AND receipt_id = r.id OFFSET 0
) l
ORDER BY l.receipt_id, l.line

-- name: sold_steps
-- The steps of some receipts, those from before a claim among them.
-- OFFSET keeps the plan. Plan: function scan, nested loops on the primary key.
SELECT s.receipt_id::text, s.slot, s.kind, encode(s.fingerprint, 'hex'), s.answer, s.at, s.kept, s.earned, s.spent,
       s.points_value, coalesce(s.verdict, '[]'), s.fiscal_number, s.cashier
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, lines_holder_id uuid, id uuid)
CROSS JOIN LATERAL (
    SELECT * FROM intake_step WHERE holder_id IN (r.holder_id, r.lines_holder_id) AND receipt_id = r.id OFFSET 0
) s

-- name: sold_returns
-- What has come back of some receipts, the oldest first.
-- OFFSET keeps the plan. Plan: function scan, nested loop on the index by original.
SELECT t.original_id::text, t.id::text, t.number, t.at, t.lines, t.refund, t.points_value, t.taken, t.put
FROM json_to_recordset(%(rows)s) AS r (id uuid)
CROSS JOIN LATERAL (
    SELECT * FROM intake_return WHERE original_id = r.id AND status = 'settled' OFFSET 0
) t
ORDER BY t.id

-- name: buyers
-- Whose purchases receipts were when they were taken. Plan: function scan, nested loop on the receipts' ids.
SELECT r.id, t.holder_id::text
FROM json_array_elements_text(%(ids)s) AS r (id)
CROSS JOIN LATERAL (
    SELECT holder_id FROM intake_receipt WHERE id = r.id::uuid AND status <> 'claimed' LIMIT 1
) t

-- name: captured_since
-- The receipts of some members that were captured since a moment. Plan: function scan, nested loops: the members' ranges
-- of the primary key of steps, the primary key of receipts.
SELECT t.id::text, t.at
FROM json_array_elements_text(%(holders)s) AS r (holder_id)
CROSS JOIN LATERAL (
    SELECT holder_id, receipt_id FROM intake_step
    WHERE holder_id = r.holder_id::uuid AND slot = 'resolve' AND kind = 'capture' AND recorded_at >= %(since)s
    OFFSET 0
) s
CROSS JOIN LATERAL (SELECT id, at FROM intake_receipt WHERE id = s.receipt_id AND holder_id = s.holder_id LIMIT 1) t
ORDER BY t.id

-- name: move_on
-- Say what became of receipts that this transaction has locked. By their place in the table, which cannot change while
-- the lock is held: a join would have a second plan (docs/adr/0009). Plan: TID scan.
UPDATE intake_receipt SET status = %(status)s
WHERE ctid = ANY (ARRAY(
    SELECT t.ctid
    FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, id uuid)
    CROSS JOIN LATERAL (
        SELECT ctid FROM intake_receipt WHERE id = r.id AND holder_id IS NOT DISTINCT FROM r.holder_id LIMIT 1
    ) t
))

-- name: add_steps
-- Plan: function scan, insert; the slot's primary key refuses a second one.
INSERT INTO intake_step (holder_id, receipt_id, slot, id, program_id, kind, at, recorded_at, till, cashier,
                         fiscal_number, member_id, kept, points, points_value, earned, spent, verdict, fingerprint,
                         answer)
SELECT holder_id, receipt_id, slot, id, %(program)s, kind, at, %(now)s, till, cashier, fiscal_number, member_id, kept,
       points, points_value, earned, spent, verdict, decode(fingerprint, 'hex'), answer
FROM json_to_recordset(%(rows)s) AS r (
    holder_id uuid, receipt_id uuid, slot text, id uuid, kind text, at timestamptz, till text, cashier text,
    fiscal_number text, member_id uuid, kept jsonb, points bigint, points_value bigint, earned jsonb, spent jsonb,
    verdict jsonb, fingerprint text, answer text
)

-- name: add_claimed
-- The rows of receipts that now have a member: all that was known, and what it earned. The lines stay where they are.
-- LIMIT keeps the plan. Plan: function scan, nested loop on the primary key, insert.
INSERT INTO intake_receipt (holder_id, id, program_id, place_id, till_id, series, number, fiscal_number, cashier, channel,
                            at, recorded_at, status, amount, discount, line_count, points, payments, attributes,
                            rulebook_id, verdict, answer, spent, points_value, given, claim_code, lines_holder_id, facts,
                            taken_off)
SELECT r.member_id, t.id, t.program_id, t.place_id, t.till_id, t.series, t.number, t.fiscal_number, t.cashier, t.channel,
       t.at, %(now)s, 'settled', t.amount, t.discount, t.line_count, r.points, t.payments, t.attributes,
       r.rulebook_id, r.verdict, t.answer, t.spent, t.points_value, r.given, t.claim_code, t.holder_id,
       coalesce(r.facts, t.facts), t.taken_off
FROM json_to_recordset(%(rows)s) AS r (
    holder_id uuid, id uuid, member_id uuid, points bigint, rulebook_id uuid, verdict jsonb, given jsonb, facts jsonb
)
CROSS JOIN LATERAL (
    SELECT * FROM intake_receipt WHERE id = r.id AND holder_id IS NOT DISTINCT FROM r.holder_id LIMIT 1
) t

-- name: own_numbers
-- Say whose some numbers are now. By their place in the table, like move_on: whoever changes a claim holds the lock of
-- what it claims. Plan: function scan, nested loops: the primary key, TID scan.
UPDATE intake_receipt_claim c SET holder_id = n.holder_id
FROM (
    SELECT r.holder_id, f.place
    FROM json_to_recordset(%(rows)s) AS r (place_id uuid, series text, number text, holder_id uuid)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM intake_receipt_claim
        WHERE program_id = %(program)s AND place_id = r.place_id AND series = r.series AND number = r.number
        LIMIT 1
    ) f
) n
WHERE c.ctid = n.place
