-- name: members
-- Plan: function scan, nested loop on the primary key.
SELECT m.id::text, m.external_id, m.name, m.birth_date, m.locale,
       CASE WHEN %(sensitive)s THEN m.attributes ELSE m.attributes - ARRAY(
           SELECT name FROM members_attribute_type WHERE program_id = %(program)s AND sensitive
       ) END, m.created_at, m.changed_at, m.kind, m.buying_group,
       m.home_place
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_member m ON m.id = r.id AND m.program_id = %(program)s

-- name: member_facts
-- What rules may ask of members: sensitive attributes never. Plan: function scan, nested loop on the primary key; the
-- program's row; its attributes' types, once.
SELECT m.id::text, m.birth_date, (m.created_at AT TIME ZONE g.timezone)::date, m.attributes - ARRAY(
           SELECT name FROM members_attribute_type WHERE program_id = %(program)s AND sensitive
       ), m.kind
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_member m ON m.id = r.id AND m.program_id = %(program)s
JOIN workspace_program g ON g.id = m.program_id

-- name: sealed_contacts
-- Contacts of members with the key to each, of one kind or of all. Plan: nested loops on (holder, kind), primary key.
SELECT i.holder_id::text, i.kind, i.sealed, k.wrapped
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_identity i ON i.holder_id = r.id AND (%(kind)s::text IS NULL OR i.kind = %(kind)s)
JOIN members_key k ON k.holder_id = i.holder_id

-- name: search_names
-- Members by words of their names, the likeliest first. Plan: the trigram index behind the function's door.
SELECT id::text FROM members_search(%(program)s, %(words)s, %(limit)s)

-- name: search_tail
-- Members by the last digits of their phone, as a keyed hash, and by words of their name where there are any; of a merged
-- one the survivor. Plan: the index of folds, nested loops on primary keys, sort of some hundreds.
SELECT coalesce(d.survivor_id, m.id)::text, max(word_similarity(members_fold(%(words)s), m.folded))
FROM members_identity i
JOIN members_member m ON m.id = i.holder_id
LEFT JOIN members_redirect d ON d.holder_id = m.id
WHERE i.program_id = %(program)s AND i.kind = 'phone' AND i.fold_hash = decode(%(fold)s, 'hex')
  AND (%(words)s = '' OR word_similarity(members_fold(%(words)s), m.folded) > 0.4)
GROUP BY 1
ORDER BY 2 DESC NULLS LAST, 1
LIMIT %(limit)s

-- name: search_external_ids
-- Members by the beginning of their external id. A range and no LIKE, which row security keeps from the index; the
-- database's collation is that of code points. Plan: range of the unique index, limit.
SELECT coalesce(d.survivor_id, m.id)::text
FROM members_member m
LEFT JOIN members_redirect d ON d.holder_id = m.id
WHERE m.program_id = %(program)s AND m.external_id >= %(from)s AND m.external_id < %(to)s
ORDER BY m.external_id
LIMIT %(limit)s

-- name: count_members
-- People, so that who was merged counts once. Plan: index-only scan of (program, id), scan of the few redirects.
SELECT (SELECT count(*) FROM members_member WHERE program_id = %(program)s)
       - (SELECT count(*) FROM members_redirect WHERE program_id = %(program)s)

-- name: sample
-- Some members, drawn by their ids' hashes; for previews. Plan: scan of the index by program and id, anti-join, top n.
SELECT m.id::text FROM members_member m
WHERE m.program_id = %(program)s AND NOT EXISTS (SELECT FROM members_redirect d WHERE d.holder_id = m.id)
ORDER BY uuid_hash(m.id), m.id
LIMIT %(most)s

-- name: page
-- A program's members in the order of their ids, from one on; who was merged is not among them.
-- Plan: range of the index by program and id, anti-join on the redirects' primary key, limit.
SELECT m.id::text, m.locale FROM members_member m
WHERE m.program_id = %(program)s AND (%(after)s::uuid IS NULL OR m.id > %(after)s::uuid)
  AND NOT EXISTS (SELECT FROM members_redirect d WHERE d.holder_id = m.id)
ORDER BY m.id
LIMIT %(limit)s

-- name: page_back
-- The same from the newest on, before one. Plan: range of the index by program and id read backwards, anti-join on the
-- redirects' primary key, limit.
SELECT m.id::text, m.locale FROM members_member m
WHERE m.program_id = %(program)s AND (%(before)s::uuid IS NULL OR m.id < %(before)s::uuid)
  AND NOT EXISTS (SELECT FROM members_redirect d WHERE d.holder_id = m.id)
ORDER BY m.id DESC
LIMIT %(limit)s

-- name: born
-- When members were born, as far as they have said. Plan: function scan, nested loop on the primary key.
SELECT m.id::text, m.birth_date
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_member m ON m.id = r.id
WHERE m.birth_date IS NOT NULL

-- name: timezones
-- Zones that members are known to live in. Plan: function scan, nested loop on the primary key.
SELECT m.id::text, m.attributes ->> 'timezone'
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN members_member m ON m.id = r.id
WHERE m.attributes ? 'timezone'
