-- name: transfer_by_id
-- One transfer of a program with the sides it moved points between. An id carries the moment it was made at, and a
-- transfer is recorded then or a little later. Plan: the index by moment of recording, filter.
SELECT t.holder_id::text, t.id::text, t.at, t.recorded_at, t.unit_id::text, t.kind,
       CASE WHEN c.kind = 'member' THEN t.amount WHEN d.kind = 'member' THEN -t.amount ELSE 0 END, t.amount, t.reason,
       t.operation_id::text, t.reverses_id::text, d.kind, c.kind
FROM ledger_transfer t
JOIN ledger_account c ON c.id = t.credit_account_id AND c.program_id = t.program_id AND c.unit_id = t.unit_id
JOIN ledger_account d ON d.id = t.debit_account_id AND d.program_id = t.program_id AND d.unit_id = t.unit_id
WHERE t.recorded_at BETWEEN %(since)s AND %(until)s AND t.id = %(id)s AND t.program_id = %(program)s

-- name: lots_moved
-- The lots that a transfer took points out of, or put them back into, in the order they end; each with what had made it.
-- Plan: the index of moves by transfer, nested loops on primary keys.
SELECT l.id::text, m.amount, l.amount, l.remaining, l.active_from, l.expires_at, s.kind, s.operation_id::text, s.at
FROM ledger_lot_move m
JOIN ledger_lot l ON l.holder_id = m.holder_id AND l.id = m.lot_id
JOIN ledger_transfer s ON s.holder_id = l.holder_id AND s.id = l.id
WHERE m.holder_id = %(holder)s AND m.transfer_id = %(id)s
ORDER BY coalesce(l.expires_at, 'infinity'), l.active_from, l.id

-- name: lot_story
-- What became of a lot: every transfer that took points out of it or put some back, in order, and what is left.
-- Plan: the moves' primary key, nested loop on the transfers'.
SELECT t.id::text, t.kind, CASE WHEN c.kind = 'member' THEN m.amount ELSE -m.amount END, t.at, t.operation_id::text
FROM ledger_lot_move m
JOIN ledger_transfer t ON t.holder_id = m.holder_id AND t.id = m.transfer_id
JOIN ledger_account c ON c.id = t.credit_account_id AND c.program_id = t.program_id AND c.unit_id = t.unit_id
WHERE m.holder_id = %(holder)s AND m.lot_id = %(id)s
ORDER BY t.recorded_at, t.id

-- name: lot_by_id
-- Plan: primary key.
SELECT l.amount, l.remaining, l.held, l.active_from, l.expires_at, l.awaits
FROM ledger_lot l WHERE l.holder_id = %(holder)s AND l.id = %(id)s
