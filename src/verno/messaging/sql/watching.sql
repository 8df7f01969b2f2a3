-- name: look_at_broadcast
-- One look a minute; returns from when on what happened counts. Plan: primary key.
UPDATE messaging_broadcast SET looked_at = %(now)s
WHERE id = %(id)s AND state = 'running' AND (looked_at IS NULL OR looked_at <= %(before)s)
RETURNING coalesce(released_at, frozen_at)

-- name: tell_broadcast
-- Plan: primary key.
UPDATE messaging_broadcast SET reason = %(reason)s WHERE id = %(id)s AND state = 'running'

-- name: hard_bounces
-- Plan: range of the partial index of what went ill.
SELECT count(*) FROM messaging_message
WHERE dedupe_key = %(occasion)s AND state IN ('bounced', 'rejected')
  AND (state = 'bounced' OR reason = 'refused') AND changed_at > %(since)s

-- name: sent_at_most
-- How many messages of a broadcast left, counted no further than it matters. Plan: range of the primary key, nested loop
-- on the unique index, limit.
SELECT count(*) FROM (
    SELECT FROM messaging_recipient r
    JOIN messaging_message m ON m.holder_id = r.holder_id AND m.dedupe_key = %(occasion)s
    WHERE r.broadcast_id = %(id)s AND r.messages > 0 AND m.changed_at > %(since)s
      AND m.state NOT IN ('queued', 'claimed', 'handing_over', 'deferred', 'withheld')
    LIMIT %(most)s
) sent

-- name: complaints_by_domain
-- Plan: scan of the partial index of complaints.
SELECT domain, count(*) FROM messaging_message
WHERE program_id = %(program)s AND state = 'complained' AND domain IS NOT NULL AND changed_at > %(since)s
GROUP BY domain

-- name: sent_to_domain
-- How many advertisements a mail provider took, counted no further than it matters. Plan: range of the index of turns by
-- moment, nested loop on the primary key, limit.
SELECT count(*) FROM (
    SELECT FROM messaging_turn t
    JOIN messaging_message m ON m.holder_id = t.holder_id AND m.id = t.message_id
    WHERE t.program_id = %(program)s AND t.at > %(since)s AND m.domain = %(domain)s
      AND m.state NOT IN ('queued', 'claimed', 'handing_over', 'deferred', 'withheld')
    LIMIT %(most)s
) sent

-- name: sample_in
-- How many of the sample have not been asked yet, and when the last message of the sample was planned.
-- Plan: range of the primary key, nested loop on the unique index.
SELECT count(*) FILTER (WHERE r.state = 'waiting' AND r.step = 0), max(m.created_at)
FROM messaging_recipient r
LEFT JOIN messaging_message m ON m.holder_id = r.holder_id AND m.dedupe_key = %(occasion)s AND r.messages > 0
WHERE r.broadcast_id = %(id)s AND r.wave = 0 AND r.state <> 'holdout'

-- name: arms
-- The trial's figures by members: whom a message left for, and who hit. Plan: range of the primary key, nested loops on
-- the unique index and on the holder's range of receipts, hash.
SELECT variant, count(*), count(*) FILTER (WHERE hit)
FROM (
    SELECT r.variant, r.holder_id,
           CASE WHEN %(purchases)s THEN EXISTS (
               SELECT FROM intake_receipt c
               WHERE c.holder_id = r.holder_id AND c.at >= min(m.created_at) AND c.status = 'settled'
           ) ELSE bool_or(m.state = ANY (%(states)s)) END AS hit
    FROM messaging_recipient r
    JOIN messaging_message m ON m.holder_id = r.holder_id AND m.dedupe_key = %(occasion)s
    WHERE r.broadcast_id = %(id)s AND r.wave = 0 AND r.messages > 0
      AND m.state NOT IN ('queued', 'claimed', 'handing_over', 'deferred', 'withheld')
    GROUP BY r.variant, r.holder_id
) tried
GROUP BY variant

-- name: open_rest
-- Plan: primary key.
UPDATE messaging_broadcast SET winner = %(winner)s, open_wave = 1, changed_at = %(now)s
WHERE id = %(id)s AND winner IS NULL

-- name: still_leaving
-- Is there a message of a broadcast that has not left? The last ones first, since they leave last.
-- Plan: the primary key backwards, nested loop on the unique index, stops at the first.
SELECT r.holder_id FROM messaging_recipient r
JOIN messaging_message m ON m.holder_id = r.holder_id AND m.dedupe_key = %(occasion)s
WHERE r.broadcast_id = %(id)s AND r.messages > 0
  AND m.state IN ('queued', 'claimed', 'handing_over', 'deferred')
ORDER BY r.holder_id DESC
LIMIT 1
