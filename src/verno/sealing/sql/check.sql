-- name: one_look
-- One moment for the whole check, and no way to write. Plan: none.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY

-- name: be_patient
-- The check may take as long as it takes. Ends with the transaction. Plan: none.
SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true), set_config('statement_timeout', '0', true)

-- name: blocks
-- The chain from its beginning. Plan: primary key.
SELECT number, total, count, last_txid, last_id::text, ids, leaves, root, previous, hash, sealed_at, ''::bytea
FROM sealing_block WHERE program_id = %(program)s ORDER BY number

-- name: chains
-- The programs that there are, and those that blocks name. Plan: small scans (index-only for the blocks).
SELECT id::text FROM workspace_program UNION SELECT program_id::text FROM sealing_block
UNION SELECT program_id::text FROM sealing_consent_block ORDER BY 1

-- name: transfers_by_id
-- What is there now of transfers that are not as they were sealed. Only after a bad find. Plan: one scan of transfers.
SELECT id::text, holder_id::text, program_id::text, kind || ' of ' || amount
FROM ledger_transfer WHERE id = ANY (%(ids)s::uuid[])

-- name: transfers_ahead
-- Transfers of transactions that this server has not had yet. Plan: BRIN of txid.
SELECT count(*) OVER (), id::text, holder_id::text, txid FROM ledger_transfer
WHERE program_id = %(program)s AND txid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
ORDER BY txid, id LIMIT %(shown)s
