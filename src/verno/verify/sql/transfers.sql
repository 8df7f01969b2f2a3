-- name: transfer_sides
-- Both sides exist, differ, and are of the transfer's program and unit; every kind goes between the accounts it may; the
-- member's side is the holder's own account.
-- Plan: one scan of transfers, two hash joins with accounts.
SELECT count(*) OVER () AS total,
       format('%%s of %%s from %%s to %%s', t.kind, t.amount,
              coalesce(d.kind, 'no account'), coalesce(c.kind, 'no account')),
       json_build_object('program', t.program_id, 'holder', t.holder_id, 'transfer', t.id)
FROM ledger_transfer t
LEFT JOIN ledger_account d ON d.id = t.debit_account_id
LEFT JOIN ledger_account c ON c.id = t.credit_account_id
WHERE (
    t.amount > 0
    AND d.id <> c.id
    AND d.program_id = t.program_id AND c.program_id = t.program_id
    AND d.unit_id = t.unit_id AND c.unit_id = t.unit_id
    AND d.holder_id = CASE d.kind WHEN 'member' THEN t.holder_id ELSE t.program_id END
    AND c.holder_id = CASE c.kind WHEN 'member' THEN t.holder_id ELSE t.program_id END
    AND CASE t.kind
        WHEN 'earn' THEN (d.kind, c.kind) = ('issued', 'member')
        WHEN 'spend' THEN (d.kind, c.kind) = ('member', 'redeemed')
        WHEN 'expire' THEN (d.kind, c.kind) = ('member', 'breakage')
        WHEN 'take_back' THEN d.kind IN ('member', 'breakage', 'debt') AND c.kind = 'issued'
        WHEN 'put_back' THEN (d.kind, c.kind) = ('redeemed', 'member')
        WHEN 'repay' THEN (d.kind, c.kind) = ('member', 'debt')
        WHEN 'write_off' THEN (d.kind, c.kind) = ('written_off', 'debt')
        WHEN 'recover' THEN (d.kind, c.kind) = ('member', 'written_off')
        WHEN 'adjust' THEN (d.kind, c.kind) IN (('adjusted', 'member'), ('member', 'adjusted'))
        WHEN 'open' THEN (d.kind, c.kind) = ('opening', 'member')
        WHEN 'send' THEN (d.kind, c.kind) = ('member', 'clearing')
        WHEN 'receive' THEN (d.kind, c.kind) = ('clearing', 'member')
        WHEN 'merge' THEN (d.kind, c.kind) IN (('member', 'clearing'), ('clearing', 'member'),
                                               ('clearing', 'debt'), ('debt', 'clearing'))
        WHEN 'reinstate' THEN (d.kind, c.kind) = ('breakage', 'member')
        WHEN 'extend' THEN (d.kind, c.kind) IN (('member', 'clearing'), ('clearing', 'member'))
        WHEN 'erase' THEN (d.kind, c.kind) = ('member', 'breakage')
        ELSE false
    END
) IS NOT TRUE
ORDER BY t.id
LIMIT %(shown)s

