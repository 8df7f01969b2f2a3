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

-- name: broadcasts_of
-- Broadcasts that chose the member, and with what they were written to. Plan: the holder's messages with a broadcast's
-- key, primary keys; the recipients of a program's broadcasts by primary key.
SELECT r.broadcast_id::text, b.name AS broadcast, r.state, r.reason, r.variant, r.send_at, r.changed_at, m.templates,
       m.written_at
FROM messaging_broadcast b
JOIN messaging_recipient r ON r.broadcast_id = b.id AND r.holder_id = ANY (%(holders)s::uuid[])
CROSS JOIN LATERAL (
    SELECT array_agg(g.template ORDER BY g.id) AS templates, array_agg(g.changed_at ORDER BY g.id) AS written_at
    FROM messaging_message g WHERE g.holder_id = r.holder_id AND g.dedupe_key = 'broadcast/' || b.id
) m
WHERE b.program_id = %(program)s
ORDER BY r.send_at DESC
LIMIT %(most)s

-- name: words_of
-- What the member wrote, sealed. Plan: ranges of the primary key.
SELECT holder_id::text, id::text, channel, at, sealed FROM members_word
WHERE holder_id = ANY (%(holders)s::uuid[]) AND program_id = %(program)s
ORDER BY at DESC, id DESC
LIMIT %(most)s

-- name: disputes_of
-- What the member said was not them; cashiers are somebody else. Plan: the unique index by holder.
SELECT holder_id::text, id::text, told, moves, number, place, till, happened_at, state, opened_at, deadline, decided_at,
       words, answer
FROM messaging_dispute
WHERE holder_id = ANY (%(holders)s::uuid[]) AND program_id = %(program)s
ORDER BY opened_at DESC, id DESC
LIMIT %(most)s

-- name: spoken_for
-- Companies that the member speaks for. Plan: the program's contacts, few.
SELECT DISTINCT holder_id::text FROM members_company_contact
WHERE program_id = %(program)s AND member_id = ANY (%(holders)s::uuid[])
LIMIT %(most)s

-- name: words_out
-- Where members stand by a word of their own, the newest first, with the evidence of the record that says so; the
-- evidence of what is not proven would make it so when it is read back. Then whole classes that they left. Plan: function
-- scan, nested loop on the index of the newest, three times.
SELECT r.id::text, s.purpose, s.topic, s.channel, s.state, s.since, s.method,
       CASE WHEN s.state <> 'unproven' THEN s.text_version END,
       c.text_id, encode(c.text_sha256, 'hex'), c.locale,
       CASE WHEN s.state <> 'unproven' THEN c.evidence_ref END, c.valid_until
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
CROSS JOIN LATERAL members_said(r.id, %(now)s::timestamptz) s
LEFT JOIN LATERAL (
    SELECT * FROM members_consent c
    WHERE c.holder_id = r.id AND c.purpose = s.purpose AND c.topic = s.topic AND c.channel = s.channel
      AND c.occurred_at = s.since AND c.method = s.method
      AND c.action = ANY (CASE s.state WHEN 'withdrawn' THEN ARRAY['withdraw'] ELSE ARRAY['grant', 'import'] END)
    ORDER BY c.action DESC, c.id DESC LIMIT 1
) c ON true
WHERE s.state IN ('granted', 'unproven', 'unconfirmed', 'withdrawn')
UNION ALL
SELECT r.id::text, w.purpose, w.topic, w.channel, 'withdrawn', max(w.occurred_at), min(w.method), NULL, NULL, NULL, NULL,
       NULL, NULL
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_consent w ON w.holder_id = r.id AND w.topic IN ('*marketing', '*program')
GROUP BY r.id, w.purpose, w.topic, w.channel
ORDER BY 1, 6 DESC, 2, 3, 4
