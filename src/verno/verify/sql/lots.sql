-- name: lot_source
-- A lot is named by the transfer that made it, into its own account and to the last point; no lot comes from nowhere.
-- Plan: two scans, hash join.
SELECT count(*) OVER () AS total,
       format('%%s of %%s made a lot of %%s', coalesce(t.kind, 'no transfer'), coalesce(t.amount, 0), l.amount),
       json_build_object('program', t.program_id, 'holder', l.holder_id, 'account', l.account_id, 'lot', l.id,
                         'operation', t.operation_id)
FROM ledger_lot l
LEFT JOIN ledger_transfer t ON t.holder_id = l.holder_id AND t.id = l.id
WHERE (t.amount = l.amount AND t.credit_account_id = l.account_id AND l.transfer_id = l.id) IS NOT TRUE
ORDER BY l.id
LIMIT %(shown)s

-- name: lot_remaining
-- What a lot still holds is what it was born with, less what was taken, plus what was put back.
-- Plan: one scan of moves, hash join with transfers and lots, hash aggregate, hash join with lots.
WITH moved AS (
    SELECT m.holder_id, m.lot_id, sum(CASE WHEN t.credit_account_id = l.account_id THEN m.amount ELSE -m.amount END) AS points
    FROM ledger_lot_move m
    JOIN ledger_lot l ON l.holder_id = m.holder_id AND l.id = m.lot_id
    LEFT JOIN ledger_transfer t ON t.holder_id = m.holder_id AND t.id = m.transfer_id
    GROUP BY m.holder_id, m.lot_id
)
SELECT count(*) OVER () AS total,
       format('born with %%s, moved by %%s, yet %%s remain', l.amount, coalesce(m.points, 0), l.remaining),
       json_build_object('holder', l.holder_id, 'account', l.account_id, 'lot', l.id)
FROM ledger_lot l
LEFT JOIN moved m ON m.holder_id = l.holder_id AND m.lot_id = l.id
WHERE l.remaining <> l.amount + coalesce(m.points, 0) OR l.remaining NOT BETWEEN 0 AND l.amount
ORDER BY l.id
LIMIT %(shown)s

-- name: lot_held
-- Of every lot is held what open holds have set aside, and no more than remains.
-- Plan: open holds by their partial index, hash join with what they keep, hash aggregate, hash full join with held lots.
WITH kept AS (
    SELECT p.holder_id, p.lot_id, sum(p.amount) AS points
    FROM ledger_hold h
    JOIN ledger_hold_lot p ON p.holder_id = h.holder_id AND p.hold_id = h.id
    WHERE h.state = 'open'
    GROUP BY p.holder_id, p.lot_id
)
SELECT count(*) OVER () AS total,
       format('%%s of the lot''s %%s are held, open holds say %%s', coalesce(l.held, 0), coalesce(l.remaining, 0),
              coalesce(k.points, 0)),
       json_build_object('holder', coalesce(l.holder_id, k.holder_id), 'account', l.account_id,
                         'lot', coalesce(l.id, k.lot_id))
FROM (SELECT * FROM ledger_lot WHERE held <> 0) AS l
FULL JOIN kept k ON k.holder_id = l.holder_id AND k.lot_id = l.id
WHERE (l.held = k.points AND l.held <= l.remaining) IS NOT TRUE
ORDER BY coalesce(l.id, k.lot_id)
LIMIT %(shown)s

-- name: lot_move_ends
-- A move joins a lot and a transfer of the same account.
-- Plan: one scan of moves, two hash joins.
SELECT count(*) OVER () AS total,
       format('a move of %%s %%s', m.amount, CASE
           WHEN l.id IS NULL THEN 'names a lot that is not there'
           WHEN t.id IS NULL THEN 'names a transfer that is not there'
           ELSE 'concerns the lot of another account'
       END),
       json_build_object('holder', m.holder_id, 'lot', m.lot_id, 'transfer', m.transfer_id)
FROM ledger_lot_move m
LEFT JOIN ledger_lot l ON l.holder_id = m.holder_id AND l.id = m.lot_id
LEFT JOIN ledger_transfer t ON t.holder_id = m.holder_id AND t.id = m.transfer_id
WHERE (l.account_id IN (t.debit_account_id, t.credit_account_id) AND m.amount > 0) IS NOT TRUE
ORDER BY m.lot_id
LIMIT %(shown)s

-- name: lot_restores
-- A lot that stands in another's place names one of the same unit; only what was put back, given again, moved between
-- members or given another end does (to the last point), and only what was moved may stand for a lot of somebody else, or what was put back after a merge or its undoing.
-- Plan: lots by the partial index of those that restore, hash joins.
SELECT count(*) OVER () AS total,
       format('a lot of %%s stands in the place of %%s', coalesce(t.kind, 'no transfer'),
              CASE WHEN o.id IS NULL THEN 'none' ELSE 'another''s' END),
       json_build_object('program', t.program_id, 'holder', l.holder_id, 'lot', l.id)
