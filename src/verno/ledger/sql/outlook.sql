-- name: due_accounts
-- A page of a program's accounts that time has changed and nobody has written yet, in the order of their moments.
-- Plan: range of the partial index of due accounts, sort of equal moments, limit.
SELECT a.holder_id::text, a.id::text, a.unit_id::text, a.available, a.pending, a.held, a.debt, a.next_change_at,
       ledger_lapse(a.unit_id, a.lapses_at), a.changed_at
FROM ledger_account a
WHERE a.program_id = %(program)s AND a.next_change_at <= %(now)s
  AND (%(after_at)s::timestamptz IS NULL OR (a.next_change_at, a.id) > (%(after_at)s, %(after_id)s::uuid))
ORDER BY a.next_change_at, a.id
LIMIT %(limit)s