-- name: transfer_operation
-- What somebody asked for names its operation; what time did (an expiry, the payment of a debt) names none. An operation
-- is claimed once, or twice when the first set points aside that the second resolved, and in the program of its
-- transfers and holds.
-- Plan: scans of transfers, holds and operations, hash aggregates, hash joins.
WITH asked AS (
    SELECT operation_id, min(holder_id::text) AS holder, count(DISTINCT program_id) AS programs,
           min(program_id::text) AS program
    FROM (
        SELECT operation_id, holder_id, program_id FROM ledger_transfer WHERE operation_id IS NOT NULL
        UNION ALL
        SELECT operation_id, holder_id, program_id FROM ledger_hold
    ) AS named
    GROUP BY operation_id
), claimed AS (
    SELECT id, count(*) AS claims, min(program_id::text) AS program, min(holder_id::text) AS holder
    FROM ledger_operation
    GROUP BY id
), wrong AS (
    SELECT CASE
               WHEN c.id IS NULL THEN 'transfers or holds of an operation that was never claimed'
               WHEN c.claims > 1 THEN format('one operation was claimed under %%s keys', c.claims)
               ELSE 'the operation and its transfers are of different programs'
           END AS what,
           json_build_object('program', coalesce(a.program, c.program), 'holder', coalesce(a.holder, c.holder),
                             'operation', coalesce(a.operation_id, c.id)) AS place
    FROM asked a
    FULL JOIN claimed c ON c.id = a.operation_id
    WHERE c.id IS NULL OR a.programs > 1 OR a.program <> c.program
       OR c.claims > CASE WHEN EXISTS (SELECT FROM ledger_hold h WHERE h.operation_id = c.id AND h.state <> 'open')
                          THEN 2 ELSE 1 END
    UNION ALL
    SELECT format('%%s of %%s names %%s operation', t.kind, t.amount,
                  CASE WHEN t.operation_id IS NULL THEN 'no' ELSE 'an' END),
           json_build_object('program', t.program_id, 'holder', t.holder_id, 'transfer', t.id)
    FROM ledger_transfer t
    WHERE CASE t.kind
        WHEN 'expire' THEN t.operation_id IS NOT NULL
        WHEN 'repay' THEN false
        ELSE t.operation_id IS NULL
    END
)
SELECT count(*) OVER () AS total, what, place FROM wrong ORDER BY place::text LIMIT %(shown)s

-- name: transfer_moves
-- What left a member was taken out of lots to the last point; what came lies in the transfer's own lot or went into
-- older ones, to the last point; what concerns nobody's balance moved no lot.
-- Plan: one scan of moves, hash aggregate, hash joins with transfers, accounts and lots.
WITH moved AS (
    SELECT holder_id, transfer_id, sum(amount) AS points FROM ledger_lot_move GROUP BY holder_id, transfer_id
)
SELECT count(*) OVER () AS total,
       format('%%s of %%s from %%s to %%s moved %%s and made a lot of %%s', t.kind, t.amount, d.kind, c.kind,
              coalesce(m.points, 0), coalesce(l.amount, 0)),
       json_build_object('program', t.program_id, 'holder', t.holder_id, 'transfer', t.id)
FROM ledger_transfer t
LEFT JOIN ledger_account d ON d.id = t.debit_account_id
LEFT JOIN ledger_account c ON c.id = t.credit_account_id
LEFT JOIN moved m ON m.holder_id = t.holder_id AND m.transfer_id = t.id
LEFT JOIN ledger_lot l ON l.holder_id = t.holder_id AND l.id = t.id
WHERE CASE
    WHEN d.kind = 'member' THEN m.points IS DISTINCT FROM t.amount OR l.id IS NOT NULL
    WHEN c.kind = 'member' THEN coalesce(m.points, 0) + coalesce(l.amount, 0) <> t.amount
                                OR m.points IS NOT NULL AND t.kind NOT IN ('put_back', 'merge')
    ELSE m.points IS NOT NULL OR l.id IS NOT NULL
END
ORDER BY t.id
LIMIT %(shown)s

