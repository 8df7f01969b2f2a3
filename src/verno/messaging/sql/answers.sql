-- name: apply_receipts
-- What providers tell of messages that they took: each message takes the last word that its state lets it take. What is
-- uncertain is so no longer once its reader has it, or it came back. Message centres use their names again after a while:
-- such a name means the newest message that had it, and none from long ago. Plan: function scan, nested loop on the index
-- of references, update by primary key.
UPDATE messaging_message m
SET state = r.state, reason = coalesce(r.reason, CASE WHEN m.state = 'uncertain' THEN NULL ELSE m.reason END),
    response = coalesce(nullif(r.response, ''), m.response), changed_at = %(now)s
FROM (
    SELECT DISTINCT ON (r.channel, r.reference) f.holder_id, f.id, r.state, r.reason, r.response
    FROM (
        SELECT DISTINCT ON (channel, reference) channel, reference, state, reason, response
        FROM json_to_recordset(%(rows)s) AS r (
            channel text, reference text, state text, reason text, response text, rank smallint, position int
        )
        ORDER BY channel, reference, rank DESC, position DESC
    ) r
    JOIN messaging_message f ON f.channel = r.channel AND f.reference = r.reference AND f.reference IS NOT NULL
     AND (f.reference = f.id::text OR f.changed_at >= %(since)s)
    ORDER BY r.channel, r.reference, f.changed_at DESC, f.id DESC
) r
WHERE m.holder_id = r.holder_id AND m.id = r.id
  AND m.state = ANY (CASE r.state
      WHEN 'delivered' THEN '{handing_over, accepted, uncertain}'::text[]
      WHEN 'opened' THEN '{handing_over, accepted, uncertain, delivered}'
      WHEN 'bounced' THEN '{handing_over, accepted, uncertain, delivered}'
      ELSE '{handing_over, accepted, uncertain, delivered, opened, clicked}' END)
RETURNING m.channel, m.reference, m.holder_id::text, m.program_id::text, m.topic

-- name: known_references
-- Which of these there are at all, as apply_receipts finds them; since when, and whether another message had the same
-- name. Plan: function scan, nested loop on the index of references, sort.
SELECT DISTINCT ON (channel, reference) channel, reference, holder_id, program_id, template, created_at, shared
FROM (
    SELECT m.channel, m.reference, m.holder_id::text, m.program_id::text, m.template, m.created_at, m.changed_at, m.id,
           count(*) OVER (PARTITION BY m.channel, m.reference) > 1 AS shared
    FROM (
        SELECT DISTINCT channel, reference
        FROM json_to_recordset(%(rows)s) AS r (channel text, reference text) OFFSET 0
    ) r
    JOIN messaging_message m ON m.channel = r.channel AND m.reference = r.reference AND m.reference IS NOT NULL
     AND (m.reference = m.id::text OR m.changed_at >= %(since)s)
) found
ORDER BY channel, reference, changed_at DESC, id DESC

-- name: moved_since
-- Of members who were written to, those who have another phone or e-mail by now. Plan: function scan, nested loop on the
-- unique index of a member's identities.
SELECT r.holder_id::text
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, kind text, since timestamptz)
JOIN members_identity i ON i.holder_id = r.holder_id AND i.kind = r.kind
WHERE i.created_at > r.since

-- name: explained
-- What a member has said lately about why they left which topic and channel. Plan: index of a member's words.
SELECT DISTINCT topic, channel FROM members_consent
WHERE holder_id = %(holder)s AND program_id = %(program)s AND reason IS NOT NULL AND recorded_at > %(since)s

-- name: keep_receipts
-- Receipts that came before the message's own end was written, or of messages that are not ours. Plan: insert.
INSERT INTO messaging_early_receipt (channel, reference, outcome, at, response, gone)
SELECT channel, reference, outcome, at, response, gone
FROM json_to_recordset(%(rows)s) AS r (
    channel text, reference text, outcome text, at timestamptz, response text, gone boolean
)
ON CONFLICT DO NOTHING

-- name: take_early
-- Those that have waited longest since they were last tried: what finds nothing is written anew, so that its row's own
-- age says so, and what nobody knows does not stand before the rest all day. Plan: scan of a small table, sort, delete.
DELETE FROM messaging_early_receipt e
WHERE (channel, reference, outcome) IN (
    SELECT channel, reference, outcome FROM messaging_early_receipt
    ORDER BY age(xmin) DESC, at, channel, reference, outcome LIMIT %(limit)s
)
RETURNING channel, reference, outcome, at, response, gone
