-- name: impressions
-- What was taken on each channel under each token, by the moment of the last hand-over; what came back or may not have
-- left is none. Plan: the program's templates, hash join on messages by program and state; read once a month.
SELECT t.erid, t.advertiser, t.inn, m.channel, count(*)
FROM (
    SELECT code || '@' || version AS reference, body -> 'advert' ->> 'erid' AS erid,
           coalesce(body -> 'advert' ->> 'name', '') AS advertiser, coalesce(body -> 'advert' ->> 'inn', '') AS inn
    FROM messaging_template
    WHERE program_id = %(program)s AND body -> 'advert' ->> 'erid' <> ''
) t
JOIN messaging_message m ON m.program_id = %(program)s AND m.template = t.reference
WHERE m.state IN ('accepted', 'delivered', 'opened', 'clicked', 'complained')
  AND m.created_at < %(until)s AND m.changed_at >= %(since)s
  AND (m.decision -> -1 ->> 'at')::timestamptz >= %(since)s AND (m.decision -> -1 ->> 'at')::timestamptz < %(until)s
GROUP BY 1, 2, 3, 4
ORDER BY 1, 4, 2, 3