-- name: transfer_reverses
-- What is put back was spent before, and no more of it than was spent; what is given again, or was taken back although
-- it had expired, had expired before, and no more of it. What a member had spent is put back to them, or to whom a merge,
-- standing or undone, ties them.
-- Plan: scans of transfers and moves, hash aggregates, hash joins.
WITH back AS (
    SELECT min(t.holder_id::text)::uuid AS holder_id, array_agg(DISTINCT t.holder_id) AS holders, t.reverses_id,
           d.kind = 'breakage' AS expired, sum(t.amount) AS points
    FROM ledger_transfer t
    JOIN ledger_account d ON d.id = t.debit_account_id AND d.kind IN ('redeemed', 'breakage')
    WHERE t.reverses_id IS NOT NULL
    GROUP BY t.reverses_id, d.kind = 'breakage'
), tied AS (
    SELECT holder_id AS id FROM corrections_merge
    UNION
    SELECT into_id FROM corrections_merge
), gone AS (
    SELECT m.holder_id, m.lot_id, sum(m.amount) AS points
    FROM ledger_lot_move m
    JOIN ledger_transfer t ON t.holder_id = m.holder_id AND t.id = m.transfer_id AND t.kind = 'expire'
    GROUP BY 1, 2
)
SELECT count(*) OVER () AS total,
       format('%%s were given back of %%s that %%s', b.points,
              CASE WHEN b.expired THEN coalesce(g.points, 0) ELSE coalesce(s.amount, 0) END,
              CASE WHEN b.expired THEN 'had expired' ELSE 'had been spent' END),
       json_build_object('holder', b.holder_id, 'transfer', b.reverses_id)
FROM back b
LEFT JOIN ledger_transfer s ON NOT b.expired AND s.id = b.reverses_id AND s.kind = 'spend'
LEFT JOIN gone g ON b.expired AND g.lot_id = b.reverses_id
WHERE (b.points <= CASE WHEN b.expired THEN g.points ELSE s.amount END) IS NOT TRUE
   OR b.holders <> ARRAY[coalesce(s.holder_id, g.holder_id)]
      AND (b.expired
           OR NOT b.holders || s.holder_id <@ (SELECT coalesce(array_agg(id), '{}') FROM tied))
ORDER BY b.reverses_id
LIMIT %(shown)s

-- name: transfer_recovers
-- No more is recovered of a write-off than was written off, by the member themselves or whom they were merged into; and
-- what can be recovered was let go by a take-back of the same operation, to the last point.
-- Plan: scans of transfers (recoveries and write-offs are few), hash aggregate, hash joins.
WITH back AS (
    SELECT reverses_id, min(holder_id::text) AS holder, array_agg(DISTINCT holder_id) AS holders,
           array_agg(DISTINCT unit_id) AS units, sum(amount) AS points
    FROM ledger_transfer
    WHERE kind = 'recover'
    GROUP BY reverses_id
), wrong AS (
    SELECT format('%%s were recovered of %%s that had been written off', b.points, coalesce(w.amount, 0)) AS what,
           json_build_object('holder', b.holder, 'transfer', b.reverses_id) AS place
    FROM back b
    LEFT JOIN ledger_transfer w ON w.id = b.reverses_id AND w.kind = 'write_off' AND w.reverses_id IS NOT NULL
    WHERE (b.points <= w.amount AND b.units = ARRAY[w.unit_id]) IS NOT TRUE
       OR b.holders <> ARRAY[w.holder_id]
          AND (NOT EXISTS (SELECT FROM corrections_merge WHERE holder_id = w.holder_id)
               OR EXISTS (SELECT FROM unnest(b.holders) AS o (id)
                          WHERE o.id <> w.holder_id
                            AND NOT EXISTS (SELECT FROM corrections_merge WHERE into_id = o.id)))
    UNION ALL
    SELECT format('%%s were written off of %%s that a take-back had made owed', w.amount, coalesce(t.amount, 0)),
           json_build_object('program', w.program_id, 'holder', w.holder_id, 'transfer', w.id)
    FROM ledger_transfer w
    LEFT JOIN ledger_transfer t ON t.holder_id = w.holder_id AND t.id = w.reverses_id AND t.kind = 'take_back'
                                AND t.debit_account_id = w.credit_account_id AND t.operation_id = w.operation_id
    WHERE w.kind = 'write_off' AND w.reverses_id IS NOT NULL AND t.amount IS DISTINCT FROM w.amount
)
SELECT count(*) OVER () AS total, what, place FROM wrong ORDER BY place::text LIMIT %(shown)s
