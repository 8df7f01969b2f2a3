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
