-- name: balances
-- Balances of holders at a moment: the cached figures, or, past next_change_at, what the open lots say.
-- Plan: function scan, nested loop on the holder's index; lots only of accounts that time has changed.
SELECT a.holder_id::text, a.unit_id::text,
       CASE WHEN due.yes THEN l.available ELSE a.available END::bigint,
       CASE WHEN due.yes THEN l.pending ELSE a.pending END::bigint,
       a.held
FROM unnest(%(holders)s::uuid[]) AS h (holder_id)
JOIN ledger_account a ON a.holder_id = h.holder_id AND a.kind = 'member'
CROSS JOIN LATERAL (SELECT coalesce(a.next_change_at <= %(now)s, false) AS yes) due
CROSS JOIN LATERAL ledger_lots_at(a.holder_id, a.id, CASE WHEN due.yes THEN %(now)s END) l
ORDER BY a.id

-- name: expiring
-- When points of a holder end, by moment. Plan: the holder's open lots.
SELECT a.unit_id::text, l.expires_at, sum(l.remaining)::bigint
FROM ledger_account a
JOIN ledger_lot l ON l.holder_id = a.holder_id AND l.account_id = a.id AND l.remaining > 0
WHERE a.holder_id = %(holder)s AND a.kind = 'member' AND l.expires_at > %(now)s
GROUP BY a.unit_id, l.expires_at
ORDER BY l.expires_at, a.unit_id

-- name: lots
-- A holder's lots, open ones first, then the newest. Plan: the holder's range of the primary key, sort, limit.
SELECT l.id::text, a.unit_id::text, l.amount, l.remaining, l.active_from, l.expires_at, t.operation_id::text, t.at
FROM ledger_lot l
JOIN ledger_account a ON a.holder_id = l.holder_id AND a.id = l.account_id
JOIN ledger_transfer t ON t.holder_id = l.holder_id AND t.id = l.transfer_id
WHERE l.holder_id = %(holder)s
ORDER BY (l.remaining > 0 AND (l.expires_at IS NULL OR l.expires_at > %(now)s)) DESC, l.expires_at DESC NULLS FIRST, l.id
LIMIT %(limit)s OFFSET %(offset)s

-- name: transfers
-- A page of a holder's transfers, newest first. Plan: backward range of ledger_transfer_story.
SELECT t.id::text, t.at, t.recorded_at, t.unit_id::text, t.kind,
       CASE WHEN c.kind = 'member' THEN t.amount ELSE -t.amount END, t.reason, t.operation_id::text
FROM ledger_transfer t
JOIN ledger_account c ON c.id = t.credit_account_id AND c.program_id = t.program_id AND c.unit_id = t.unit_id
WHERE t.holder_id = %(holder)s
  AND (%(before_at)s::timestamptz IS NULL OR (t.at, t.id) < (%(before_at)s, %(before_id)s::uuid))
ORDER BY t.at DESC, t.id DESC
LIMIT %(limit)s

-- name: totals
-- Points of a program by unit and kind of movement since the beginning. Plan: one scan of the transfers.
SELECT unit_id::text, kind, sum(amount)::bigint FROM ledger_transfer WHERE program_id = %(program)s GROUP BY 1, 2

-- name: states
-- Points of a program by unit and state at a moment. Plan: one scan of the accounts; lots of the due ones only.
SELECT a.unit_id::text,
       sum(CASE WHEN due.yes THEN l.available ELSE a.available END)::bigint,
       sum(CASE WHEN due.yes THEN l.pending ELSE a.pending END)::bigint,
       sum(a.held)::bigint
FROM ledger_account a
CROSS JOIN LATERAL (SELECT coalesce(a.next_change_at <= %(now)s, false) AS yes) due
CROSS JOIN LATERAL ledger_lots_at(a.holder_id, a.id, CASE WHEN due.yes THEN %(now)s END) l
WHERE a.program_id = %(program)s AND a.kind = 'member'
GROUP BY a.unit_id
