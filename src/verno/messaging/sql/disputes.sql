-- name: disputed_message
-- The notice of a short link, which names neither program nor member. Plan: the partial index of notices.
SELECT program_id::text, holder_id::text, id::text, dedupe_key, locale, context
FROM messaging_message
WHERE right(replace(id::text, '-', ''), 16) = %(tail)s AND template = 'notice'
LIMIT 2

-- name: add_dispute
-- One dispute an occasion: by whichever message of it, the first word stays. Plan: insert.
INSERT INTO messaging_dispute (holder_id, id, program_id, message_id, occasion, told, moves, receipt_id, number, place,
                               till, cashier, happened_at, state, opened_at, deadline, words)
VALUES (%(holder_id)s, %(id)s, %(program_id)s, %(message_id)s, %(occasion)s, %(told)s, %(moves)s::jsonb, %(receipt_id)s,
        %(number)s, %(place)s, %(till)s, %(cashier)s, %(happened_at)s, 'open', %(now)s, %(deadline)s, %(words)s)
ON CONFLICT (holder_id, occasion) DO NOTHING
RETURNING id::text

-- name: dispute_of
-- The dispute of an occasion. Plan: the unique index.
SELECT holder_id::text, id::text, state, deadline FROM messaging_dispute
WHERE holder_id = %(holder_id)s AND occasion = %(occasion)s

-- name: disputes
-- A page of a program's disputes: what waits first, the nearest deadline first; then what is decided, the newest first.
-- Plan: the index of states for what waits; a scan of what the filters leave else.
SELECT id::text, holder_id::text, message_id::text, occasion, told, moves, receipt_id::text, number, place, till, cashier,
       happened_at, state, opened_at, deadline, decided_at, decided_by, words, answer
FROM messaging_dispute
WHERE program_id = %(program)s AND (%(states)s::text[] IS NULL OR state = ANY (%(states)s))
  AND (%(place)s::text IS NULL OR place = %(place)s) AND (%(cashier)s::text IS NULL OR cashier = %(cashier)s)
  AND (%(places)s::text[] IS NULL OR place = ANY (%(places)s)) AND (%(id)s::uuid IS NULL OR id = %(id)s)
ORDER BY decided_at DESC NULLS FIRST, deadline, id
LIMIT %(limit)s OFFSET %(offset)s

-- name: disputes_by_cashier
-- How many disputes name each cashier. Plan: scan of the program's disputes since a moment, hash aggregate.
SELECT place, cashier, count(*), count(*) FILTER (WHERE state IN ('open', 'looking')),
       count(*) FILTER (WHERE state = 'upheld')
FROM messaging_dispute
WHERE program_id = %(program)s AND opened_at >= %(since)s AND (%(places)s::text[] IS NULL OR place = ANY (%(places)s))
GROUP BY place, cashier
ORDER BY count(*) DESC, place, cashier
LIMIT %(limit)s

-- name: disputes_waiting
-- How many disputes wait, and how many of them too long. Plan: the index of states.
SELECT count(*), count(*) FILTER (WHERE deadline < %(now)s)
FROM messaging_dispute
WHERE program_id = %(program)s AND state IN ('open', 'looking')
  AND (%(places)s::text[] IS NULL OR place = ANY (%(places)s))

-- name: move_dispute
-- A dispute goes on, unless somebody was faster. Plan: the index by id.
UPDATE messaging_dispute
SET state = %(state)s, decided_at = %(decided_at)s, decided_by = %(by)s, answer = coalesce(%(answer)s, answer)
WHERE holder_id = %(holder)s AND id = %(id)s AND state = ANY (%(from)s)
RETURNING id::text

-- name: dispute_answers
-- What was answered, sealed. Plan: nested loop on the primary key.
SELECT d.id::text, d.holder_id::text, d.answer
FROM json_array_elements_text(%(ids)s) AS r (id) JOIN messaging_dispute d ON d.id = r.id::uuid
WHERE d.answer IS NOT NULL

-- name: channel_of
-- The channel that a message went by. Plan: primary key.
SELECT channel FROM messaging_message WHERE holder_id = %(holder)s AND id = %(id)s
