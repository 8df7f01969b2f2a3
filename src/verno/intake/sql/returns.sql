-- name: known_returns
-- Which numbers of the batch have been taken before: a return's answer, a parked one's, or neither, for a sale's.
-- LIMIT keeps the plan (see docs/adr/0009). Plan: function scan, nested loops on primary keys.
SELECT r.position, c.receipt_id::text, c.fingerprint, coalesce(t.status, CASE WHEN p.answer IS NOT NULL THEN 'parked' END),
       coalesce(t.answer, p.answer)
FROM json_to_recordset(%(rows)s) AS r (position integer, place_id uuid, series text, number text)
CROSS JOIN LATERAL (
    SELECT holder_id, receipt_id, encode(fingerprint, 'hex') AS fingerprint
    FROM intake_receipt_claim
    WHERE program_id = %(program)s AND place_id = r.place_id AND series = r.series AND number = r.number
    LIMIT 1
) c
LEFT JOIN LATERAL (
    SELECT status, answer FROM intake_return WHERE holder_id = c.holder_id AND id = c.receipt_id LIMIT 1
) t ON true
LEFT JOIN LATERAL (
    SELECT answer FROM intake_parked WHERE program_id = %(program)s AND id = c.receipt_id LIMIT 1
) p ON true

-- name: add_claims
-- The claims of numbers that come without a receipt. One taken meanwhile by another transaction is a unique violation:
-- the whole batch is tried again and then finds the winner. Plan: function scan, insert.
INSERT INTO intake_receipt_claim (program_id, place_id, series, number, holder_id, receipt_id, fingerprint)
SELECT %(program)s, place_id, series, number, holder_id, receipt_id, decode(fingerprint, 'hex')
FROM json_to_recordset(%(rows)s) AS r (
    place_id uuid, series text, number text, holder_id uuid, receipt_id uuid, fingerprint text
)

-- name: add_returns
-- Plan: function scan, insert.
INSERT INTO intake_return (holder_id, id, program_id, place_id, series, number, till, cashier, at, recorded_at, status,
                           original_id, lines, refund, points_value, taken, put, answer)
SELECT holder_id, id, %(program)s, place_id, series, number, till, cashier, at, %(now)s, status,
       original_id, lines, refund, points_value, taken, put, answer
FROM json_to_recordset(%(rows)s) AS r (
    holder_id uuid, id uuid, place_id uuid, series text, number text, till text, cashier text, at timestamptz,
    status text, original_id uuid, lines jsonb, refund bigint, points_value bigint, taken jsonb, put jsonb, answer text
)

-- name: add_parked
-- Plan: function scan, insert.
INSERT INTO intake_parked (program_id, id, place_id, series, number, original_place_id, original_series, original_number,
                           request, at, recorded_at, answer)
SELECT %(program)s, id, place_id, series, number, original_place_id, original_series, original_number,
       request, at, %(now)s, answer
FROM json_to_recordset(%(rows)s) AS r (
    id uuid, place_id uuid, series text, number text, original_place_id uuid, original_series text,
    original_number text, request jsonb, at timestamptz, answer text
)

-- name: parked_for
-- The returns that wait for some sales, in the order they came. LIMIT 1000 keeps the plan and is more than a sale has
-- lines. Plan: function scan, nested loop on the index by original.
SELECT r.id::text, p.id::text, p.request::text, p.at, p.place_id::text
FROM json_to_recordset(%(rows)s) AS r (id uuid, place_id uuid, series text, number text)
CROSS JOIN LATERAL (
    SELECT * FROM intake_parked
    WHERE original_place_id = r.place_id AND original_series = r.series AND original_number = r.number
    LIMIT 1000
) p
ORDER BY p.id

-- name: unpark
-- Take returns out of the wait; of two who try, one gets each. Plan: function scan, nested loop on the primary key; TID
-- scan.
DELETE FROM intake_parked
WHERE ctid = ANY (ARRAY(
    SELECT p.ctid
    FROM json_to_recordset(%(rows)s) AS r (id uuid)
    CROSS JOIN LATERAL (SELECT ctid FROM intake_parked WHERE program_id = %(program)s AND id = r.id LIMIT 1) p
))
RETURNING id::text

-- name: parked_and_there
-- Sales that have come although returns of them are parked still. LIMIT keeps the plan.
-- Plan: the parked rows, nested loops on the claims' primary key and the receipts' one.
SELECT DISTINCT c.receipt_id::text
FROM intake_parked p
CROSS JOIN LATERAL (
    SELECT holder_id, receipt_id FROM intake_receipt_claim
    WHERE program_id = p.program_id AND place_id = p.original_place_id AND series = p.original_series
      AND number = p.original_number
    LIMIT 1
) c
CROSS JOIN LATERAL (
    SELECT 1 FROM intake_receipt
    WHERE id = c.receipt_id AND holder_id IS NOT DISTINCT FROM c.holder_id AND status <> 'held'
    LIMIT 1
) t
WHERE p.program_id = %(program)s AND (%(ids)s::uuid[] IS NULL OR p.id = ANY (%(ids)s))
LIMIT %(limit)s

-- name: one_return
-- One return by id or by number as it stands: settled, refused when its sale had come, or waiting for it still; with the
-- sale, and with whose points that moves now: nobody's while it has no member.
-- Plan: the primary key of claims, the index of returns by id, the primary keys of parked ones and of receipts.
SELECT n.id::text, coalesce(t.status, 'parked'), coalesce(t.place_id, p.place_id)::text, coalesce(t.series, p.series),
       coalesce(t.number, p.number), coalesce(t.at, p.at), o.id::text, coalesce(o.place_id, p.original_place_id)::text,
       coalesce(o.series, p.original_series), coalesce(o.number, p.original_number),
       CASE WHEN o.status <> 'unmatched'
            THEN coalesce((SELECT survivor_id FROM members_redirect WHERE holder_id = o.holder_id), o.holder_id)::text
       END,
       t.taken, t.put, coalesce(t.answer, p.answer)
FROM (
    SELECT %(id)s::uuid AS id
    UNION ALL
    SELECT receipt_id FROM intake_receipt_claim
    WHERE program_id = %(program)s AND place_id = %(place)s AND series = %(series)s AND number = %(number)s
) n
LEFT JOIN intake_return t ON t.id = n.id AND t.program_id = %(program)s
LEFT JOIN intake_parked p ON p.id = n.id AND p.program_id = %(program)s
LEFT JOIN intake_receipt o ON o.id = t.original_id AND o.program_id = %(program)s AND o.status <> 'claimed'
WHERE t.id IS NOT NULL OR p.id IS NOT NULL
LIMIT 1

-- name: original_of
-- The sale that a return is of. Plan: the index of returns by id.
SELECT original_id::text FROM intake_return WHERE id = %(id)s AND program_id = %(program)s
