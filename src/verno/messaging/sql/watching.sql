-- name: look_at_broadcast
-- One look a minute; returns from when on what happened counts. Plan: primary key.
UPDATE messaging_broadcast SET looked_at = %(now)s
WHERE id = %(id)s AND state = 'running' AND (looked_at IS NULL OR looked_at <= %(before)s)
RETURNING coalesce(released_at, frozen_at), released_at

-- name: tell_broadcast
-- Plan: primary key.
UPDATE messaging_broadcast SET reason = %(reason)s WHERE id = %(id)s AND state = 'running'

-- name: hard_bounces
-- What says that an address is dead. A text that ran out while the phone was off does not, nor does a provider that
-- refuses us and not the address: that holds its own letters back. Plan: range of the partial index of what went ill.
SELECT count(*) FROM messaging_message
WHERE dedupe_key = %(occasion)s AND state IN ('bounced', 'rejected')
  AND (state = 'bounced' OR reason = 'refused') AND changed_at > %(since)s
  AND NOT (channel = 'sms' AND coalesce(response, '') ~ '\mEXPIRED\M|\mstate 3\M')
  AND NOT (channel = 'email' AND coalesce(response, '') ~* %(policy)s AND coalesce(response, '') !~ %(dead)s)

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
-- Complaints of each mail provider's readers, and since when they count: what came before a person let the provider's
-- letters go does not. Plan: scan of the partial index of complaints, hash of a few switches.
SELECT m.domain, count(*), greatest(%(since)s::timestamptz, s.until)
FROM messaging_message m
LEFT JOIN messaging_stop s
  ON s.program_id = m.program_id AND s.what = 'domain:' || m.domain AND s.until <= %(now)s
WHERE m.program_id = %(program)s AND m.state = 'complained' AND m.domain IS NOT NULL
  AND m.changed_at > greatest(%(since)s::timestamptz, s.until)
GROUP BY m.domain, s.until

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
-- How far the sample is: how many have not been asked yet; how many messages may still leave, and of those how many were
-- not tried in vain time and again; how many left, when the last one was planned, and when the last one left that needed
-- no more than a few tries (the last decision is the hand-over's). One member whose provider refuses for days decides
-- nothing. Plan: range of the primary key, nested loop on the unique index; a hash where the sample is much of the table.
SELECT count(*) FILTER (WHERE state = 'waiting' AND step = 0), count(*) FILTER (WHERE leaves),
       count(*) FILTER (WHERE leaves AND attempts <= %(tries)s), count(*) FILTER (WHERE has_left), max(created_at),
       coalesce(max(at) FILTER (WHERE has_left AND attempts <= %(tries)s), max(at) FILTER (WHERE has_left))
FROM (
    SELECT r.state, r.step, m.attempts, m.created_at,
           greatest(m.created_at, m.due_at, (m.decision -> -1 ->> 'at')::timestamptz) AS at,
           m.state IN ('queued', 'claimed', 'handing_over', 'deferred')
               AND (m.valid_until IS NULL OR m.valid_until > %(now)s) AS leaves,
           m.state NOT IN ('queued', 'claimed', 'handing_over', 'deferred', 'withheld') AS has_left
    FROM messaging_recipient r
    LEFT JOIN messaging_message m ON m.holder_id = r.holder_id AND m.dedupe_key = %(occasion)s AND r.messages > 0
    WHERE r.broadcast_id = %(id)s AND r.wave = 0 AND r.state <> 'holdout'
) sample

-- name: arms
-- The trial's figures by members: whom a message left for, and who hit. Plan: range of the primary key, nested loops on
-- the unique index and on the holder's range of receipts, hash.
SELECT variant, count(*), count(*) FILTER (WHERE hit)
FROM (
    SELECT r.variant, r.holder_id,
           CASE WHEN %(purchases)s THEN EXISTS (
               SELECT FROM intake_receipt c
               WHERE c.holder_id = r.holder_id AND c.at >= min(greatest(m.created_at, m.due_at)) AND c.status = 'settled'
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

-- name: wait_for_own_hour
-- The rest's turn was while the trial ran: each waits for the same hour of a day to come, on their own clock.
-- Plan: range of the primary key, nested loop on the members' primary key, hash of zones, update.
UPDATE messaging_recipient r
SET send_at = CASE WHEN n.first >= %(now)s THEN n.first ELSE n.second END
FROM (
    SELECT w.holder_id, (d.day + d.hour) AT TIME ZONE d.zone AS first,
           (d.day + 1 + d.hour) AT TIME ZONE d.zone AS second
    FROM messaging_recipient w
    LEFT JOIN members_member m ON m.id = w.holder_id
    LEFT JOIN json_to_recordset(%(zones)s) AS z (zone text) ON z.zone = m.attributes ->> 'timezone'
    CROSS JOIN LATERAL (
        SELECT o.zone, (%(now)s::timestamptz AT TIME ZONE o.zone)::date AS day, (w.send_at AT TIME ZONE o.zone)::time AS hour
        FROM (SELECT coalesce(z.zone, %(zone)s) AS zone) o
    ) d
    WHERE w.broadcast_id = %(id)s AND w.wave = 1 AND w.state = 'waiting' AND w.step = 0 AND w.send_at < %(now)s
) n
WHERE r.broadcast_id = %(id)s AND r.holder_id = n.holder_id

-- name: still_leaving
-- Is there a message of a broadcast that has not left? The last ones first, since they leave last.
-- Plan: the primary key backwards, nested loop on the unique index, stops at the first.
SELECT r.holder_id FROM messaging_recipient r
JOIN messaging_message m ON m.holder_id = r.holder_id AND m.dedupe_key = %(occasion)s
WHERE r.broadcast_id = %(id)s AND r.messages > 0
  AND m.state IN ('queued', 'claimed', 'handing_over', 'deferred')
ORDER BY r.holder_id DESC
LIMIT 1
