-- name: messages_of
-- A member's messages, newest first, before the row (created_at, id) when given. Plan: the holder's range of the
-- primary key, sort, limit.
SELECT holder_id::text, id::text, channel, topic, class_name, template, locale, dedupe_key, state, reason, decision,
       attempts, due_at, message_id, response, created_at, changed_at
FROM messaging_message
WHERE holder_id = %(holder)s
  AND (%(before_at)s::timestamptz IS NULL OR (created_at, id) < (%(before_at)s, %(before_id)s::uuid))
ORDER BY created_at DESC, id DESC
LIMIT %(limit)s

-- name: message
-- One message. Plan: primary key.
SELECT holder_id::text, id::text, channel, topic, class_name, template, locale, dedupe_key, state, reason, decision,
       attempts, due_at, message_id, response, created_at, changed_at
FROM messaging_message
WHERE holder_id = %(holder)s AND id = %(id)s

-- name: content
-- What a message is rendered from. Plan: primary key.
SELECT program_id::text, topic, channel, template, locale, context
FROM messaging_message
WHERE holder_id = %(holder)s AND id = %(id)s

-- name: counts
-- A program's messages by state and reason. Plan: the index by program and state.
SELECT state, reason, count(*) FROM messaging_message
WHERE program_id = %(program)s AND (%(occasion)s::text IS NULL OR dedupe_key = %(occasion)s)
GROUP BY state, reason ORDER BY state, reason NULLS FIRST

-- name: uncertain
-- A page of the messages whose fate nobody knows, newest first. Plan: the index by program and state, sort, limit.
SELECT holder_id::text, id::text, channel, topic, class_name, template, locale, dedupe_key, state, reason, decision,
       attempts, due_at, message_id, response, created_at, changed_at
FROM messaging_message
WHERE program_id = %(program)s AND state = 'uncertain'
  AND (%(before_at)s::timestamptz IS NULL OR (changed_at, id) < (%(before_at)s, %(before_id)s::uuid))
ORDER BY changed_at DESC, id DESC
LIMIT %(limit)s

-- name: dead
-- A page of what could not be written, or killed what was to send it, newest first. Plan: the index by program and
-- state, sort, limit.
SELECT holder_id::text, id::text, channel, topic, class_name, template, locale, dedupe_key, state, reason, decision,
       attempts, due_at, message_id, response, created_at, changed_at
FROM messaging_message
WHERE program_id = %(program)s AND state = 'rejected' AND reason IN ('kills-its-worker', 'cannot-be-rendered')
  AND (%(before_at)s::timestamptz IS NULL OR (changed_at, id) < (%(before_at)s, %(before_id)s::uuid))
ORDER BY changed_at DESC, id DESC
LIMIT %(limit)s

-- name: last_broadcasts
-- The broadcast of which each member had got the last message on a topic and channel before a moment. Plan: function scan,
-- nested loops on the holder's range of the unique index and on the primary key of broadcasts.
SELECT r.n, b.id::text, b.name, b.wanted #>> '{audience,kind}'
FROM json_to_recordset(%(rows)s) AS r (
    n integer, holder_id uuid, topic text, channel text, since timestamptz, until timestamptz
)
CROSS JOIN LATERAL (
    SELECT substr(m.dedupe_key, length('broadcast/') + 1)::uuid AS id
    FROM messaging_message m
    WHERE m.holder_id = r.holder_id AND m.topic = r.topic AND m.channel = r.channel AND m.dedupe_key LIKE 'broadcast/%%'
      AND m.created_at >= r.since AND m.created_at < r.until
      AND m.state NOT IN ('queued', 'claimed', 'deferred', 'withheld', 'rejected')
    ORDER BY m.created_at DESC
    LIMIT 1
) m
JOIN messaging_broadcast b ON b.program_id = %(program)s AND b.id = m.id

-- name: pressure
-- How many messages each member had got in a time before a moment. Plan: function scan, nested loop on the holder's
-- range of the primary key.
SELECT r.n, count(m.id)
FROM json_to_recordset(%(rows)s) AS r (n integer, holder_id uuid, since timestamptz, until timestamptz)
LEFT JOIN messaging_message m
  ON m.holder_id = r.holder_id AND m.changed_at >= r.since AND m.changed_at < r.until
 AND m.state NOT IN ('queued', 'claimed', 'deferred', 'withheld', 'rejected')
GROUP BY r.n
