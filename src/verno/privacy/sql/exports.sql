-- name: columns
-- Columns of the tables that a personal export tells; bytes are hashes and seals, and say nothing to anybody.
-- Plan: catalogue.
SELECT c.relname, a.attname FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY (%(tables)s)
  AND a.atttypid <> 'bytea'::regtype AND a.attname <> ALL (%(left_out)s)
ORDER BY c.relname, a.attnum

-- name: points_of
-- What moved points, from the member's side. Plan: transfers by holder, joins on primary keys.
SELECT t.id::text, t.at, t.recorded_at, u.code AS unit, t.kind, t.reason,
       CASE WHEN c.kind = 'member' AND c.holder_id = t.holder_id THEN t.amount ELSE -t.amount END AS points,
       t.operation_id::text AS operation
FROM ledger_transfer t
JOIN workspace_unit u ON u.id = t.unit_id
JOIN ledger_account c ON c.id = t.credit_account_id
WHERE t.holder_id = ANY (%(holders)s::uuid[])
ORDER BY t.at DESC, t.id DESC
LIMIT %(most)s

-- name: balances_of
-- What there is. Plan: the holder's unique index.
SELECT u.code AS unit, a.available, a.pending, a.held, a.debt
FROM ledger_account a JOIN workspace_unit u ON u.id = a.unit_id
WHERE a.holder_id = ANY (%(holders)s::uuid[]) AND a.kind = 'member'
ORDER BY u.code
LIMIT %(most)s

-- name: receipts_of
-- Receipts with their store. Plan: the index of the story, primary key of places.
SELECT r.id::text, r.at, p.code AS place, p.name AS place_name, r.series, r.number, r.fiscal_number, r.channel,
       r.status, r.amount, r.discount, r.points, r.points_value, r.payments, r.attributes, r.facts
FROM intake_receipt r JOIN workspace_place p ON p.id = r.place_id
WHERE r.holder_id = ANY (%(holders)s::uuid[])
ORDER BY r.at DESC, r.id DESC
LIMIT %(most)s

-- name: receipt_lines_of
-- What was bought. Plan: the primary key of lines by receipt, goods by key.
SELECT l.receipt_id::text, l.line, g.sku, g.name, l.quantity, l.amount, l.discount
FROM intake_receipt r
JOIN intake_receipt_line l ON l.receipt_id = r.id AND l.holder_id = coalesce(r.lines_holder_id, r.holder_id)
JOIN catalogue_goods g ON g.id = l.goods_id
WHERE r.holder_id = ANY (%(holders)s::uuid[])
ORDER BY r.at DESC, l.receipt_id, l.line
LIMIT %(most)s
