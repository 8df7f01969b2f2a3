-- name: transfer_sides
-- Both sides exist, differ, and are of the transfer's program and unit; points are earned from `issued`, spent into
-- `redeemed` and expire into `breakage`; the member's side is the holder's own account.
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
    AND CASE t.kind
        WHEN 'earn' THEN d.kind = 'issued' AND c.kind = 'member' AND c.holder_id = t.holder_id
        WHEN 'spend' THEN c.kind = 'redeemed' AND d.kind = 'member' AND d.holder_id = t.holder_id
        WHEN 'expire' THEN c.kind = 'breakage' AND d.kind = 'member' AND d.holder_id = t.holder_id
        ELSE false
    END
) IS NOT TRUE
ORDER BY t.id
LIMIT %(shown)s

-- name: transfer_operation
-- What somebody asked for names its operation, and the operation is claimed once; what time did names none. A claim
-- without transfers would be a promise that was not kept.
-- Plan: two scans, hash full join.
WITH asked AS (
    SELECT operation_id, min(holder_id::text) AS holder, count(DISTINCT program_id) AS programs,
           min(program_id::text) AS program
    FROM ledger_transfer
    WHERE operation_id IS NOT NULL
    GROUP BY operation_id
), claimed AS (
    SELECT id, count(*) AS claims, min(program_id::text) AS program, min(holder_id::text) AS holder
    FROM ledger_operation
    GROUP BY id
), wrong AS (
    SELECT CASE
               WHEN c.id IS NULL THEN 'transfers of an operation that was never claimed'
               WHEN a.operation_id IS NULL THEN 'an operation was claimed and has no transfers'
               WHEN c.claims > 1 THEN format('one operation was claimed under %%s keys', c.claims)
               ELSE 'the operation and its transfers are of different programs'
           END AS what,
           json_build_object('program', coalesce(a.program, c.program), 'holder', coalesce(a.holder, c.holder),
                             'operation', coalesce(a.operation_id, c.id)) AS place
    FROM asked a
    FULL JOIN claimed c ON c.id = a.operation_id
    WHERE c.id IS NULL OR a.operation_id IS NULL OR c.claims > 1 OR a.programs > 1 OR a.program <> c.program
    UNION ALL
    SELECT format('%%s of %%s names %%s operation', t.kind, t.amount,
                  CASE WHEN t.operation_id IS NULL THEN 'no' ELSE 'an' END),
           json_build_object('program', t.program_id, 'holder', t.holder_id, 'transfer', t.id)
    FROM ledger_transfer t
    WHERE (t.kind = 'expire') <> (t.operation_id IS NULL)
)
SELECT count(*) OVER () AS total, what, place FROM wrong ORDER BY place::text LIMIT %(shown)s

-- name: transfer_moves
-- What was spent or expired was taken out of lots to the last point; what was earned took nothing.
-- Plan: one scan of moves, hash aggregate, hash join with transfers.
WITH taken AS (
    SELECT holder_id, transfer_id, sum(amount) AS points FROM ledger_lot_move GROUP BY holder_id, transfer_id
)
SELECT count(*) OVER () AS total,
       format('%%s of %%s took %%s out of lots', t.kind, t.amount, coalesce(m.points, 0)),
       json_build_object('program', t.program_id, 'holder', t.holder_id, 'transfer', t.id)
FROM ledger_transfer t
LEFT JOIN taken m ON m.holder_id = t.holder_id AND m.transfer_id = t.id
WHERE coalesce(m.points, 0) <> CASE t.kind WHEN 'earn' THEN 0 ELSE t.amount END
ORDER BY t.id
LIMIT %(shown)s
