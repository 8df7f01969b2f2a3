-- name: own_row
-- A member by id, else by external id, whoever they were merged into. Plan: primary key and unique index.
SELECT m.id::text FROM members_member m
WHERE m.program_id = %(program)s AND (m.id = %(id)s::uuid OR m.external_id = %(external_id)s)
ORDER BY m.id = %(id)s::uuid DESC NULLS LAST
LIMIT 1

-- name: lock_merging
-- The members of a merge, locked in the order of their ids. Plan: function scan, nested loop on the primary key, lock.
SELECT m.id::text
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_member m ON m.id = r.id AND m.program_id = %(program)s
ORDER BY m.id
FOR UPDATE OF m

-- name: standing
-- Where members are now. A statement of its own after the locks: one that waited would see what was there before.
-- Plan: function scan, nested loop on the primary keys.
SELECT m.id::text, d.into_id::text, d.survivor_id::text
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_member m ON m.id = r.id AND m.program_id = %(program)s
LEFT JOIN members_redirect d ON d.holder_id = m.id

-- name: add_redirect
-- Plan: insert.
INSERT INTO members_redirect (holder_id, program_id, into_id, survivor_id, merged_at)
VALUES (%(holder)s, %(program)s, %(into)s, %(into)s, %(now)s)

-- name: lead_on
-- Whoever was led to a member is led to the one that this member is now. Plan: the index by survivor.
UPDATE members_redirect SET survivor_id = %(into)s WHERE survivor_id = %(holder)s

-- name: drop_redirect
-- Plan: primary key.
DELETE FROM members_redirect WHERE holder_id = %(holder)s

-- name: part
-- Note who were one: what happened meanwhile still leads from one to the other. Plan: insert.
INSERT INTO members_parted (holder_id, into_id, program_id, parted_at)
VALUES (%(holder)s, %(into)s, %(program)s, %(now)s)
ON CONFLICT DO NOTHING

-- name: kin
-- All whom merges tie to a member, themselves among them, and whether they were merged into that member, directly or on
-- the way. Plan: recursions over the redirects and the parted, a few rows.
WITH RECURSIVE through (id) AS (
    SELECT %(holder)s::uuid
    UNION
    SELECT d.holder_id FROM members_redirect d JOIN through t ON d.into_id = t.id
)
SELECT f.holder_id::text, f.holder_id IN (SELECT id FROM through) FROM members_family(%(holder)s) f

-- name: lead_back
-- Whoever was led through a member ends at this member again. Plan: recursion over the index by target, a few rows.
WITH RECURSIVE through AS (
    SELECT holder_id FROM members_redirect WHERE into_id = %(holder)s
    UNION
    SELECT d.holder_id FROM members_redirect d JOIN through t ON d.into_id = t.holder_id
)
UPDATE members_redirect SET survivor_id = %(holder)s WHERE holder_id IN (SELECT holder_id FROM through)

-- name: identities_of
-- Contacts of two members as they are stored. Plan: nested loop on (holder, kind).
SELECT i.holder_id::text, i.kind, encode(i.value_hash, 'hex'), i.sealed, i.verified_at, i.verified_by
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_identity i ON i.holder_id = r.id

-- name: keys_of
-- Plan: primary key.
SELECT k.holder_id::text, k.wrapped
FROM json_array_elements_text(%(ids)s) AS r (id)
JOIN members_key k ON k.holder_id = r.id::uuid

-- name: note_moved
-- Plan: function scan, insert.
INSERT INTO members_moved_identity (holder_id, kind, program_id, value_hash, sealed, verified_at, verified_by)
SELECT holder_id, kind, %(program)s, decode(value, 'hex'), decode(sealed, 'hex'), verified_at, verified_by
FROM json_to_recordset(%(rows)s) AS r (
    holder_id uuid, kind text, value text, sealed text, verified_at timestamptz, verified_by text
)

