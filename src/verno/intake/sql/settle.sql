-- name: known_receipts
-- Which numbers of the batch have been taken before, with what was answered then; a return's number has no receipt.
-- LIMIT keeps the plan (see docs/adr/0009), and so does IS NOT DISTINCT FROM: of a place's anonymous holder, who has most
-- receipts, no index by holder must be read. Plan: function scan, nested loops on the primary keys of claims
-- and receipts.
SELECT r.position, c.receipt_id::text, c.fingerprint, t.answer
FROM json_to_recordset(%(rows)s) AS r (position integer, place_id uuid, series text, number text)
CROSS JOIN LATERAL (
    SELECT holder_id, receipt_id, encode(fingerprint, 'hex') AS fingerprint
    FROM intake_receipt_claim
    WHERE program_id = %(program)s AND place_id = r.place_id AND series = r.series AND number = r.number
    LIMIT 1
) c
LEFT JOIN LATERAL (
    SELECT answer FROM intake_receipt
    WHERE id = c.receipt_id AND holder_id IS NOT DISTINCT FROM c.holder_id
    LIMIT 1
) t ON true

-- name: any_parked
-- Whether any return of the program waits for its sale. Once a batch; there are none, as a rule.
-- Plan: the first row of the primary key.
SELECT 1 FROM intake_parked WHERE program_id = %(program)s LIMIT 1

-- name: copy_claims
-- The claims of a batch's numbers. A number taken meanwhile by another transaction is a unique violation: the whole
-- batch is tried again and then finds the winner. Plan: copy.
COPY intake_receipt_claim (program_id, place_id, series, number, holder_id, receipt_id, fingerprint)
FROM STDIN (FORMAT binary)

-- name: copy_receipts
-- The columns come as they are made: what a batch shares, what the claim has too, and so on. Plan: copy.
COPY intake_receipt (program_id, recorded_at, holder_id, id, place_id, series, number, till_id, fiscal_number, cashier,
                     channel, at, status, amount, discount, line_count, points, payments, attributes, sought_kind,
                     sought_hash, rulebook_id, verdict, answer, spent, points_value, given, hold_expires_at, claim_code,
                     approved_by, facts, taken_off)
FROM STDIN (FORMAT binary)

-- name: copy_lines
-- All lines of a batch in one COPY: measured, less than half the server's time of an insert from JSON. Plan: copy.
COPY intake_receipt_line (holder_id, receipt_id, line, amount, discount, goods_id, quantity, attributes)
FROM STDIN (FORMAT binary)
