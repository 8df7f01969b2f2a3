-- name: lock_points
-- Lock the accounts of members in the ledger's own order (holder, unit), and read what is cached there. A correction
-- that first looks at lots, or asks whether there is anything at all, takes the ledger's locks before it looks.
-- Plan: function scan, sort, nested loop on the holder's unique index, lock.
SELECT a.holder_id::text, a.unit_id::text, a.available + a.pending + a.held + a.debt, a.held, a.debt,
       ledger_lapse(a.unit_id, a.lapses_at)
FROM (
    SELECT DISTINCT value::uuid AS holder_id FROM json_array_elements_text(%(holders)s)
) r
JOIN ledger_account a ON a.holder_id = r.holder_id AND a.kind = 'member' AND a.program_id = %(program)s
ORDER BY a.holder_id, a.unit_id
FOR UPDATE OF a

-- name: sendable_lots
-- What members could send at a moment, in the order in which a spend eats it, each with its end. A hold whose time is
-- over frees its lots; what came free after its end is over; what sliding expiry ends has the account's end. Whoever
-- waited for the account's lock has an older moment than what came in meanwhile: no account is judged by one before its
-- last change, as in the ledger's planner.
-- Plan: function scan, nested loops on the holder's open lots and on open holds.
SELECT l.holder_id::text, a.unit_id::text, l.remaining - l.held + coalesce(f.amount, 0), l.expires_at,
       CASE WHEN l.active_from > s.lapses_at THEN l.expires_at ELSE least(l.expires_at, s.lapses_at) END
FROM (
    SELECT DISTINCT value::uuid AS holder_id FROM json_array_elements_text(%(holders)s)
) r
JOIN ledger_account a ON a.holder_id = r.holder_id AND a.kind = 'member' AND a.program_id = %(program)s
JOIN ledger_lot l ON l.holder_id = a.holder_id AND l.account_id = a.id AND l.remaining > 0
CROSS JOIN LATERAL (
    SELECT ledger_lapse(a.unit_id, a.lapses_at) AS lapses_at, greatest(%(now)s, a.changed_at) AS now OFFSET 0
) s
LEFT JOIN LATERAL (
    SELECT sum(p.amount)::bigint AS amount
    FROM ledger_hold h
    JOIN ledger_hold_lot p ON p.holder_id = h.holder_id AND p.hold_id = h.id
    WHERE h.holder_id = l.holder_id AND h.account_id = l.account_id AND h.state = 'open' AND h.expires_at <= s.now
      AND p.lot_id = l.id
) f ON true
WHERE l.active_from <= s.now
  AND (l.expires_at IS NULL OR l.expires_at > s.now)
  AND (s.lapses_at IS NULL OR s.lapses_at > s.now OR l.active_from > s.lapses_at)
  AND l.remaining - l.held + coalesce(f.amount, 0) > 0
ORDER BY l.holder_id, a.unit_id, l.expires_at NULLS LAST, l.active_from, l.id

-- name: effective
-- Which operations moved anything: one that found nothing must not claim its key.
-- Plan: function scan, nested loop on the holders' ranges of the primary key.
SELECT DISTINCT t.operation_id::text
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, id uuid)
JOIN ledger_transfer t ON t.holder_id = r.holder_id AND t.operation_id = r.id
