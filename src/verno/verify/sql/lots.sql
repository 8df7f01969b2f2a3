-- name: lot_source
-- What was earned lies in lots to the last point, in the account it was earned for; no lot comes from nowhere.
-- Plan: two scans, hash aggregate, hash full join.
WITH born AS (
    SELECT holder_id, transfer_id, sum(amount) AS points, min(account_id::text) AS account,
           count(DISTINCT account_id) AS accounts
    FROM ledger_lot
    GROUP BY holder_id, transfer_id
)
SELECT count(*) OVER () AS total,
       format('%%s of %%s made lots of %%s', coalesce(t.kind, 'no transfer'), coalesce(t.amount, 0),
              coalesce(b.points, 0)),
       json_build_object('program', t.program_id, 'holder', coalesce(t.holder_id, b.holder_id),
                         'transfer', coalesce(t.id, b.transfer_id))
FROM (SELECT * FROM ledger_transfer WHERE kind = 'earn') AS t
FULL JOIN born b ON b.holder_id = t.holder_id AND b.transfer_id = t.id
WHERE (b.points = t.amount AND b.accounts = 1 AND b.account = t.credit_account_id::text) IS NOT TRUE
ORDER BY coalesce(t.id, b.transfer_id)
LIMIT %(shown)s

-- name: lot_remaining
-- What a lot still holds is what it was born with less what was taken.
-- Plan: one scan of moves, hash aggregate, hash join with lots.
WITH taken AS (
    SELECT holder_id, lot_id, sum(amount) AS points FROM ledger_lot_move GROUP BY holder_id, lot_id
)
SELECT count(*) OVER () AS total,
       format('born with %%s, %%s were taken, yet %%s remain', l.amount, coalesce(m.points, 0), l.remaining),
       json_build_object('holder', l.holder_id, 'account', l.account_id, 'lot', l.id)
FROM ledger_lot l
LEFT JOIN taken m ON m.holder_id = l.holder_id AND m.lot_id = l.id
WHERE l.remaining <> l.amount - coalesce(m.points, 0) OR l.remaining < 0
ORDER BY l.id
LIMIT %(shown)s

-- name: lot_move_ends
-- A move joins a lot and a transfer of the same account.
-- Plan: one scan of moves, two hash joins.
SELECT count(*) OVER () AS total,
       format('a move of %%s %%s', m.amount, CASE
           WHEN l.id IS NULL THEN 'names a lot that is not there'
           WHEN t.id IS NULL THEN 'names a transfer that is not there'
           ELSE 'takes from the lot of another account'
       END),
       json_build_object('holder', m.holder_id, 'lot', m.lot_id, 'transfer', m.transfer_id)
FROM ledger_lot_move m
LEFT JOIN ledger_lot l ON l.holder_id = m.holder_id AND l.id = m.lot_id
LEFT JOIN ledger_transfer t ON t.holder_id = m.holder_id AND t.id = m.transfer_id
WHERE (l.account_id = t.debit_account_id AND m.amount > 0) IS NOT TRUE
ORDER BY m.lot_id
LIMIT %(shown)s

-- name: lot_spent_in_life
-- Points are spent between their birth and their expiry, by the moment the spend was recorded: a till that reports
-- late may not reach into the past, so the spend's business time does not matter here.
-- Plan: moves, two hash joins, filter.
SELECT count(*) OVER () AS total,
       format('%%s spent at %%s out of a lot that lives from %%s until %%s', m.amount, t.recorded_at, l.active_from,
              coalesce(l.expires_at::text, 'ever')),
       json_build_object('program', t.program_id, 'holder', m.holder_id, 'lot', m.lot_id, 'transfer', m.transfer_id)
FROM ledger_lot_move m
JOIN ledger_transfer t ON t.holder_id = m.holder_id AND t.id = m.transfer_id AND t.kind = 'spend'
JOIN ledger_lot l ON l.holder_id = m.holder_id AND l.id = m.lot_id
WHERE t.recorded_at >= l.expires_at OR t.recorded_at < l.active_from
ORDER BY m.lot_id
LIMIT %(shown)s

-- name: lot_expired_in_time
-- An expiry is dated at the lot's own last moment and was not recorded before it.
-- Plan: moves, two hash joins, filter.
SELECT count(*) OVER () AS total,
       format('%%s expired at %%s (recorded %%s), the lot lives until %%s', m.amount, t.at, t.recorded_at,
              coalesce(l.expires_at::text, 'ever')),
       json_build_object('program', t.program_id, 'holder', m.holder_id, 'lot', m.lot_id, 'transfer', m.transfer_id)
FROM ledger_lot_move m
JOIN ledger_transfer t ON t.holder_id = m.holder_id AND t.id = m.transfer_id AND t.kind = 'expire'
JOIN ledger_lot l ON l.holder_id = m.holder_id AND l.id = m.lot_id
WHERE l.expires_at IS DISTINCT FROM t.at OR t.recorded_at < t.at
ORDER BY m.lot_id
LIMIT %(shown)s
