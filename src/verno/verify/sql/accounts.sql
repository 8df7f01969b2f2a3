-- name: account_balance
-- A member's cached balance is what the transfers say: credits less debits.
-- Plan: one scan of transfers, hash aggregate, hash join with accounts.
WITH side AS (
    SELECT account_id, sum(amount) AS points
    FROM (
        SELECT credit_account_id AS account_id, amount FROM ledger_transfer
        UNION ALL
        SELECT debit_account_id, -amount FROM ledger_transfer
    ) AS both_sides
    GROUP BY account_id
)
SELECT count(*) OVER () AS total,
       format('the account says %%s (available %%s, pending %%s, held %%s), its transfers say %%s',
              a.available + a.pending + a.held, a.available, a.pending, a.held, coalesce(s.points, 0)),
       json_build_object('program', a.program_id, 'holder', a.holder_id, 'account', a.id)
FROM ledger_account a
LEFT JOIN side s ON s.account_id = a.id
WHERE a.kind = 'member' AND a.available + a.pending + a.held <> coalesce(s.points, 0)
ORDER BY a.id
LIMIT %(shown)s

-- name: account_debt
-- A member owes what their transfers with the debt account say, and has nothing available while they owe.
-- Plan: a scan of transfers for each side, hash join with the few debt accounts, hash aggregate, hash join with accounts.
WITH owed AS (
    SELECT t.holder_id, t.unit_id, sum(t.points) AS points
    FROM (
        SELECT holder_id, unit_id, debit_account_id AS side, amount AS points FROM ledger_transfer
        UNION ALL
        SELECT holder_id, unit_id, credit_account_id, -amount FROM ledger_transfer
    ) t
    JOIN ledger_account d ON d.id = t.side AND d.kind = 'debt'
    GROUP BY t.holder_id, t.unit_id
)
SELECT count(*) OVER () AS total,
       format('the account says debt %%s with available %%s, its transfers say debt %%s',
              a.debt, a.available, coalesce(o.points, 0)),
       json_build_object('program', a.program_id, 'holder', coalesce(a.holder_id, o.holder_id), 'account', a.id)
FROM (SELECT * FROM ledger_account WHERE kind = 'member') AS a
FULL JOIN owed o ON o.holder_id = a.holder_id AND o.unit_id = a.unit_id
WHERE (a.debt = coalesce(o.points, 0) AND (a.debt = 0 OR a.debt > 0 AND a.available = 0)) IS NOT TRUE
ORDER BY a.id
LIMIT %(shown)s

-- name: account_lots
-- A member's cached balance is what the open lots hold: what holds keep is held; of the rest, what had begun by the
-- account's last change is available, the others pending.
-- Plan: one scan of lots, hash join with accounts, hash aggregate.
WITH kept AS (
    SELECT a.id AS account_id,
           coalesce(sum(l.remaining - l.held) FILTER (WHERE l.active_from <= a.changed_at), 0) AS available,
           coalesce(sum(l.remaining - l.held) FILTER (WHERE l.active_from > a.changed_at), 0) AS pending,
           coalesce(sum(l.held), 0) AS held
    FROM ledger_account a
    LEFT JOIN ledger_lot l ON l.holder_id = a.holder_id AND l.account_id = a.id AND l.remaining > 0
    WHERE a.kind = 'member'
    GROUP BY a.id
)
SELECT count(*) OVER () AS total,
       format('the account says available %%s, pending %%s, held %%s; its open lots say %%s, %%s, %%s',
              a.available, a.pending, a.held, k.available, k.pending, k.held),
       json_build_object('program', a.program_id, 'holder', a.holder_id, 'account', a.id)
FROM ledger_account a
JOIN kept k ON k.account_id = a.id
WHERE a.kind = 'member' AND (a.available, a.pending, a.held) <> (k.available, k.pending, k.held)
ORDER BY a.id
LIMIT %(shown)s

