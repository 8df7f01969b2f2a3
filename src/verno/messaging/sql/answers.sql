-- name: apply_receipts
-- What providers tell of messages that they took: each message takes the last word that its state lets it take. What is
-- uncertain is so no longer once its reader has it, or it came back. Plan: function scan, nested loop on the index of
-- references, update.
UPDATE messaging_message m
SET state = r.state, reason = coalesce(r.reason, CASE WHEN m.state = 'uncertain' THEN NULL ELSE m.reason END),
    response = coalesce(nullif(r.response, ''), m.response), changed_at = %(now)s
FROM (
    SELECT DISTINCT ON (channel, reference) channel, reference, state, reason, response
    FROM json_to_recordset(%(rows)s) AS r (
        channel text, reference text, state text, reason text, response text, rank smallint, position int
    )
    ORDER BY channel, reference, rank DESC, position DESC
) r
WHERE m.channel = r.channel AND m.reference = r.reference AND m.reference IS NOT NULL
  AND m.state = ANY (CASE r.state
      WHEN 'delivered' THEN '{handing_over, accepted, uncertain}'::text[]
      WHEN 'opened' THEN '{handing_over, accepted, uncertain, delivered}'
      WHEN 'bounced' THEN '{handing_over, accepted, uncertain, delivered}'
      ELSE '{handing_over, accepted, uncertain, delivered, opened, clicked}' END)
RETURNING m.channel, m.reference, m.holder_id::text, m.program_id::text, m.topic

-- name: known_references
-- Which of these there are at all. Plan: function scan, nested loop on the index of references.
SELECT m.channel, m.reference, m.holder_id::text, m.program_id::text, m.template
FROM (SELECT channel, reference FROM json_to_recordset(%(rows)s) AS r (channel text, reference text) OFFSET 0) r
JOIN messaging_message m ON m.channel = r.channel AND m.reference = r.reference AND m.reference IS NOT NULL

-- name: keep_receipts
-- Receipts that came before the message's own end was written, or of messages that are not ours. Plan: insert.
INSERT INTO messaging_early_receipt (channel, reference, outcome, at, response, gone)
SELECT channel, reference, outcome, at, response, gone
FROM json_to_recordset(%(rows)s) AS r (
    channel text, reference text, outcome text, at timestamptz, response text, gone boolean
)
ON CONFLICT DO NOTHING

-- name: take_early
-- Plan: scan of a small table, delete.
DELETE FROM messaging_early_receipt e
WHERE (channel, reference, outcome) IN (
    SELECT channel, reference, outcome FROM messaging_early_receipt
    ORDER BY at LIMIT %(limit)s
)
RETURNING channel, reference, outcome, at, response, gone
