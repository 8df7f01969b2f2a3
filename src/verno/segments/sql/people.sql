-- name: rows_of
-- What members are by themselves. Plan: function scan, nested loop on the primary key.
SELECT m.id::text, m.locale, m.buying_group, m.home_place, g.code
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_member m ON m.id = r.id AND m.program_id = %(program)s
LEFT JOIN workspace_place p ON p.program_id = m.program_id AND p.kind = 'store' AND p.code = m.home_place
LEFT JOIN workspace_place g ON g.id = p.parent_id AND g.kind = 'region'

-- name: looks_of
-- Where owners stood when somebody looked last. Plan: function scan, range of the primary key.
SELECT t.owner_id::text, t.track_id::text, t.step, t.value
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN progress_tier t ON t.owner_id = r.id AND t.program_id = %(program)s

-- name: lots_of
-- Points that nothing keeps, with when they end by themselves and when their account lapses, for those that began before.
-- Plan: function scan, nested loops on the holders' accounts and open lots.
SELECT a.holder_id::text, u.code, l.remaining - l.held, l.expires_at,
       CASE WHEN l.active_from <= s.lapses_at THEN s.lapses_at END
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN ledger_account a ON a.holder_id = r.id AND a.kind = 'member'
JOIN workspace_unit u ON u.id = a.unit_id
JOIN ledger_lot l ON l.holder_id = a.holder_id AND l.account_id = a.id AND l.remaining > l.held
CROSS JOIN LATERAL (SELECT ledger_lapse(a.unit_id, a.lapses_at) AS lapses_at OFFSET 0) s

-- name: sales_of
-- Settled sales of members and of those who were merged into them, the oldest first.
-- Plan: function scan, nested loops: redirects by survivor, the holders' ranges of receipts, primary keys.
SELECT h.member_id::text, t.id::text, t.at, p.code, p.timezone, g.code, t.channel,
       t.amount - t.taken_off, coalesce(c.points_value, t.points_value)
FROM (
    SELECT r.id AS member_id, r.id AS holder_id
    FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
    UNION ALL
    SELECT d.survivor_id, d.holder_id
    FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
    JOIN members_redirect d ON d.survivor_id = r.id
) h
JOIN intake_receipt t ON t.holder_id = h.holder_id AND t.program_id = %(program)s AND t.status = 'settled'
JOIN workspace_place p ON p.id = t.place_id
LEFT JOIN workspace_place g ON g.id = p.parent_id AND g.kind = 'region'
LEFT JOIN intake_step c ON c.holder_id = t.holder_id AND c.receipt_id = t.id AND c.slot = 'resolve' AND c.kind = 'capture'
WHERE t.at <= %(now)s
ORDER BY t.at, t.id

-- name: refunds_of
-- Money that went back for sales. Plan: function scan, nested loop on the index by sale.
SELECT t.original_id::text, sum(t.refund)::bigint
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(sales)s) OFFSET 0) r
JOIN intake_return t ON t.original_id = r.id AND t.status = 'settled'
GROUP BY t.original_id

-- name: lines_of
-- What was sold, of sales under whomever their lines lie. Plan: function scan, nested loops on primary keys.
SELECT l.receipt_id::text, g.sku, g.category, (l.quantity * 1000)::bigint, l.amount
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(sales)s) OFFSET 0) r
JOIN intake_receipt_line l ON l.receipt_id = r.id
JOIN catalogue_goods g ON g.id = l.goods_id
ORDER BY l.receipt_id, l.line
