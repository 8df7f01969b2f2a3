-- name: tracks
-- All versions of the tracks that are there. Plan: small tables.
SELECT t.id::text, v.version, v.counter_id::text, v.body, v.rule, v.effective_from, v.counts_from,
       v.filled_at IS NOT NULL, v.published_at, v.recounted
FROM progress_track t
JOIN progress_version v ON v.track_id = t.id
WHERE t.program_id = %(program)s AND t.removed_at IS NULL
ORDER BY t.code, v.version DESC

-- name: lock_tracks
-- One changer of a program's tracks at a time. Plan: advisory lock.
SELECT pg_advisory_xact_lock(hashtext('progress_track'), hashtext(%(program)s))

-- name: track_id
-- A track by its code, one that was removed too. Plan: unique index.
SELECT id::text, removed_at IS NOT NULL FROM progress_track WHERE program_id = %(program)s AND code = %(code)s

-- name: versions_of
-- How many versions a track has had. Plan: primary key.
SELECT coalesce(max(version), 0) FROM progress_version WHERE track_id = %(track)s

-- name: add_track
-- A track by a new code; of one that was removed the old row comes back. Plan: unique index, insert.
INSERT INTO progress_track (id, program_id, code, created_at)
VALUES (%(id)s, %(program)s, %(code)s, %(now)s)
ON CONFLICT (program_id, code) DO UPDATE SET removed_at = NULL
RETURNING id::text

-- name: remove_track
-- Plan: unique index.
UPDATE progress_track SET removed_at = %(now)s
WHERE program_id = %(program)s AND code = %(code)s AND removed_at IS NULL

-- name: add_version
-- Plan: insert; two at once are refused by the primary key.
INSERT INTO progress_version (track_id, version, program_id, counter_id, body, rule, effective_from, counts_from,
                              filled_at, published_at)
VALUES (%(track)s, %(version)s, %(program)s, %(counter)s, %(body)s, %(rule)s, %(effective_from)s, %(counts_from)s,
        %(filled_at)s, %(now)s)

-- name: fill_version
-- The recount is done: from today on the version holds. Plan: primary key.
UPDATE progress_version SET filled_at = %(now)s, effective_from = %(today)s
WHERE track_id = %(track)s AND version = %(version)s AND program_id = %(program)s AND filled_at IS NULL

-- name: recounted
-- How far a recount is, for whoever watches it. Plan: primary key.
UPDATE progress_version SET recounted = %(members)s
WHERE track_id = %(track)s AND version = %(version)s AND program_id = %(program)s

-- name: on_steps
-- How many stood on which step at the last look; who was merged is left out.
-- Plan: scan, hash anti-join with the few redirects, hash aggregate.
SELECT t.track_id::text, t.step, count(*)
FROM progress_tier t
WHERE t.program_id = %(program)s AND t.version > 0
  AND NOT EXISTS (SELECT FROM members_redirect d WHERE d.holder_id = t.owner_id)
GROUP BY t.track_id, t.step

-- name: keep_steps
-- Nobody loses what the version before had promised: each step that there still is becomes a floor until its end.
-- Plan: scan of a track's rows, insert; once in a version's life.
INSERT INTO progress_floor (holder_id, track_id, key, program_id, step, first, last, source, set_at)
SELECT owner_id, track_id, %(key)s, program_id, step, %(today)s, holds_until, 'kept', %(now)s
FROM progress_tier
WHERE track_id = %(track)s AND program_id = %(program)s AND step = ANY (%(steps)s)
  AND (holds_until IS NULL OR holds_until >= %(today)s)
ON CONFLICT DO NOTHING

-- name: wake_tiers
-- Everybody on a track is judged again on a day, by the sweep. Plan: scan of a track's rows, once in a version's life.
UPDATE progress_tier SET due_on = least(due_on, %(day)s) WHERE track_id = %(track)s AND program_id = %(program)s

-- name: page_of_tiers
-- A page of a track's owners in their order. Plan: index by due day or scan of the table; for previews.
SELECT t.owner_id::text, t.holder_id::text, t.buying_group, m.created_at
FROM progress_tier t
LEFT JOIN members_member m ON m.id = t.owner_id
WHERE t.track_id = %(track)s AND t.program_id = %(program)s
  AND (%(after)s::uuid IS NULL OR t.owner_id > %(after)s::uuid)
ORDER BY t.owner_id
LIMIT %(limit)s

-- name: set_floors
-- Steps that were set; the same key sets one once. Plan: function scan, insert.
INSERT INTO progress_floor (holder_id, track_id, key, program_id, step, first, last, source, by, reason, set_at)
SELECT holder_id, track_id, key, %(program)s, step, first, last, source, by, reason, %(now)s
FROM json_to_recordset(%(rows)s) AS r (
    holder_id uuid, track_id uuid, key text, step text, first date, last date, source text, by text, reason text
)
ON CONFLICT DO NOTHING

-- name: set_steps
-- The steps that were set for a holder and for those who were merged into them, as staff see them, the newest first.
-- Plan: nested loops on indexes, sort.
SELECT t.code, f.step, f.first, f.last, f.source, f.key, f.by, f.reason, f.set_at
FROM (
    SELECT %(holder)s::uuid AS holder_id
    UNION ALL
    SELECT d.holder_id FROM members_redirect d WHERE d.survivor_id = %(holder)s
) h
JOIN progress_floor f ON f.holder_id = h.holder_id AND f.program_id = %(program)s
JOIN progress_track t ON t.id = f.track_id AND t.removed_at IS NULL
WHERE f.revoked_at IS NULL
ORDER BY f.set_at DESC, f.key

-- name: revoke_floors
-- Steps that were set and are not to hold any more, by what had set them. Plan: function scan, nested loop on the primary
-- key.
UPDATE progress_floor f SET revoked_at = %(now)s
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, track_id uuid, key text)
WHERE f.holder_id = r.holder_id AND f.track_id = r.track_id AND f.key = r.key AND f.revoked_at IS NULL
  AND f.program_id = %(program)s

-- name: agree
-- Contracts; the same again adds no row, and what was never agreed cannot be taken back. Two at once of one day are refused
-- by the key, and the door tries again. Plan: function scan, insert, nested loop on the primary key.
WITH r AS MATERIALIZED (
    SELECT r.*, c.revision, c.share AS agreed, c.last AS until
    FROM json_to_recordset(%(rows)s) AS r (
        index integer, owner_id uuid, track_id uuid, first date, last date, share integer
    )
    LEFT JOIN LATERAL (
        SELECT revision, share, last FROM progress_contract
        WHERE owner_id = r.owner_id AND track_id = r.track_id AND first = r.first
        ORDER BY revision DESC
        LIMIT 1
    ) c ON true
), added AS (
    INSERT INTO progress_contract (owner_id, track_id, first, revision, program_id, last, share, by, set_at)
    SELECT owner_id, track_id, first, coalesce(revision, 0) + 1, %(program)s, last, share, %(by)s, %(now)s
    FROM r
    WHERE (share, last) IS DISTINCT FROM (agreed, until)
    RETURNING owner_id, track_id, first
)
SELECT r.index FROM added JOIN r USING (owner_id, track_id, first)
