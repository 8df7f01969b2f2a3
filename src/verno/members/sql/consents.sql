-- name: topics
-- Plan: primary key range, a few rows.
SELECT code, class_name, names, descriptions, is_default, double_opt_in, archived_at, min_age
FROM members_topic WHERE program_id = %(program)s ORDER BY code

-- name: add_topics
-- Topics that are there keep their class. Plan: function scan, insert.
INSERT INTO members_topic (program_id, code, class_name, names, descriptions, is_default, double_opt_in, min_age)
SELECT %(program)s, code, class_name, names, descriptions, is_default, double_opt_in, min_age
FROM json_to_recordset(%(rows)s) AS r (
    code text, class_name text, names jsonb, descriptions jsonb, is_default boolean, double_opt_in boolean,
    min_age smallint
)
ON CONFLICT DO NOTHING
RETURNING code

-- name: change_topic
-- All of a topic but its class. Plan: primary key.
UPDATE members_topic
SET names = %(names)s, descriptions = %(descriptions)s, is_default = %(is_default)s,
    double_opt_in = %(double_opt_in)s, archived_at = %(archived_at)s, min_age = %(min_age)s
WHERE program_id = %(program)s AND code = %(code)s

-- name: add_consents
-- Add to the history; the same word of the same moment, sent again, is there already. What is said of a channel with an
-- address is said of the address that the member has. Plan: function scan, anti-join on the index of the newest, insert.
INSERT INTO members_consent (holder_id, id, program_id, purpose, topic, channel, action, method, text_id, text_version,
                             text_sha256, locale, surface, actor, ip, agent, evidence_ref, country, valid_until,
                             address_hash, reason, occurred_at, recorded_at)
SELECT r.holder_id, r.id, %(program)s, r.purpose, r.topic, r.channel, r.action, r.method, r.text_id, r.text_version,
       decode(r.text_sha256, 'hex'), r.locale, r.surface, r.actor, r.ip, r.agent, r.evidence_ref, r.country,
       r.valid_until,
       CASE WHEN r.address_hash IS NOT NULL THEN decode(r.address_hash, 'hex')
            WHEN r.channel IN ('email', 'sms', 'voice') THEN (
                SELECT i.value_hash FROM members_identity i
                WHERE i.holder_id = r.holder_id AND i.kind = CASE r.channel WHEN 'email' THEN 'email' ELSE 'phone' END
            ) END,
       r.reason, r.occurred_at, %(now)s
FROM json_to_recordset(%(rows)s) AS r (
    holder_id uuid, id uuid, purpose text, topic text, channel text, action text, method text, text_id text,
    text_version text, text_sha256 text, locale text, surface text, actor text, ip text, agent text, evidence_ref text,
    country text, valid_until timestamptz, address_hash text, reason text, occurred_at timestamptz
)
WHERE NOT EXISTS (
    SELECT FROM members_consent c
    WHERE c.holder_id = r.holder_id AND c.topic = r.topic AND c.channel = r.channel AND c.purpose = r.purpose
      AND c.occurred_at = r.occurred_at AND c.action = r.action
)

-- name: consents
-- Where members stand on every topic and channel, or on some topics and one channel: the function is inlined, so that no
-- more of a member's history is read than is asked about. A whole class that was left is on each of its topics.
-- Plan: function scan, nested loop on the index of the newest, unique.
SELECT r.id::text, s.topic, s.channel, s.granted, s.since, s.method, s.text_version, s.state,
       s.class_name
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
CROSS JOIN LATERAL members_said(r.id, %(now)s::timestamptz) s
WHERE s.purpose = 'advertising' AND (%(topics)s::text[] IS NULL OR s.topic = ANY (%(topics)s::text[]))
  AND (%(channel)s::text IS NULL OR s.channel = %(channel)s::text)
ORDER BY r.id, s.topic, s.channel

