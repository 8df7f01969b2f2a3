-- name: give_up_restored
-- The workers of what was restored are gone, before their time: what they were handing over may have arrived, what
-- they had only claimed had not left. Plan: the partial index of leases.
UPDATE messaging_message
SET state = CASE state WHEN 'handing_over' THEN 'uncertain' ELSE 'queued' END,
    reason = CASE state WHEN 'handing_over' THEN 'restored' END,
    attempts = attempts - CASE state WHEN 'claimed' THEN 1 ELSE 0 END,
    claimed_by = NULL, claimed_until = NULL, changed_at = %(now)s
WHERE state IN ('claimed', 'handing_over')

-- name: waiting
-- What waits to be sent, by program and topic, and how much of it was planned since a moment.
-- Plan: the partial index of lanes, hash aggregate.
SELECT program_id::text, topic, count(*), count(*) FILTER (WHERE created_at >= %(since)s), min(due_at)
FROM messaging_message
WHERE state IN ('queued', 'claimed', 'deferred')
GROUP BY program_id, topic ORDER BY program_id, topic

-- name: sent_before
-- What was due before a moment may have left after the backup: nobody sends it again by itself.
-- Plan: the partial index of lanes.
UPDATE messaging_message
SET state = 'uncertain', reason = 'restored', claimed_by = NULL, claimed_until = NULL, changed_at = %(now)s
WHERE state IN ('queued', 'claimed', 'deferred') AND due_at <= %(until)s
