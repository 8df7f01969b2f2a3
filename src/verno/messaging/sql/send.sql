-- name: claim
-- Take the next due messages, skipping those another worker holds; a claim that lapsed before hand-over is taken
-- again, since nothing had left. Attempts are counted here, so that a message that kills its worker runs out too.
-- After a restore nothing is taken until somebody releases it (kit/quarantine.py).
-- Plan: one look at a handful of rows; the partial index of due messages, stops at the limit; update by primary key.
WITH next AS (
    SELECT holder_id, id
    FROM messaging_message
    WHERE ((state IN ('queued', 'deferred') AND due_at <= %(now)s)
        OR (state = 'claimed' AND due_at <= %(now)s AND claimed_until < %(now)s))
      AND NOT (SELECT EXISTS (SELECT FROM kit_quarantine WHERE released_at IS NULL))
    ORDER BY due_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE messaging_message m
SET state = 'claimed', claimed_by = %(claim)s, claimed_until = %(until)s, attempts = m.attempts + 1,
    changed_at = %(now)s
FROM next
WHERE m.holder_id = next.holder_id AND m.id = next.id
RETURNING m.holder_id::text, m.id::text, m.program_id::text, m.channel, m.topic, m.template, m.locale, m.context,
          m.attempts, m.due_at

-- name: hand_over
-- The point of no return: from here on a message is never claimed again. Only the worker whose claim still stands
-- gets it, so one that slept through its lease sends nothing. Plan: function scan, update by primary key.
UPDATE messaging_message m
SET state = 'handing_over', reason = NULL, claimed_until = %(until)s, changed_at = %(now)s,
    message_id = r.message_id, decision = m.decision || r.decision::jsonb
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, id uuid, message_id text, decision json)
WHERE m.holder_id = r.holder_id AND m.id = r.id AND m.state = 'claimed' AND m.claimed_by = %(claim)s
RETURNING m.id::text

-- name: conclude
-- Write what became of messages. The claim names the worker that knows; 'uncertain' may be corrected by it, since a
-- slow answer can come after another worker has given the claim up. Plan: function scan, update by primary key.
UPDATE messaging_message m
SET state = r.state, reason = r.reason, response = r.response, due_at = coalesce(r.due_at, m.due_at),
    attempts = m.attempts - r.refund, claimed_by = NULL, claimed_until = NULL, changed_at = %(now)s,
    decision = CASE WHEN r.decision IS NULL THEN m.decision ELSE m.decision || r.decision::jsonb END
FROM json_to_recordset(%(rows)s) AS r (
    holder_id uuid, id uuid, state text, reason text, response text, due_at timestamptz, refund smallint,
    decision json
)
WHERE m.holder_id = r.holder_id AND m.id = r.id AND m.claimed_by = %(claim)s
  AND m.state IN ('claimed', 'handing_over', 'uncertain')
RETURNING m.id::text

-- name: give_up_lost
-- A worker died while it handed these over: nobody can know whether they arrived, so nobody sends them again by
-- itself. The dead worker's claim stays, for the answer it may yet bring. Plan: the partial index of due messages.
UPDATE messaging_message
SET state = 'uncertain', reason = 'worker-lost', changed_at = %(now)s
WHERE state = 'handing_over' AND claimed_until < %(now)s
RETURNING id::text

-- name: give_up_killers
-- Messages whose claims lapse again and again never leave: they are what kills the worker. Plan: the partial index.
UPDATE messaging_message
SET state = 'rejected', reason = 'gave-up', claimed_by = NULL, claimed_until = NULL, changed_at = %(now)s
WHERE state = 'claimed' AND claimed_until < %(now)s AND attempts >= %(most)s
RETURNING id::text
