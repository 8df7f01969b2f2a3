-- name: progress_counts
-- What a plain track (visits, money paid, or events of rules, on all receipts) has counted for a holder and a day is what
-- is kept of the receipts of that day. Days with a capture in part are left out where money is counted: what was captured
-- is not stored as money; days with a part of a receipt where events are: which of them are left, rules must say. Tracks that are removed, and what versions before counted otherwise, are history.
-- Plan: scans of receipts, returns, lines and counts, hash joins, hash aggregates, hash full join.
WITH live AS (
    SELECT DISTINCT ON (v.track_id) v.track_id, v.counter_id, v.body
    FROM progress_version v
    JOIN progress_track t ON t.id = v.track_id AND t.removed_at IS NULL
    WHERE v.filled_at IS NOT NULL
    ORDER BY v.track_id, v.version DESC
), counter AS (
    SELECT l.counter_id AS id, v.program_id, min(l.body ->> 'code') AS track,
           min(l.body ->> 'metric') AS metric, min(l.body ->> 'event') AS event,
           CASE WHEN bool_or(v.counts_from IS NULL) THEN '-infinity' ELSE min(v.counts_from) END AS since
    FROM live l
    JOIN progress_version v ON v.counter_id = l.counter_id
    WHERE l.body ->> 'metric' IN ('visits', 'spend', 'best_month', 'events') AND l.body -> 'where' IS NULL
      AND l.body -> 'lines' IS NULL
    GROUP BY l.counter_id, v.program_id
), back AS (
    SELECT original_id, sum(refund) AS refund, sum(pieces) AS pieces
    FROM (
        SELECT original_id, refund, (SELECT sum(n::bigint) FROM jsonb_each_text(lines) AS e (line, n)) AS pieces
        FROM intake_return
        WHERE status = 'settled'
    ) t
    GROUP BY original_id
), there AS (
    SELECT receipt_id, sum(greatest((quantity * 1000)::bigint, 1)) AS pieces
    FROM intake_receipt_line
    GROUP BY receipt_id
), captured AS (
    SELECT receipt_id, (SELECT sum(n::bigint) FROM jsonb_each_text(kept) AS e (line, n)) AS pieces
    FROM intake_step
    WHERE slot = 'resolve' AND kind = 'capture' AND kept IS NOT NULL AND kept <> 'null'
), sold AS (
    SELECT r.program_id, r.holder_id, (r.at AT TIME ZONE coalesce(p.timezone, g.timezone))::date AS day,
           count(*) FILTER (WHERE coalesce(c.pieces, l.pieces) > coalesce(b.pieces, 0)) AS visits,
           sum(r.amount - r.taken_off - r.points_value - coalesce(b.refund, 0)) AS spend,
           bool_or(c.receipt_id IS NOT NULL) AS in_part,
           bool_or(c.receipt_id IS NOT NULL OR coalesce(b.pieces, 0) NOT IN (0, l.pieces)) AS is_torn
    FROM intake_receipt r
    JOIN workspace_place p ON p.id = r.place_id
    JOIN workspace_program g ON g.id = r.program_id
    LEFT JOIN there l ON l.receipt_id = r.id
    LEFT JOIN back b ON b.original_id = r.id
    LEFT JOIN captured c ON c.receipt_id = r.id
    WHERE r.status = 'settled'
    GROUP BY r.program_id, r.holder_id, 3
), fired AS (
    SELECT r.id, r.holder_id, r.place_id, r.program_id, r.at, jsonb_array_elements(r.verdict) AS one
    FROM intake_receipt r
    WHERE r.status = 'settled' AND r.program_id IN (SELECT program_id FROM counter WHERE metric = 'events')
), emitted AS (
    SELECT r.holder_id, (r.at AT TIME ZONE coalesce(p.timezone, g.timezone))::date AS day, r.one ->> 'text' AS event,
           count(*) AS times
    FROM fired r
    JOIN workspace_place p ON p.id = r.place_id
    JOIN workspace_program g ON g.id = r.program_id
    LEFT JOIN there l ON l.receipt_id = r.id
    LEFT JOIN back b ON b.original_id = r.id
    WHERE r.one ->> 'effect' = 'emit_event' AND l.pieces > coalesce(b.pieces, 0)
    GROUP BY r.holder_id, 2, 3
), said AS (
    SELECT s.holder_id, c.id AS counter_id, s.day,
           CASE c.metric WHEN 'visits' THEN s.visits WHEN 'events' THEN coalesce(e.times, 0) ELSE s.spend END AS amount,
           CASE c.metric WHEN 'visits' THEN false WHEN 'events' THEN s.is_torn ELSE s.in_part END AS unsaid
    FROM sold s
    JOIN counter c ON c.program_id = s.program_id
    LEFT JOIN emitted e ON e.holder_id = s.holder_id AND e.day = s.day AND e.event = c.event
    WHERE s.day >= c.since
), counted AS (
    SELECT b.holder_id, b.counter_id, b.day, b.amount
    FROM progress_bucket b
    JOIN counter c ON c.id = b.counter_id
)
SELECT count(*) OVER () AS total,
       format('on %%s the track %%s counts %%s, the receipts say %%s', coalesce(x.day, s.day), c.track,
              coalesce(x.amount, 0), coalesce(s.amount, 0)),
       json_build_object('program', c.program_id, 'holder', coalesce(x.holder_id, s.holder_id), 'counter', c.id)