-- name: moved_identities
-- With the first moment at which the address was confirmed, before the merge or since. Plan: range of the primary key.
SELECT m.kind, encode(m.value_hash, 'hex'), m.sealed, i.holder_id::text, encode(i.fold_hash, 'hex'),
       coalesce(m.verified_at, i.verified_at),
       CASE WHEN m.verified_at IS NULL THEN i.verified_by ELSE m.verified_by END
FROM members_moved_identity m
LEFT JOIN members_identity i ON i.program_id = m.program_id AND i.kind = m.kind AND i.value_hash = m.value_hash
WHERE m.holder_id = %(holder)s

-- name: forget_moved
-- Plan: range of the primary key.
DELETE FROM members_moved_identity WHERE holder_id = %(holder)s

-- name: carry_withdrawals
-- Of two words the strictest: a "no" goes along, with its own date where that is the last word, else as of now, since the
-- survivor said "yes" after it, to a whole class's "no" on any of its topics. A "yes" does not go along: nobody agreed to
-- anything as the other member. A complaint that stands goes along as one, over what others said since, too.
-- Plan: ranges of the index of the newest, unique, anti-join on the same index.
INSERT INTO members_consent (holder_id, id, program_id, purpose, topic, channel, action, method, text_version, surface,
                             reason, occurred_at, recorded_at)
SELECT %(into)s, gen_random_uuid(), %(program)s, c.purpose, c.topic, c.channel, c.action, 'merge', c.text_version,
       CASE WHEN 'complaint' IN (c.method, c.surface) THEN 'complaint' END, c.reason,
       CASE WHEN EXISTS (
           SELECT FROM members_consent o
           LEFT JOIN members_topic t ON t.program_id = o.program_id AND t.code = o.topic
           WHERE o.holder_id = %(into)s AND (o.topic = c.topic OR c.topic = '*' || t.class_name)
             AND o.channel = c.channel AND o.purpose = c.purpose
             AND o.action <> 'withdraw' AND o.occurred_at >= c.occurred_at
       ) THEN %(now)s ELSE c.occurred_at END,
       %(now)s
FROM (
    SELECT DISTINCT ON (w.topic, w.channel, w.purpose) w.purpose, w.topic, w.channel, w.action, w.method, w.surface,
           w.text_version, w.reason, w.occurred_at
    FROM (
        SELECT l.*, max(l.occurred_at) FILTER (
                   WHERE l.action = 'withdraw' AND 'complaint' IN (l.method, l.surface)
               ) OVER matter AS complained,
               max(l.occurred_at) FILTER (WHERE members_own_act(l.action, l.method, l.surface)) OVER matter AS own
        FROM members_consent l
        WHERE l.holder_id = %(holder)s
        WINDOW matter AS (PARTITION BY l.topic, l.channel, l.purpose)
    ) w
    WHERE w.action <> 'confirm'
    ORDER BY w.topic, w.channel, w.purpose,
             (w.occurred_at = w.complained AND 'complaint' IN (w.method, w.surface)
              AND (w.own IS NULL OR w.own <= w.complained)) IS TRUE DESC,
             w.occurred_at DESC, w.action DESC, w.id DESC
) c
WHERE c.action = 'withdraw' AND NOT EXISTS (
    SELECT FROM members_consent o
    WHERE o.holder_id = %(into)s AND o.topic = c.topic AND o.channel = c.channel AND o.purpose = c.purpose
      AND o.action = 'withdraw' AND o.occurred_at = c.occurred_at
      AND NOT EXISTS (
          SELECT FROM members_consent y
          LEFT JOIN members_topic t ON t.program_id = y.program_id AND t.code = y.topic
          WHERE y.holder_id = o.holder_id AND (y.topic = o.topic OR o.topic = '*' || t.class_name)
            AND y.channel = o.channel AND y.purpose = o.purpose
            AND y.action <> 'withdraw' AND y.occurred_at >= o.occurred_at
      )
)

