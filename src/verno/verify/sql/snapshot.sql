-- name: begin_snapshot
-- One moment for all checks, and no way to write. Plan: none.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY

-- name: be_generous
-- Sums over whole tables stay in memory; compiling costs more than it saves here; every join is of whole tables, and a
-- planner that has no figures yet, as after a first load, would go through one of them for each row of the other.
-- Ends with the transaction. Plan: none.
SELECT set_config('work_mem', '128MB', true), set_config('jit', 'off', true), set_config('enable_nestloop', 'off', true),
       set_config('statement_timeout', '0', true)

-- name: counts
-- How much was looked at. Plan: one sequential (or index-only) scan a table.
SELECT json_build_object(
    'programs', (SELECT count(*) FROM workspace_program),
    'accounts', (SELECT count(*) FROM ledger_account),
    'operations', (SELECT count(*) FROM ledger_operation),
    'transfers', (SELECT count(*) FROM ledger_transfer),
    'lots', (SELECT count(*) FROM ledger_lot),
    'moves', (SELECT count(*) FROM ledger_lot_move),
    'holds', (SELECT count(*) FROM ledger_hold),
    'receipts', (SELECT count(*) FROM intake_receipt),
    'lines', (SELECT count(*) FROM intake_receipt_line),
    'statements', (SELECT count(*) FROM messaging_statement)
)
