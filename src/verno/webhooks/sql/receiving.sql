-- name: sources
-- A program's sources with what they have sent. Plan: the few sources by program, counts by the primary key's prefix.
SELECT s.id::text, s.name, s.created_at, count(i.message_id), max(i.received_at)
FROM webhooks_source s LEFT JOIN webhooks_incoming i ON i.source_id = s.id
WHERE s.program_id = %(program)s AND (%(id)s::uuid IS NULL OR s.id = %(id)s)
GROUP BY s.id ORDER BY s.id

-- name: add_source
-- Plan: one-row insert; the name is the program's once.
INSERT INTO webhooks_source (id, program_id, name, secret, created_at)
VALUES (%(id)s, %(program)s, %(name)s, %(secret)s, %(now)s)
ON CONFLICT (program_id, name) DO NOTHING

-- name: change_source_secret
-- Plan: primary key.
UPDATE webhooks_source SET secret = %(secret)s WHERE id = %(id)s AND program_id = %(program)s

-- name: delete_incoming
-- Plan: primary key's prefix.
DELETE FROM webhooks_incoming WHERE source_id = %(id)s AND program_id = %(program)s

-- name: delete_source
-- Plan: primary key.
DELETE FROM webhooks_source WHERE id = %(id)s AND program_id = %(program)s

-- name: find_source
-- Whose source an address names. Plan: primary key.
SELECT program_id::text, secret FROM webhooks_source WHERE id = %(id)s

-- name: store_incoming
-- The unique id lets one of all copies in. Plan: one-row insert.
INSERT INTO webhooks_incoming (
    source_id, message_id, program_id, type, thing, occurred_at, body, state, sent_at, received_at
)
VALUES (
    %(source)s, %(id)s, %(program)s, %(type)s, %(thing)s, %(occurred_at)s, %(body)s, 'stored', %(sent_at)s, %(now)s
)
ON CONFLICT (source_id, message_id) DO NOTHING

-- name: lock_thing
-- Two states of one thing at a time would each believe to be the later one. Plan: none.
SELECT pg_advisory_xact_lock(hashtextextended(%(thing)s, 0))

-- name: has_later
-- Plan: the partial index of things.
SELECT EXISTS (
    SELECT FROM webhooks_incoming
    WHERE source_id = %(source)s AND thing = %(thing)s AND occurred_at > %(occurred_at)s AND state = 'handled'
)

-- name: conclude_incoming
-- Plan: primary key.
UPDATE webhooks_incoming SET state = %(state)s WHERE source_id = %(source)s AND message_id = %(id)s

-- name: incoming
-- A source's log, newest first. Plan: the index by source and time, stops at the limit.
SELECT message_id, type, state, sent_at, received_at FROM webhooks_incoming
WHERE source_id = %(id)s AND program_id = %(program)s ORDER BY received_at DESC LIMIT %(limit)s

-- name: forget_incoming
-- Plan: the index by age, stops at the limit.
DELETE FROM webhooks_incoming
WHERE (source_id, message_id) IN (
    SELECT source_id, message_id FROM webhooks_incoming
    WHERE received_at < %(before)s ORDER BY received_at LIMIT %(limit)s
)
