-- name: begin_day
-- Claim a business date of a program; nothing comes back when it has been told. Plan: one-row insert.
INSERT INTO ledger_day (program_id, day, told_at) VALUES (%(program)s, %(day)s, %(now)s)
ON CONFLICT DO NOTHING
RETURNING day

-- name: last_day
-- Plan: primary key, backward.
SELECT max(day) FROM ledger_day WHERE program_id = %(program)s

-- name: activated
-- What became usable within an interval, by holder: lots that had waited for it. Once a night.
-- Plan: one scan of the open lots, transfers by key.
SELECT l.holder_id::text, t.unit_id::text, l.active_from, sum(l.remaining)::bigint
FROM ledger_lot l
JOIN ledger_transfer t ON t.holder_id = l.holder_id AND t.id = l.id
WHERE l.remaining > 0 AND l.active_from > %(start)s AND l.active_from <= %(end)s
  AND t.program_id = %(program)s AND t.recorded_at < l.active_from
GROUP BY l.holder_id, t.unit_id, l.active_from
ORDER BY l.holder_id

-- name: expired
-- What expired within an interval, by holder: an expiry is never recorded before it is due. Once a night.
-- Plan: the range of ledger_transfer_recorded (brin).
SELECT holder_id::text, unit_id::text, at, sum(amount)::bigint
FROM ledger_transfer
WHERE program_id = %(program)s AND kind = 'expire' AND at > %(start)s AND at <= %(end)s AND recorded_at > %(start)s
GROUP BY holder_id, unit_id, at
ORDER BY holder_id

-- name: ends_between
-- What will be over within an interval, by holder, if nothing happens. Once a night for each notice.
-- Plan: one scan of the open lots, hash join with the accounts.
SELECT l.holder_id::text, a.unit_id::text, e.at, sum(l.remaining - l.held)::bigint
FROM ledger_lot l
JOIN (
    SELECT holder_id, id, unit_id, ledger_lapse(unit_id, lapses_at) AS lapses_at
    FROM ledger_account
    WHERE program_id = %(program)s
    OFFSET 0
) a ON a.holder_id = l.holder_id AND a.id = l.account_id
CROSS JOIN LATERAL (
    SELECT least(l.expires_at, CASE WHEN l.active_from <= a.lapses_at THEN a.lapses_at END) AS at
) e
WHERE l.remaining > l.held AND e.at > %(start)s AND e.at <= %(end)s
GROUP BY l.holder_id, a.unit_id, e.at
ORDER BY l.holder_id
