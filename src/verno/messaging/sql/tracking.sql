-- name: texted_message
-- The message of a text's short link, which names neither program nor member. Plan: the partial index of texts that are
-- written from stored templates.
SELECT program_id::text, holder_id::text, id::text FROM messaging_message
WHERE substr(uuid_send(id), 9) = decode(%(tail)s, 'hex') AND channel <> 'email' AND position('@' IN template) > 0

-- name: destination
-- Where a link of a message leads: an address of the published version that it was written from. Plan: two primary keys.
SELECT t.compiled -> 'links' ->> %(link)s::integer
FROM (SELECT program_id, template FROM messaging_message WHERE holder_id = %(holder)s AND id = %(id)s
      AND template ~ '^[a-z][a-z0-9-]*@[0-9]{1,9}$' OFFSET 0) m
JOIN messaging_template t ON t.program_id = m.program_id AND t.code = split_part(m.template, '@', 1)
 AND t.version = split_part(m.template, '@', 2)::integer

-- name: count_click
-- A reader, or a program that fetches links, followed one; of whom was erased nothing is kept.
-- Plan: primary key of members, insert.
INSERT INTO messaging_click AS c (holder_id, message_id, link, program_id, url, first_at, last_at, times)
SELECT id, %(id)s::uuid, %(link)s::smallint, %(program)s::uuid, %(url)s, %(now)s, %(now)s, 1
FROM members_member WHERE id = %(holder)s
ON CONFLICT (holder_id, message_id, link) DO UPDATE
SET last_at = greatest(c.last_at, excluded.last_at), times = least(c.times, 1000000000) + 1

-- name: count_opening
-- Somebody's mail program fetched the pixel. Only of messages that there are, and of members. Plan: two primary keys,
-- insert.
INSERT INTO messaging_opening AS o (holder_id, message_id, program_id, first_at, last_at, times)
SELECT holder_id, id, program_id, %(now)s, %(now)s, 1
FROM messaging_message WHERE holder_id = %(holder)s AND id = %(id)s AND program_id = %(program)s
  AND EXISTS (SELECT FROM members_member WHERE id = %(holder)s)
ON CONFLICT (holder_id, message_id) DO UPDATE
SET last_at = greatest(o.last_at, excluded.last_at), times = least(o.times, 1000000000) + 1

-- name: note_reading
-- What a reader did outruns what the provider told; what came back, or was complained of, stays so. Plan: primary key.
UPDATE messaging_message
SET state = %(state)s, reason = CASE WHEN state = 'uncertain' THEN NULL ELSE reason END, changed_at = %(now)s
WHERE holder_id = %(holder)s AND id = %(id)s
  AND state = ANY (CASE %(state)s
      WHEN 'clicked' THEN '{handing_over, accepted, uncertain, delivered, opened}'::text[]
      ELSE '{handing_over, accepted, uncertain, delivered}' END)
