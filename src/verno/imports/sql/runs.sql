-- name: open_run
-- Begin the import of a file, or go on with one that was cut off; one that was finished begins again, since every
-- row is idempotent. Plan: insert, or the unique index of (program, kind, hash).
INSERT INTO intake_import_run AS r (id, program_id, kind, file_sha256, file_name, rows_done, accepted, refused, started_at)
VALUES (%(id)s, %(program)s, %(kind)s, %(sha256)s, %(name)s, 0, 0, 0, %(now)s)
ON CONFLICT (program_id, kind, file_sha256) DO UPDATE
SET file_name = excluded.file_name, finished_at = NULL,
    rows_done = CASE WHEN r.finished_at IS NULL THEN r.rows_done ELSE 0 END,
    accepted = CASE WHEN r.finished_at IS NULL THEN r.accepted ELSE 0 END,
    refused = CASE WHEN r.finished_at IS NULL THEN r.refused ELSE 0 END
RETURNING id::text, rows_done, refused, started_at

-- name: move_run
-- Remember how far the file is done. Plan: primary key.
UPDATE intake_import_run
SET rows_done = %(rows_done)s, accepted = accepted + %(accepted)s, refused = refused + %(refused)s,
    finished_at = %(finished_at)s
WHERE id = %(id)s