-- name: account_next_change
-- An account changes by itself when the first of its lots begins or is over, or its first hold: not later than it says,
-- and not before its last change. Were it later, an expired lot could be spent. What a hold keeps outlives its lot; an
-- account's own end that falls into a pause of its unit does not come.
-- Plan: one scan of open lots and open holds, hash joins with accounts, hash aggregates.
WITH lots AS (
    SELECT a.id AS account_id,
           least(min(l.active_from) FILTER (WHERE l.active_from > a.changed_at AND l.awaits IS NULL),
                 min(l.expires_at) FILTER (WHERE l.remaining > l.held),
                 min(a.lapses_at) FILTER (WHERE l.remaining > l.held AND l.active_from <= a.lapses_at
                                                AND NOT EXISTS (SELECT FROM ledger_pause p
                                                                WHERE p.unit_id = a.unit_id AND p.from_at < a.lapses_at
                                                                  AND a.lapses_at <= coalesce(p.until_at, 'infinity'))
                 )) AS at
    FROM ledger_account a
    JOIN ledger_lot l ON l.holder_id = a.holder_id AND l.account_id = a.id AND l.remaining > 0
    GROUP BY a.id
), holds AS (
    SELECT account_id, min(expires_at) AS at FROM ledger_hold WHERE state = 'open' GROUP BY account_id
)
SELECT count(*) OVER () AS total,
       format('the account says it next changes at %%s (last change %%s), its lots and holds say %%s',
              coalesce(a.next_change_at::text, 'never'), a.changed_at, due.at),
       json_build_object('program', a.program_id, 'holder', a.holder_id, 'account', a.id)
FROM ledger_account a
LEFT JOIN lots l ON l.account_id = a.id
LEFT JOIN holds h ON h.account_id = a.id
CROSS JOIN LATERAL (SELECT least(l.at, h.at) AS at) AS due
WHERE a.kind = 'member' AND due.at IS NOT NULL
  AND (coalesce(a.next_change_at, 'infinity') > due.at OR due.at <= a.changed_at)
ORDER BY a.id
LIMIT %(shown)s

-- name: account_plain
-- The program's own accounts have neither cached balance nor lots nor holds, and nobody's points are below zero.
-- Plan: one scan of accounts; the lots' and holds' side by their indexes.
SELECT count(*) OVER () AS total,
       format('%%s account: available %%s, pending %%s, held %%s, debt %%s, or lots or holds of its own',
              a.kind, a.available, a.pending, a.held, a.debt),
       json_build_object('program', a.program_id, 'holder', a.holder_id, 'account', a.id)
FROM ledger_account a
WHERE least(a.available, a.pending, a.held, a.debt) < 0
   OR a.kind <> 'member'
      AND (greatest(a.available, a.pending, a.held, a.debt) > 0
           OR a.next_change_at IS NOT NULL OR a.lapses_at IS NOT NULL
           OR EXISTS (SELECT FROM ledger_lot l WHERE l.holder_id = a.holder_id AND l.account_id = a.id)
           OR EXISTS (SELECT FROM ledger_hold h WHERE h.holder_id = a.holder_id AND h.account_id = a.id))
ORDER BY a.id
LIMIT %(shown)s

-- name: account_clearing
-- What one member sends another receives: nothing stays on its way, neither points nor debts.
-- Plan: a scan of transfers for each side, hash join with the few clearing accounts, hash aggregate.
SELECT count(*) OVER () AS total,
       format('%%s points were sent and not received', sum(t.points)),
       json_build_object('program', t.program_id, 'operation', t.operation_id)
FROM (
    SELECT program_id, unit_id, operation_id, credit_account_id AS side, amount AS points FROM ledger_transfer
    UNION ALL
    SELECT program_id, unit_id, operation_id, debit_account_id, -amount FROM ledger_transfer
) t
JOIN ledger_account c ON c.id = t.side AND c.kind = 'clearing'
GROUP BY t.program_id, t.unit_id, t.operation_id
HAVING sum(t.points) <> 0
ORDER BY t.operation_id
LIMIT %(shown)s