FROM counted x
FULL JOIN said s ON s.holder_id = x.holder_id AND s.counter_id = x.counter_id AND s.day = x.day
JOIN counter c ON c.id = coalesce(x.counter_id, s.counter_id)
WHERE coalesce(x.amount, 0) <> coalesce(s.amount, 0) AND s.unsaid IS NOT TRUE
ORDER BY coalesce(x.holder_id, s.holder_id)
LIMIT %(shown)s

-- name: progress_tiers
-- Where an owner stands agrees with what was counted: the step is one of the version's, and where all that was ever
-- counted is compared with the steps, the value is the sum of the days and reaches a step that nobody set. (What a window
-- leaves out depends on the day; the engine's tests are for that.)
-- Plan: scans of tiers, versions and counts, hash joins, hash aggregate.
WITH live AS (
    SELECT DISTINCT ON (v.track_id) v.*
    FROM progress_version v
    JOIN progress_track t ON t.id = v.track_id AND t.removed_at IS NULL
    WHERE v.filled_at IS NOT NULL
    ORDER BY v.track_id, v.version DESC
), summed AS (
    SELECT coalesce(d.survivor_id, b.holder_id) AS owner_id, l.track_id, sum(b.amount) AS amount
    FROM progress_bucket b
    JOIN live l ON l.counter_id = b.counter_id
    LEFT JOIN members_redirect d ON d.holder_id = b.holder_id
    WHERE b.day >= coalesce(l.counts_from, '-infinity')
    GROUP BY 1, 2
), held AS (
    SELECT t.owner_id, t.track_id, t.program_id, t.step, t.value, t.is_set, l.body,
           l.body #>> '{window,window}' = 'lifetime' AND l.body ->> 'metric' <> 'best_month'
           AND l.body -> 'most_a_day' IS NULL AND l.body #>> '{settings,kind}' NOT IN ('stamp_card', 'streak')
           AND l.body #>> '{settings,whose}' IS NULL AND l.body -> 'audience' IS NULL AND t.version = l.version AS is_plain,
           t.version = l.version AS is_newest,
           (SELECT min((s ->> 'threshold')::bigint) FROM jsonb_array_elements(l.body -> 'steps') AS e (s)
            WHERE s ->> 'code' = t.step) AS threshold
    FROM progress_tier t
    JOIN live l ON l.track_id = t.track_id AND l.version >= t.version
    LEFT JOIN members_redirect d ON d.holder_id = t.owner_id
    WHERE t.version > 0 AND d.holder_id IS NULL
)
SELECT count(*) OVER () AS total,
       CASE
           WHEN h.step IS NOT NULL AND h.threshold IS NULL THEN format('%%s is no step of the track', h.step)
           WHEN h.value <> coalesce(s.amount, 0)
               THEN format('the track says %%s, its days say %%s', h.value, coalesce(s.amount, 0))
           ELSE format('%%s is short of %%s, which wants %%s', h.value, h.step, h.threshold)
       END,
       json_build_object('program', h.program_id, 'holder', h.owner_id, 'track', h.body ->> 'code')
FROM held h
LEFT JOIN summed s ON s.owner_id = h.owner_id AND s.track_id = h.track_id
WHERE h.is_newest AND h.step IS NOT NULL AND h.threshold IS NULL
   OR h.is_plain AND (h.value <> coalesce(s.amount, 0) OR NOT h.is_set AND h.threshold > h.value)
ORDER BY h.owner_id
LIMIT %(shown)s