-- name: give_words_back
-- What the survivor had said themselves before a merge's "no" was put over it, on the topic or on its whole class, stands
-- again, evidence and all, unless they have said something since. A carried word may have kept its own date: the merge's
-- is that of its writing. Plan: primary key, ranges of the index of the newest.
INSERT INTO members_consent (holder_id, id, program_id, purpose, topic, channel, action, method, text_id, text_version,
                             text_sha256, locale, surface, actor, ip, agent, evidence_ref, country, valid_until,
                             address_hash, reason, occurred_at, recorded_at)
SELECT o.holder_id, gen_random_uuid(), o.program_id, o.purpose, o.topic, o.channel, o.action, o.method, o.text_id,
       o.text_version, o.text_sha256, o.locale, o.surface, o.actor, o.ip, o.agent, o.evidence_ref, o.country,
       o.valid_until, o.address_hash, 'merge-undone', %(now)s, %(now)s
FROM members_redirect d
JOIN members_consent c
  ON c.holder_id = d.into_id AND c.method = 'merge' AND c.action = 'withdraw' AND c.recorded_at = d.merged_at
JOIN members_consent o
  ON o.holder_id = c.holder_id AND o.channel = c.channel AND o.purpose = c.purpose
 AND o.action IN ('grant', 'confirm', 'import') AND o.occurred_at < c.occurred_at
LEFT JOIN members_topic t ON t.program_id = o.program_id AND t.code = o.topic
WHERE d.holder_id = %(holder)s AND d.into_id = %(into)s AND (o.topic = c.topic OR c.topic = '*' || t.class_name)
  AND NOT EXISTS (
      SELECT FROM members_consent w
      WHERE w.holder_id = c.holder_id AND (w.topic = o.topic OR w.topic = '*' || t.class_name)
        AND w.channel = c.channel AND w.purpose = c.purpose AND w.id <> c.id
        AND NOT (w.topic LIKE '*%%' AND w.method = 'merge' AND w.recorded_at = d.merged_at)
        AND (w.occurred_at >= c.occurred_at
             OR (w.action IN ('withdraw', 'expire') AND w.occurred_at >= o.occurred_at))
  )

-- name: merged_from
-- Who was merged into members, directly or on the way, the oldest merge first. Plan: the index by survivor.
SELECT d.survivor_id::text, d.holder_id::text, d.into_id::text, m.external_id, d.merged_at
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_redirect d ON d.survivor_id = r.id
JOIN members_member m ON m.id = d.holder_id
WHERE d.program_id = %(program)s
ORDER BY d.merged_at, d.holder_id

-- name: merges_around
-- Whom a member was merged into, and who was merged into them, the oldest merge first. Plan: both indexes of redirects.
SELECT d.survivor_id::text, d.holder_id::text, d.into_id::text, m.external_id, d.merged_at
FROM members_redirect d
JOIN members_member m ON m.id = d.holder_id
WHERE d.program_id = %(program)s AND (d.survivor_id = %(id)s OR d.holder_id = %(id)s)
ORDER BY d.merged_at, d.holder_id

-- name: redirects_of
-- Where merged members lead; the others are absent. Plan: primary key.
SELECT d.holder_id::text, d.survivor_id::text
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_redirect d ON d.holder_id = r.id
WHERE d.program_id = %(program)s

-- name: keep_keys
-- Data keys of members who have none yet: the first one stays, and nobody gets one who is not there any more.
-- Plan: function scan, nested loop on the primary key, insert; function scan, nested loop on the primary key.
WITH made AS (
    INSERT INTO members_key (holder_id, wrapped)
    SELECT r.holder_id, decode(r.wrapped, 'hex')
    FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, wrapped text)
    JOIN members_member m ON m.id = r.holder_id
    ON CONFLICT (holder_id) DO NOTHING
    RETURNING holder_id, wrapped
)
SELECT holder_id::text, wrapped FROM made
