-- name: count_receipts
-- How many receipts a replay will see, for its bar. Plan: one scan.
SELECT count(*) FROM intake_receipt
WHERE program_id = %(program)s AND at >= %(since)s AND at < %(until)s AND status IN ('settled', 'unmatched')

-- name: receipts
-- The receipts of a period, in the order in which they happened, read a piece at a time from one snapshot.
-- Plan: scan, sort (on disk where they are many).
SELECT r.id::text, r.number, CASE WHEN r.status = 'unmatched' THEN NULL ELSE r.holder_id END::text,
       r.place_id::text, (SELECT code FROM workspace_place WHERE id = r.till_id), r.at, r.channel, r.payments,
       r.attributes, r.facts, r.spent, r.rulebook_id::text
FROM intake_receipt r
WHERE r.program_id = %(program)s AND r.at >= %(since)s AND r.at < %(until)s AND r.status IN ('settled', 'unmatched')
ORDER BY r.at, r.id

-- name: receipt
-- One receipt, as those of a period are read. Plan: primary key.
SELECT r.id::text, r.number, CASE WHEN r.status = 'unmatched' THEN NULL ELSE r.holder_id END::text,
       r.place_id::text, (SELECT code FROM workspace_place WHERE id = r.till_id), r.at, r.channel, r.payments,
       r.attributes, r.facts, r.spent, r.rulebook_id::text
FROM intake_receipt r
WHERE r.program_id = %(program)s AND r.id = %(id)s AND r.status <> 'claimed'

-- name: named
-- The receipts of a number, by place; or the one of an id. Plan: primary keys of claims, place by place, and of receipts.
SELECT t.id::text, t.number, p.code, p.name, t.at
FROM (
    SELECT %(id)s::uuid AS id
    UNION
    SELECT c.receipt_id
    FROM workspace_place s
    JOIN intake_receipt_claim c ON c.program_id = s.program_id AND c.place_id = s.id
    WHERE s.program_id = %(program)s AND s.kind = 'store' AND c.number = %(number)s
      AND (%(place)s::text IS NULL OR s.code = %(place)s)
) n
JOIN intake_receipt t ON t.id = n.id AND t.program_id = %(program)s AND t.status <> 'claimed'
JOIN workspace_place p ON p.id = t.place_id
ORDER BY t.at DESC
LIMIT 50

-- name: lines
-- The lines of some receipts: a claimed one's lie under its place's holder, so that the receipt alone is asked for.
-- Plan: function scan, nested loop on the receipt's range of the primary key.
SELECT l.receipt_id::text, l.line::int, l.goods_id::text, (l.quantity * 1000)::bigint, l.amount, l.discount, l.attributes
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
CROSS JOIN LATERAL (SELECT * FROM intake_receipt_line WHERE receipt_id = r.id OFFSET 0) l

-- name: gone
-- What of some receipts was not captured, or came back, by line, in thousandths: what a capture of a part kept, then
-- each return. OFFSET keeps the plan. Plan: function scan, nested loops: the receipts by id, the primary key of steps;
-- the returns' index by original.
SELECT t.id::text, true, s.kept
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
CROSS JOIN LATERAL (
    SELECT id, holder_id, lines_holder_id FROM intake_receipt WHERE id = r.id AND status <> 'claimed' LIMIT 1
) t
CROSS JOIN LATERAL (
    SELECT kept FROM intake_step
    WHERE holder_id IN (t.holder_id, t.lines_holder_id) AND receipt_id = t.id AND slot = 'resolve' AND kind = 'capture'
      AND kept IS NOT NULL
    OFFSET 0
) s
UNION ALL
SELECT b.original_id::text, false, b.lines
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
CROSS JOIN LATERAL (
    SELECT original_id, lines FROM intake_return WHERE original_id = r.id AND status = 'settled' OFFSET 0
) b
