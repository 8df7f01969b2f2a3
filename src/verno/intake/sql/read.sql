-- name: receipts_of
-- A page of a member's receipts, newest first; of a captured one what its capture made of it.
-- Plan: backward range of intake_receipt_story, nested loops on primary keys.
SELECT r.id::text, r.number, r.series, p.code, p.name, t.code, r.cashier, r.at, r.status, r.amount, r.discount,
       r.line_count, coalesce(s.points, r.points), coalesce(s.verdict, r.verdict),
       coalesce(s.points_value, r.points_value), r.hold_expires_at,
       coalesce(r.lines_holder_id, r.holder_id)::text
FROM intake_receipt r
JOIN workspace_place p ON p.id = r.place_id
LEFT JOIN workspace_place t ON t.id = r.till_id
LEFT JOIN intake_step s
  ON s.holder_id = r.holder_id AND s.receipt_id = r.id AND s.slot = 'resolve' AND s.kind = 'capture'
WHERE r.holder_id = %(holder)s
  AND (%(before_at)s::timestamptz IS NULL OR (r.at, r.id) < (%(before_at)s, %(before_id)s::uuid))
ORDER BY r.at DESC, r.id DESC
LIMIT %(limit)s

-- name: latest_receipts
-- The receipts recorded last: ids are made in order of time. Plan: backward range of the primary key.
SELECT r.id::text, r.number, r.series, p.code, p.name, t.code, r.cashier, r.at, r.status, r.amount, r.discount,
       r.line_count, r.points, r.verdict, r.points_value, r.hold_expires_at,
       coalesce(r.lines_holder_id, r.holder_id)::text
FROM intake_receipt r
JOIN workspace_place p ON p.id = r.place_id
LEFT JOIN workspace_place t ON t.id = r.till_id
WHERE r.program_id = %(program)s AND r.status <> 'claimed'
ORDER BY r.id DESC
LIMIT %(limit)s

-- name: lines_of
-- Lines of some receipts of one member with their goods. Plan: ranges of the primary key, goods by id.
SELECT l.receipt_id::text, l.line, g.sku, g.name, g.category, trim_scale(l.quantity)::text, l.amount, l.discount
FROM intake_receipt_line l
JOIN catalogue_goods g ON g.id = l.goods_id
WHERE l.holder_id = %(holder)s AND l.receipt_id = ANY (%(ids)s::uuid[])
ORDER BY l.receipt_id, l.line

-- name: returns_of
-- What came back of some receipts, in the order it was recorded. Plan: index by the sale.
SELECT t.original_id::text, t.number, p.code, t.at, t.status, t.refund, t.taken, t.put
FROM intake_return t JOIN workspace_place p ON p.id = t.place_id
WHERE t.original_id = ANY (%(ids)s::uuid[])
ORDER BY t.recorded_at, t.id

-- name: receipt_names
-- The receipts and returns that operations stand for. A member's points may come of receipts that another one had before
-- a merge, so that the holder is not asked. Plan: the indexes by id.
SELECT r.id::text, r.number, p.code
FROM intake_receipt r JOIN workspace_place p ON p.id = r.place_id
WHERE r.id = ANY (%(ids)s::uuid[]) AND r.status <> 'claimed'
UNION ALL
SELECT t.id::text, t.number, p.code
FROM intake_return t JOIN workspace_place p ON p.id = t.place_id
WHERE t.id = ANY (%(ids)s::uuid[])

-- name: rung_up
-- Where and by whom receipts and returns were made, whosever they are by now. Plan: the indexes by id.
SELECT r.id::text, r.holder_id::text, r.number, p.code, p.name, t.code, r.cashier, r.at, r.amount
FROM intake_receipt r JOIN workspace_place p ON p.id = r.place_id LEFT JOIN workspace_place t ON t.id = r.till_id
WHERE r.id = ANY (%(ids)s::uuid[]) AND r.status <> 'claimed'
UNION ALL
SELECT t.id::text, t.holder_id::text, t.number, p.code, p.name, t.till, t.cashier, t.at, t.refund
FROM intake_return t JOIN workspace_place p ON p.id = t.place_id
WHERE t.id = ANY (%(ids)s::uuid[])

-- name: last_zones
-- The zone of the store where each member bought last. Plan: function scan, nested loop on intake_receipt_story
-- backwards, one row each; stores by id.
SELECT r.holder, coalesce(p.timezone, g.timezone)
FROM (SELECT value AS holder FROM json_array_elements_text(%(holders)s) OFFSET 0) r
CROSS JOIN LATERAL (
    SELECT place_id FROM intake_receipt WHERE holder_id = r.holder::uuid ORDER BY at DESC, id DESC LIMIT 1
) l
JOIN workspace_place p ON p.id = l.place_id
JOIN workspace_program g ON g.id = p.program_id
