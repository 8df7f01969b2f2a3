-- name: add_answer
-- An answer to an erasure that was done; nothing is written for any other. Plan: primary key, insert.
INSERT INTO privacy_answer (id, program_id, erasure_id, at, by, processor, words)
SELECT %(id)s, e.program_id, e.id, %(now)s, %(by)s, %(processor)s, %(words)s
FROM privacy_erasure e WHERE e.id = %(erasure)s AND e.program_id = %(program)s AND e.state = 'done'
RETURNING (SELECT holder_id::text FROM privacy_erasure WHERE id = %(erasure)s)

-- name: answers
-- Plan: the index by erasure, a few rows.
SELECT processor, words, at, by FROM privacy_answer
WHERE program_id = %(program)s AND erasure_id = %(erasure)s ORDER BY at, id

-- name: told_of
-- Whose ids the webhooks were told, and when. Plan: primary key.
SELECT holders::text[], done_at FROM privacy_erasure
WHERE id = %(erasure)s AND program_id = %(program)s AND state = 'done'
