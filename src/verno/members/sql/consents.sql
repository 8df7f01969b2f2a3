-- name: topics
-- Plan: primary key range, a few rows.
SELECT code, class_name FROM members_topic WHERE program_id = %(program)s ORDER BY code

-- name: add_topics
-- Topics that are there keep their class. Plan: function scan, insert.
INSERT INTO members_topic (program_id, code, class_name)
SELECT %(program)s, code, class_name FROM json_to_recordset(%(rows)s) AS r (code text, class_name text)
ON CONFLICT DO NOTHING

-- name: add_consents
-- Add to the history; the same word of the same moment, sent again, is there already.
-- Plan: function scan, anti-join on the index of the newest, insert.
INSERT INTO members_consent (holder_id, id, program_id, topic, channel, action, method, text_version, reason,
                             occurred_at, recorded_at)
SELECT r.holder_id, r.id, %(program)s, r.topic, r.channel, r.action, r.method, r.text_version, r.reason,
       r.occurred_at, %(now)s
FROM json_to_recordset(%(rows)s) AS r (
    holder_id uuid, id uuid, topic text, channel text, action text, method text, text_version text, reason text,
    occurred_at timestamptz
)
WHERE NOT EXISTS (
    SELECT FROM members_consent c
    WHERE c.holder_id = r.holder_id AND c.topic = r.topic AND c.channel = r.channel
      AND c.occurred_at = r.occurred_at AND c.action = r.action
)

-- name: consents
-- The newest word of each member on each topic and channel. Plan: nested loop on the index of the newest, unique.
SELECT DISTINCT ON (c.holder_id, c.topic, c.channel)
       c.holder_id::text, c.topic, c.channel, c.action = 'grant', c.occurred_at, c.method, c.text_version
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_consent c ON c.holder_id = r.id
ORDER BY c.holder_id, c.topic, c.channel, c.occurred_at DESC, c.id DESC

-- name: consent_states
-- The newest word on one topic and channel, of the members given. Plan: nested loop on the index of the newest.
SELECT DISTINCT ON (c.holder_id) c.holder_id::text, c.action = 'grant'
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_consent c ON c.holder_id = r.id AND c.topic = %(topic)s AND c.channel = %(channel)s
ORDER BY c.holder_id, c.occurred_at DESC, c.id DESC

-- name: all_consent_states
-- The newest word on one topic and channel, of everybody. Plan: one scan of the program's consents, sort, unique.
SELECT DISTINCT ON (c.holder_id) c.holder_id::text, c.action = 'grant'
FROM members_consent c
WHERE c.program_id = %(program)s AND c.topic = %(topic)s AND c.channel = %(channel)s
ORDER BY c.holder_id, c.occurred_at DESC, c.id DESC
