-- name: hold_lots
-- A hold has set aside what it says, out of lots of its own account.
-- Plan: scans of holds, what they keep and lots, hash joins, hash aggregate.
WITH kept AS (
    SELECT p.holder_id, p.hold_id, sum(p.amount) AS points, bool_and(l.account_id IS NOT DISTINCT FROM h.account_id) AS own
    FROM ledger_hold_lot p
    LEFT JOIN ledger_hold h ON h.holder_id = p.holder_id AND h.id = p.hold_id
    LEFT JOIN ledger_lot l ON l.holder_id = p.holder_id AND l.id = p.lot_id
    GROUP BY p.holder_id, p.hold_id
)
SELECT count(*) OVER () AS total,
       format('a hold of %%s has set %%s aside%%s', coalesce(h.amount, 0), coalesce(k.points, 0),
              CASE WHEN k.own THEN '' ELSE ', some of it of another account' END),
       json_build_object('program', h.program_id, 'holder', coalesce(h.holder_id, k.holder_id),
                         'hold', coalesce(h.id, k.hold_id))
FROM ledger_hold h
FULL JOIN kept k ON k.holder_id = h.holder_id AND k.hold_id = h.id
WHERE (h.amount = k.points AND k.own) IS NOT TRUE
ORDER BY coalesce(h.id, k.hold_id)
LIMIT %(shown)s

-- name: hold_ended
-- A hold is of its program's member's account and ends once: captured, released, or by its time, which is not passed
-- over; what is captured of it was held, and spent.
-- Plan: scans of holds and accounts, hash joins; moves of spends and what captured holds had kept, hash aggregates.
WITH spent AS (
    SELECT m.holder_id, m.lot_id, sum(m.amount) AS points
    FROM ledger_lot_move m
    JOIN ledger_transfer t ON t.holder_id = m.holder_id AND t.id = m.transfer_id AND t.kind = 'spend'
    GROUP BY m.holder_id, m.lot_id
), captured AS (
    SELECT h.holder_id, h.id, min(h.captured) AS points, sum(least(p.amount, coalesce(s.points, 0))) AS spent
    FROM ledger_hold h
    JOIN ledger_hold_lot p ON p.holder_id = h.holder_id AND p.hold_id = h.id
    LEFT JOIN spent s ON s.holder_id = p.holder_id AND s.lot_id = p.lot_id
    WHERE h.captured > 0
    GROUP BY h.holder_id, h.id
), wrong AS (
    SELECT h.program_id, h.holder_id, h.id,
           format('a hold of %%s until %%s is %%s with %%s captured (last change %%s)', h.amount, h.expires_at, h.state,
                  h.captured, a.changed_at) AS what
    FROM ledger_hold h
    LEFT JOIN ledger_account a ON a.holder_id = h.holder_id AND a.id = h.account_id
    WHERE (a.kind = 'member' AND a.program_id = h.program_id AND h.placed_at <= a.changed_at
           AND CASE h.state
               WHEN 'open' THEN h.captured = 0 AND h.expires_at > a.changed_at
               WHEN 'captured' THEN h.captured BETWEEN 0 AND h.amount
               WHEN 'released' THEN h.captured = 0
               WHEN 'lapsed' THEN h.captured = 0 AND h.expires_at <= a.changed_at
               ELSE false
           END) IS NOT TRUE
    UNION ALL
    SELECT NULL, holder_id, id, format('%%s were captured, %%s of its lots were spent', points, spent)
    FROM captured
    WHERE points > spent
)
SELECT count(*) OVER () AS total, what, json_build_object('program', program_id, 'holder', holder_id, 'hold', id)
FROM wrong
ORDER BY id
LIMIT %(shown)s
