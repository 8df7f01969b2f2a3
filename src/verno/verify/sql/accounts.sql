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

-- name: account_lots
-- A member's cached balance is what the open lots hold: those whose time had come at the account's last change are
-- available (or set aside), the others pending.
-- Plan: one scan of lots, hash join with accounts, hash aggregate.
WITH held AS (
    SELECT a.id AS account_id,
           coalesce(sum(l.remaining) FILTER (WHERE l.active_from <= a.changed_at), 0) AS usable,
           coalesce(sum(l.remaining) FILTER (WHERE l.active_from > a.changed_at), 0) AS pending
    FROM ledger_account a
    LEFT JOIN ledger_lot l ON l.holder_id = a.holder_id AND l.account_id = a.id AND l.remaining > 0
    WHERE a.kind = 'member'
    GROUP BY a.id
)
SELECT count(*) OVER () AS total,
       format('the account says available %%s, held %%s, pending %%s; its open lots say usable %%s, pending %%s',
              a.available, a.held, a.pending, h.usable, h.pending),
       json_build_object('program', a.program_id, 'holder', a.holder_id, 'account', a.id)
FROM ledger_account a
JOIN held h ON h.account_id = a.id
WHERE a.kind = 'member' AND (a.available + a.held <> h.usable OR a.pending <> h.pending)
ORDER BY a.id
LIMIT %(shown)s

-- name: account_next_change
-- An account changes by itself at the first activation or expiry of its open lots after its last change, and no
-- open lot is past its expiry. Were this moment late, an expired lot could be spent.
-- Plan: one scan of open lots, hash join with accounts, hash aggregate.
WITH due AS (
    SELECT a.id AS account_id,
           least(min(l.active_from) FILTER (WHERE l.active_from > a.changed_at), min(l.expires_at)) AS next_change_at
    FROM ledger_account a
    JOIN ledger_lot l ON l.holder_id = a.holder_id AND l.account_id = a.id AND l.remaining > 0
    GROUP BY a.id
)
SELECT count(*) OVER () AS total,
       format('the account says it next changes at %%s (last change %%s), its open lots say %%s',
              coalesce(a.next_change_at::text, 'never'), a.changed_at, coalesce(d.next_change_at::text, 'never')),
       json_build_object('program', a.program_id, 'holder', a.holder_id, 'account', a.id)
FROM ledger_account a
LEFT JOIN due d ON d.account_id = a.id
WHERE a.kind = 'member'
  AND (a.next_change_at IS DISTINCT FROM d.next_change_at OR d.next_change_at <= a.changed_at)
ORDER BY a.id
LIMIT %(shown)s

-- name: account_plain
-- The program's own accounts have neither cached balance nor lots, and nobody's points are below zero.
-- Plan: one scan of accounts; the lots' side by the partial index of open lots.
SELECT count(*) OVER () AS total,
       format('%%s account: available %%s, pending %%s, held %%s, or lots of its own',
              a.kind, a.available, a.pending, a.held),
       json_build_object('program', a.program_id, 'holder', a.holder_id, 'account', a.id)
FROM ledger_account a
WHERE least(a.available, a.pending, a.held) < 0
   OR a.kind <> 'member'
      AND (greatest(a.available, a.pending, a.held) > 0 OR a.next_change_at IS NOT NULL
           OR EXISTS (SELECT FROM ledger_lot l WHERE l.holder_id = a.holder_id AND l.account_id = a.id))
ORDER BY a.id
LIMIT %(shown)s