-- name: standings
-- Where members stand on everything. Plan: as above.
SELECT r.id::text, s.purpose, s.topic, s.channel, s.state, s.granted, s.since
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
CROSS JOIN LATERAL members_said(r.id, %(now)s::timestamptz) s
ORDER BY r.id, s.purpose, s.topic, s.channel

-- name: left_whole
-- Which whole classes of topics a member has left, on which channels, and when last. Plan: two ranges of the index of
-- the newest, hash aggregate.
SELECT topic, channel, max(occurred_at) FROM members_consent
WHERE holder_id = %(holder)s AND program_id = %(program)s AND topic IN ('*marketing', '*program')
GROUP BY topic, channel

-- name: consent_states
-- Whether members given stand at a yes on one topic and channel. Plan: nested loop on the index of the newest.
SELECT r.id::text, s.granted
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
CROSS JOIN LATERAL members_said(r.id, %(now)s::timestamptz) s
WHERE s.purpose = 'advertising' AND s.topic = %(topic)s AND s.channel = %(channel)s

-- name: all_consent_states
-- The same of everybody who ever said something on the very topic. Plan: one scan of the program's consents, hash, nested loop on
-- the index of the newest.
SELECT r.holder_id::text, s.granted
FROM (
    SELECT DISTINCT c.holder_id FROM members_consent c
    WHERE c.program_id = %(program)s AND c.topic = %(topic)s AND c.channel = %(channel)s
    OFFSET 0
) r
CROSS JOIN LATERAL members_said(r.holder_id, %(now)s::timestamptz) s
WHERE s.purpose = 'advertising' AND s.topic = %(topic)s AND s.channel = %(channel)s

-- name: complaints
-- On which matters a complaint stands, one on the whole class among them. Plan: function scan, ranges of the index of the
-- newest.
SELECT r.holder_id::text, r.topic, r.channel
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, topic text, channel text)
LEFT JOIN members_topic t ON t.program_id = %(program)s AND t.code = r.topic
CROSS JOIN LATERAL (
    SELECT max(c.occurred_at) FILTER (WHERE c.action = 'withdraw' AND 'complaint' IN (c.method, c.surface)) AS complained,
           max(c.occurred_at) FILTER (WHERE members_own_act(c.action, c.method, c.surface)) AS own
    FROM members_consent c
    WHERE c.holder_id = r.holder_id AND c.topic IN (r.topic, '*' || coalesce(t.class_name, 'marketing'))
      AND c.channel = r.channel AND c.purpose = 'advertising'
) s
WHERE s.complained IS NOT NULL AND (s.own IS NULL OR s.own <= s.complained)

-- name: complainers
-- Who complained on which channel and agreed to nothing there by themselves since. Plan: nested loop on the index of the
-- newest, group.
SELECT c.holder_id::text, c.channel
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_consent c ON c.holder_id = r.id AND c.purpose = 'advertising'
GROUP BY c.holder_id, c.channel
HAVING max(c.occurred_at) FILTER (WHERE c.action = 'withdraw' AND 'complaint' IN (c.method, c.surface))
    > coalesce(max(c.occurred_at) FILTER (WHERE members_own_act(c.action, c.method, c.surface)), '-infinity')

-- name: came_back
-- What members agreed to by themselves on a channel after a moment of each. Plan: function scan, nested loop on the index
-- of the newest, unique.
SELECT DISTINCT c.holder_id::text, c.topic
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, since timestamptz)
JOIN members_consent c ON c.holder_id = r.holder_id AND c.occurred_at > r.since
WHERE c.channel = %(channel)s AND c.purpose = 'advertising' AND members_own_act(c.action, c.method, c.surface)

-- name: consent_history
-- A member's records, the newest first, after a row when given. Plan: the holder's range of the primary key, sort.
SELECT c.id::text, c.purpose, c.topic, c.channel, c.action, c.method, c.text_id, c.text_version,
       encode(c.text_sha256, 'hex'), c.locale, c.surface, c.actor, c.ip, c.agent, c.evidence_ref, c.country,
       c.valid_until, c.reason, c.occurred_at, c.recorded_at
