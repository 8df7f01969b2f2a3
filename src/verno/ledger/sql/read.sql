-- name: balances
-- Balances of holders at a moment: the cached figures, or, past next_change_at, what the open lots say; a debt is paid by
-- what has become available since. Plan: function scan, nested loop on the holder's index; lots only of accounts that
-- time has changed.
SELECT a.holder_id::text, a.unit_id::text,
       CASE WHEN due.yes THEN l.available ELSE a.available END::bigint,
       CASE WHEN due.yes THEN l.pending ELSE a.pending END::bigint,
       CASE WHEN due.yes THEN l.held ELSE a.held END::bigint,
       CASE WHEN due.yes THEN l.debt ELSE a.debt END::bigint
FROM unnest(%(holders)s::uuid[]) AS h (holder_id)
JOIN ledger_account a ON a.holder_id = h.holder_id AND a.kind = 'member'
CROSS JOIN LATERAL (SELECT coalesce(a.next_change_at <= %(now)s, false) AS yes) due
CROSS JOIN LATERAL ledger_state_at(a.holder_id, a.id, CASE WHEN due.yes THEN %(now)s END) l
ORDER BY a.id

-- name: expiring
-- When points of a holder end, by moment; what a hold keeps is not among them. Plan: the holder's open lots.
SELECT a.unit_id::text, e.at, sum(l.remaining - l.held)::bigint
FROM ledger_account a
JOIN ledger_lot l ON l.holder_id = a.holder_id AND l.account_id = a.id AND l.remaining > l.held
CROSS JOIN LATERAL (SELECT ledger_lapse(a.unit_id, a.lapses_at) AS lapses_at OFFSET 0) s
CROSS JOIN LATERAL (
    SELECT least(l.expires_at, CASE WHEN l.active_from <= s.lapses_at THEN s.lapses_at END) AS at
) e
WHERE a.holder_id = %(holder)s AND a.kind = 'member' AND e.at > %(now)s
GROUP BY a.unit_id, e.at
ORDER BY e.at, a.unit_id

-- name: next_endings
-- What ends next of each unit of some holders; what a hold keeps is not among it. Plan: function scan, nested loops on
-- the holder's accounts and open lots.
SELECT DISTINCT ON (a.holder_id, a.unit_id) a.holder_id::text, a.unit_id::text, e.at, sum(l.remaining - l.held)::bigint
FROM (SELECT value::uuid AS holder_id FROM json_array_elements_text(%(holders)s) OFFSET 0) r
JOIN ledger_account a ON a.holder_id = r.holder_id AND a.kind = 'member'
JOIN ledger_lot l ON l.holder_id = a.holder_id AND l.account_id = a.id AND l.remaining > l.held
CROSS JOIN LATERAL (SELECT ledger_lapse(a.unit_id, a.lapses_at) AS lapses_at OFFSET 0) s
CROSS JOIN LATERAL (
    SELECT least(l.expires_at, CASE WHEN l.active_from <= s.lapses_at THEN s.lapses_at END) AS at
) e
WHERE e.at > %(now)s
GROUP BY a.holder_id, a.unit_id, e.at
ORDER BY a.holder_id, a.unit_id, e.at

-- name: lots
-- A holder's lots, open ones first, then the newest. Plan: the holder's range of the primary key, sort, limit.
SELECT l.id::text, a.unit_id::text, l.amount, l.remaining, l.held, l.active_from,
       least(l.expires_at, CASE WHEN l.active_from <= s.lapses_at THEN s.lapses_at END), l.awaits,
       l.restores_id::text, t.kind, t.operation_id::text, t.at
FROM ledger_lot l
JOIN ledger_account a ON a.holder_id = l.holder_id AND a.id = l.account_id
CROSS JOIN LATERAL (SELECT ledger_lapse(a.unit_id, a.lapses_at) AS lapses_at OFFSET 0) s
JOIN ledger_transfer t ON t.holder_id = l.holder_id AND t.id = l.id
WHERE l.holder_id = %(holder)s
ORDER BY (l.remaining > 0 AND (l.expires_at IS NULL OR l.expires_at > %(now)s)) DESC, l.expires_at DESC NULLS FIRST, l.id
LIMIT %(limit)s OFFSET %(offset)s

-- name: holds
-- A holder's holds, the newest first; one whose time is over has lapsed, whether or not a job has seen it.
-- Plan: the holder's range of the primary key, backward (ids are made in the order of time), limit.
SELECT h.id::text, a.unit_id::text, h.amount, h.captured, h.placed_at, h.expires_at,
       CASE WHEN h.state = 'open' AND h.expires_at <= %(now)s THEN 'lapsed' ELSE h.state END, h.operation_id::text
FROM ledger_hold h
JOIN ledger_account a ON a.holder_id = h.holder_id AND a.id = h.account_id
WHERE h.holder_id = %(holder)s
ORDER BY h.id DESC
LIMIT %(limit)s

-- name: transfers
-- A page of a holder's transfers, newest first. Plan: backward range of ledger_transfer_story.
SELECT t.id::text, t.at, t.recorded_at, t.unit_id::text, t.kind,
       CASE WHEN c.kind = 'member' THEN t.amount WHEN d.kind = 'member' THEN -t.amount ELSE 0 END, t.amount, t.reason,
       t.operation_id::text
FROM ledger_transfer t
JOIN ledger_account c ON c.id = t.credit_account_id AND c.program_id = t.program_id AND c.unit_id = t.unit_id
JOIN ledger_account d ON d.id = t.debit_account_id AND d.program_id = t.program_id AND d.unit_id = t.unit_id
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
       sum(CASE WHEN due.yes THEN l.held ELSE a.held END)::bigint,
       sum(CASE WHEN due.yes THEN l.debt ELSE a.debt END)::bigint
FROM ledger_account a
CROSS JOIN LATERAL (SELECT coalesce(a.next_change_at <= %(now)s, false) AS yes) due
CROSS JOIN LATERAL ledger_state_at(a.holder_id, a.id, CASE WHEN due.yes THEN %(now)s END) l
WHERE a.program_id = %(program)s AND a.kind = 'member'
GROUP BY a.unit_id
