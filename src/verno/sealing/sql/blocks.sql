-- name: lock_chain
-- One sealer of a program at a time; the others wait. Ends with the transaction. Plan: advisory lock.
SELECT pg_advisory_xact_lock(hashtextextended('sealing/' || %(program)s, 0))

-- name: stay_behind
-- The next transfers are picked in memory, however many wait, by one process: the other cores are for the tills.
-- Ends with the transaction. Plan: none.
SELECT set_config('work_mem', '64MB', true), set_config('max_parallel_workers_per_gather', '0', true),
       set_config('jit', 'off', true)

-- name: tip
-- Where the chain ends. Plan: primary key, backwards, one row.
SELECT number, total, last_txid, last_id::text, hash FROM sealing_block
WHERE program_id = %(program)s ORDER BY number DESC LIMIT 1

-- name: horizon
-- Below the first number all transactions of this server are over; none that is over reaches the second.
-- Plan: none.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint

-- name: stretch
-- Transfers after one position and through another, only below the oldest running transaction: whatever commits later
-- has a higher place, so nothing can slip in behind a block. A leaf is the hash of every column of the row, in the words
-- of docs/explanation/sealed-history.md (free text as JSON strings, moments as microseconds since 1970 UTC, NULL as -).
-- Plan: BRIN of txid (ranges written since the position), sort, limit; leaves are made after the limit.
WITH part AS MATERIALIZED (
    SELECT t.txid, t.id, sha256('\x00'::bytea || convert_to(concat_ws('|',
        'verno-transfer/1', t.txid, t.id, t.program_id, t.holder_id, t.unit_id, t.debit_account_id, t.credit_account_id,
        t.amount, to_json(t.kind), to_json(t.reason), trunc(extract(epoch FROM t.at) * 1000000),
        trunc(extract(epoch FROM t.recorded_at) * 1000000), coalesce(t.operation_id::text, '-'),
        coalesce(t.reverses_id::text, '-')), 'UTF8')) AS leaf
    FROM ledger_transfer t
    WHERE t.program_id = %(program)s
      AND t.txid >= %(after_txid)s AND (t.txid, t.id) > (%(after_txid)s, %(after_id)s::uuid)
      AND t.txid <= %(through_txid)s AND (t.txid, t.id) <= (%(through_txid)s, %(through_id)s::uuid)
      AND t.txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ORDER BY t.txid, t.id
    LIMIT %(limit)s
)
SELECT coalesce(string_agg(int8send(txid), '' ORDER BY txid, id), ''),
       coalesce(string_agg(uuid_send(id), '' ORDER BY txid, id), ''),
       coalesce(string_agg(leaf, '' ORDER BY txid, id), '')
FROM part

-- name: add_block
-- Plan: insert.
INSERT INTO sealing_block (program_id, number, total, count, last_txid, last_id, ids, leaves, root, previous, hash,
                           sealed_at)
VALUES (%(program)s, %(number)s, %(total)s, %(count)s, %(txid)s, %(id)s, %(ids)s, %(leaves)s, %(root)s, %(previous)s,
        %(hash)s, %(sealed_at)s)