FROM members_consent c
WHERE c.program_id = %(program)s AND c.holder_id = %(holder)s
  AND (%(before_at)s::timestamptz IS NULL OR (c.occurred_at, c.id) < (%(before_at)s, %(before_id)s::uuid))
ORDER BY c.occurred_at DESC, c.id DESC
LIMIT %(limit)s

-- name: consent_texts
-- The texts that were published, the newest version first. Plan: primary key range, a few rows.
SELECT text_id, version, locale, purpose, body, encode(sha256, 'hex'), published_at, published_by
FROM members_consent_text WHERE program_id = %(program)s
ORDER BY text_id, version DESC, locale

-- name: add_consent_texts
-- Publish one version in several languages; two at once: the primary key refuses one. Plan: function scan, insert.
INSERT INTO members_consent_text (program_id, text_id, version, locale, purpose, body, sha256, published_at,
                                  published_by)
SELECT %(program)s, r.text_id, r.version, r.locale, r.purpose, r.body, decode(r.sha256, 'hex'), %(now)s, %(by)s
FROM json_to_recordset(%(rows)s) AS r (
    text_id text, version integer, locale text, purpose text, body text, sha256 text
)

-- name: verify_identity
-- An address turned out to be the member's; the first moment stays. Plan: primary key.
UPDATE members_identity
SET verified_at = coalesce(verified_at, %(now)s), verified_by = coalesce(verified_by, %(method)s)
WHERE program_id = %(program)s AND kind = %(kind)s AND value_hash = decode(%(value)s, 'hex')
  AND holder_id = %(holder)s
RETURNING verified_at

-- name: hashes
-- The addresses of a kind that members have, by keyed hash. Plan: function scan, nested loop on (holder, kind).
SELECT i.holder_id::text, encode(i.value_hash, 'hex')
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_identity i ON i.holder_id = r.id AND i.kind = %(kind)s

-- name: hashes_before
-- The addresses of a kind that members have had since before a moment of each. Plan: function scan, nested loop on
-- (holder, kind).
SELECT i.holder_id::text, encode(i.value_hash, 'hex')
FROM json_to_recordset(%(rows)s) AS r (id uuid, before timestamptz)
JOIN members_identity i ON i.holder_id = r.id AND i.kind = %(kind)s AND i.created_at <= r.before

-- name: verified
-- Which addresses of members are confirmed, and how. Plan: function scan, nested loop on (holder, kind).
SELECT i.holder_id::text, i.kind, encode(i.value_hash, 'hex'), i.verified_at, i.verified_by
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_identity i ON i.holder_id = r.id

-- name: departures
-- Who left what in a time, the newest first: withdrawals of what had been agreed to and not been left before, once a
-- member, topic and channel, with the reason that came with or after it. Plan: the partial index of withdrawals by
-- program and time, semi-join on the index of the newest, group.
SELECT c.holder_id::text, c.topic, c.channel, min(c.occurred_at), max(c.reason)
FROM members_consent c
WHERE c.program_id = %(program)s AND c.action = 'withdraw' AND c.purpose = 'advertising' AND c.method <> 'merge'
  AND c.occurred_at >= %(since)s AND c.occurred_at < %(until)s
  AND EXISTS (
      SELECT FROM members_consent g
      WHERE g.holder_id = c.holder_id AND g.topic = c.topic AND g.channel = c.channel AND g.purpose = c.purpose
        AND g.action IN ('grant', 'import') AND g.occurred_at < c.occurred_at
        AND NOT EXISTS (
            SELECT FROM members_consent w
            WHERE w.holder_id = g.holder_id AND w.topic = g.topic AND w.channel = g.channel AND w.purpose = g.purpose
              AND w.action = 'withdraw' AND w.occurred_at >= g.occurred_at AND w.occurred_at < %(since)s
        )
  )
GROUP BY c.holder_id, c.topic, c.channel
ORDER BY min(c.occurred_at) DESC, c.holder_id, c.topic, c.channel
LIMIT %(most)s
