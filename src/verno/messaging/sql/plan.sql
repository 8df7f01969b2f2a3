-- name: known_occasions
-- Which of the drafts' occasions have their message. Plan: function scan, nested loop on the unique index.
SELECT m.holder_id::text, m.dedupe_key, m.channel
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, dedupe_key text, channel text)
JOIN messaging_message m
  ON m.holder_id = r.holder_id AND m.dedupe_key = r.dedupe_key AND m.channel = r.channel

-- name: suppressed
-- Which addresses must not be written to, on which of the channels. Plan: function scan, nested loop on the primary key.
SELECT s.channel, encode(s.address_hash, 'hex'), s.reason, s.created_at
FROM (SELECT decode(value, 'hex') AS hash FROM json_array_elements_text(%(hashes)s) OFFSET 0) r
JOIN messaging_suppression s
  ON s.program_id = %(program)s AND s.channel = ANY (%(channels)s::text[]) AND s.address_hash = r.hash

-- name: add_suppressions
-- The first reason stays, but for a rest: what is worse comes in its place; and of what keeps advertising away the latest
-- word does, a complaint as one. Plan: function scan, insert.
INSERT INTO messaging_suppression (program_id, channel, address_hash, reason, source, created_at)
SELECT %(program)s, channel, decode(address_hash, 'hex'), reason, source, coalesce(at, %(now)s)
FROM json_to_recordset(%(rows)s) AS r (channel text, address_hash text, reason text, source text, at timestamptz)
ON CONFLICT (program_id, channel, address_hash) DO UPDATE
SET reason = CASE WHEN messaging_suppression.reason = 'complaint' THEN 'complaint' ELSE excluded.reason END,
    source = excluded.source,
    created_at = CASE WHEN excluded.channel LIKE '%%/erased'
        THEN greatest(excluded.created_at, messaging_suppression.created_at) ELSE excluded.created_at END
WHERE (messaging_suppression.reason = 'resting' AND excluded.reason <> 'resting')
   OR (excluded.channel LIKE '%%/erased' AND (
       excluded.created_at > messaging_suppression.created_at
       OR (excluded.reason = 'complaint' AND messaging_suppression.reason <> 'complaint')
   ))

-- name: lift_suppressions
-- An address that took nothing is there again. Plan: function scan, nested loop on the primary key, delete.
DELETE FROM messaging_suppression s
USING (SELECT decode(value, 'hex') AS hash FROM json_array_elements_text(%(hashes)s) OFFSET 0) r
WHERE s.program_id = %(program)s AND s.channel = %(channel)s AND s.address_hash = r.hash
  AND s.reason IN ('no-such-address', 'blocked')

-- name: add_messages
-- Store drafts with what was decided; the unique index settles races, so the ids that come back are the new ones.
-- In the order of the holders, so that two planners never wait for each other crosswise. What messages share comes once,
-- their decision with it, but for those who were judged otherwise. Plan: function scan, nested loop of function scans,
-- sort, insert.
WITH said AS MATERIALIZED (
    SELECT channel, topic, class_name, template, locale, context, dedupe_key, state, reason,
           json_build_array(decision)::jsonb AS decision, due_at, valid_until, urgent, readers
    FROM json_to_recordset(%(said)s) AS s (
        channel text, topic text, class_name text, template text, locale text, context jsonb, dedupe_key text,
        state text, reason text, decision json, due_at timestamptz, valid_until timestamptz, urgent boolean, readers json
    )
)
INSERT INTO messaging_message (holder_id, id, program_id, channel, topic, class_name, template, locale, context,
                               dedupe_key, state, reason, decision, attempts, due_at, valid_until, urgent, created_at,
                               changed_at)
SELECT r.holder_id, r.id, %(program)s, channel, topic, class_name, template, locale, context, dedupe_key, state, reason,
       CASE WHEN r.decision IS NULL THEN said.decision ELSE json_build_array(r.decision)::jsonb END,
       0, due_at, valid_until, urgent, %(now)s, %(now)s
FROM said CROSS JOIN LATERAL json_to_recordset(said.readers) AS r (holder_id uuid, id uuid, decision json)
ORDER BY holder_id, dedupe_key, channel
ON CONFLICT (holder_id, dedupe_key, channel) DO NOTHING
RETURNING id::text

-- name: add_stop
-- A switch that is thrown stays as it is, but that a time of it may become "until somebody lets it go"; one whose time is
-- over is thrown anew. Plan: insert.
INSERT INTO messaging_stop (program_id, what, at, by, until, why, detail)
VALUES (%(program)s, %(what)s, %(now)s, %(by)s, %(until)s, %(why)s, %(detail)s)
ON CONFLICT (program_id, what) DO UPDATE
SET at = excluded.at, by = excluded.by, until = excluded.until, why = excluded.why, detail = excluded.detail
WHERE messaging_stop.until <= %(now)s OR (messaging_stop.until IS NOT NULL AND excluded.until IS NULL)

-- name: drop_stop
-- Plan: primary key.
DELETE FROM messaging_stop WHERE program_id = %(program)s AND what = %(what)s AND (until IS NULL OR until > %(now)s)

-- name: end_stop
-- The row stays: what a provider's readers did before the end counts no more. Plan: primary key.
UPDATE messaging_stop SET until = %(now)s
WHERE program_id = %(program)s AND what = %(what)s AND (until IS NULL OR until > %(now)s)
