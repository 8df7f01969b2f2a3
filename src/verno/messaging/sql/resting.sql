-- name: tired
-- Members whose address has taken nothing for long: a text that is refused three times, letters that were given up twice,
-- which is five days of temporary refusals. Whatever arrived after the first of them ends it. Plan: scan of the partial
-- index of the ill, aggregate; nested loop on the holder's range of the primary key.
SELECT i.program_id::text, i.channel, i.holder_id::text, i.first
FROM (
    SELECT program_id, channel, holder_id, count(*) AS times, min(changed_at) AS first
    FROM messaging_message
    WHERE state IN ('bounced', 'complained', 'rejected') AND changed_at > %(since)s
      AND (channel = 'sms' AND reason = 'undelivered' OR channel = 'email' AND reason = 'gave-up')
    GROUP BY program_id, channel, holder_id
) i
WHERE i.times >= CASE i.channel WHEN 'sms' THEN %(texts)s ELSE %(letters)s END
  AND NOT EXISTS (
      SELECT FROM messaging_message d
      WHERE d.holder_id = i.holder_id AND d.channel = i.channel AND d.changed_at > i.first
        AND (d.state IN ('delivered', 'opened', 'clicked') OR d.channel = 'email' AND d.state = 'accepted')
  )
LIMIT %(limit)s

-- name: rested
-- Addresses whose rest is over are written to again. Plan: scan of the suppressed.
DELETE FROM messaging_suppression WHERE reason = 'resting' AND created_at < %(before)s

-- name: domainless
-- Members whose mail domain is not there, and was not a day before: a letter that was given up after three days of tries
-- says as much by itself. Whatever arrived after the first of them ends it. Plan: range of the partial index of what went
-- ill by its moment, aggregate; nested loop on the holder's range of the primary key.
SELECT i.program_id::text, i.holder_id::text, i.first
FROM (
    SELECT program_id, holder_id, min(changed_at) AS first, max(changed_at) AS last, bool_or(reason = 'gave-up') AS long
    FROM messaging_message
    WHERE state IN ('bounced', 'complained', 'rejected') AND changed_at > %(since)s AND channel = 'email'
      AND reason IN ('refused', 'undelivered', 'gave-up') AND response ~* %(words)s
    GROUP BY program_id, holder_id
) i
WHERE (i.long OR i.last >= i.first + %(apart)s::interval)
  AND NOT EXISTS (
      SELECT FROM messaging_message d
      WHERE d.holder_id = i.holder_id AND d.channel = 'email' AND d.changed_at > i.first
        AND d.state IN ('accepted', 'delivered', 'opened', 'clicked')
  )
LIMIT %(limit)s

-- name: stale_devices
-- Browsers' subscriptions that nothing has gone through for long, nor was offered again: a push service would tell that
-- one is gone, but nobody asks it. Plan: scan of the devices, nested loop on the holder's range of the primary key, limit.
SELECT d.program_id::text, encode(d.value_hash, 'hex')
FROM members_device d
WHERE d.kind = %(kind)s AND d.added_at < %(before)s
  AND NOT EXISTS (
      SELECT FROM messaging_message m
      WHERE m.holder_id IN (
                d.holder_id, (SELECT r.survivor_id FROM members_redirect r WHERE r.holder_id = d.holder_id)
            )
        AND m.channel = 'push' AND m.changed_at >= %(before)s AND m.state IN ('accepted', 'delivered', 'opened', 'clicked')
  )
LIMIT %(limit)s