FROM ledger_lot l
LEFT JOIN ledger_transfer t ON t.holder_id = l.holder_id AND t.id = l.id
LEFT JOIN ledger_lot o ON o.id = l.restores_id
LEFT JOIN ledger_account a ON a.id = o.account_id
WHERE l.restores_id IS NOT NULL
  AND (a.unit_id = t.unit_id AND a.program_id = t.program_id
       AND CASE t.kind
           WHEN 'merge' THEN o.account_id <> l.account_id
           WHEN 'put_back' THEN o.account_id = l.account_id
               OR EXISTS (SELECT FROM corrections_merge WHERE o.holder_id IN (holder_id, into_id))
              AND EXISTS (SELECT FROM corrections_merge
                          WHERE l.holder_id IN (holder_id, into_id) AND program_id = t.program_id)
           WHEN 'reinstate' THEN o.account_id = l.account_id AND t.reverses_id = o.id
           WHEN 'extend' THEN o.account_id = l.account_id AND EXISTS (
               SELECT FROM ledger_lot_move v JOIN ledger_transfer x ON x.holder_id = v.holder_id AND x.id = v.transfer_id
               WHERE v.holder_id = o.holder_id AND v.lot_id = o.id AND x.kind = 'extend'
                 AND x.operation_id = t.operation_id AND v.amount = l.amount)
           ELSE false
       END) IS NOT TRUE
ORDER BY l.id
LIMIT %(shown)s

-- name: lot_spent_in_life
-- Points are spent between their birth and their end, by the moment the spend was recorded: a till that reports late may
-- not reach into the past, so the spend's business time does not matter here. (A debt that time alone paid is judged by
-- the time it was due.) After its end only what a hold had set aside before can be spent.
-- Plan: moves, two hash joins, filter.
SELECT count(*) OVER () AS total,
       format('%%s spent at %%s out of a lot that lives from %%s until %%s', m.amount, t.recorded_at, l.active_from,
              coalesce(l.expires_at::text, 'ever')),
       json_build_object('program', t.program_id, 'holder', m.holder_id, 'lot', m.lot_id, 'transfer', m.transfer_id)
FROM ledger_lot_move m
JOIN ledger_transfer t ON t.holder_id = m.holder_id AND t.id = m.transfer_id
                       AND t.kind IN ('spend', 'adjust', 'send', 'repay', 'recover')
JOIN ledger_lot l ON l.holder_id = m.holder_id AND l.id = m.lot_id AND l.account_id = t.debit_account_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN t.operation_id IS NULL THEN t.at ELSE t.recorded_at END AS at
) AS taken
WHERE taken.at < l.active_from
   OR taken.at >= l.expires_at
      AND NOT (t.kind = 'spend' AND EXISTS (
          SELECT FROM ledger_hold_lot p
          JOIN ledger_hold h ON h.holder_id = p.holder_id AND h.id = p.hold_id
          WHERE p.holder_id = l.holder_id AND p.lot_id = l.id AND h.state = 'captured' AND h.placed_at < l.expires_at
      ))
ORDER BY m.lot_id
LIMIT %(shown)s

-- name: lot_expired_in_time
-- An expiry was not recorded before its time, and is dated at the lot's own last moment: earlier only where the account
-- itself lapses, later only where a hold had kept the lot alive.
-- Plan: moves, hash joins, filter.
SELECT count(*) OVER () AS total,
       format('%%s expired at %%s (recorded %%s), the lot lives until %%s', m.amount, t.at, t.recorded_at,
              coalesce(l.expires_at::text, 'ever')),
       json_build_object('program', t.program_id, 'holder', m.holder_id, 'lot', m.lot_id, 'transfer', m.transfer_id)
FROM ledger_lot_move m
JOIN ledger_transfer t ON t.holder_id = m.holder_id AND t.id = m.transfer_id AND t.kind = 'expire'
JOIN ledger_lot l ON l.holder_id = m.holder_id AND l.id = m.lot_id
LEFT JOIN ledger_account a ON a.holder_id = l.holder_id AND a.id = l.account_id
WHERE t.recorded_at < t.at
   OR t.at < coalesce(l.expires_at, 'infinity') AND (t.at <= a.lapses_at OR a.lapses_at IS NOT NULL AND EXISTS (
          SELECT FROM ledger_hold_lot p WHERE p.holder_id = l.holder_id AND p.lot_id = l.id
      )) IS NOT TRUE
   OR t.at > l.expires_at AND NOT EXISTS (
          SELECT FROM ledger_hold_lot p
          JOIN ledger_hold h ON h.holder_id = p.holder_id AND h.id = p.hold_id
          WHERE p.holder_id = l.holder_id AND p.lot_id = l.id AND h.state <> 'open'
      )
ORDER BY m.lot_id
LIMIT %(shown)s
