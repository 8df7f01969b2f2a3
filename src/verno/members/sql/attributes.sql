-- name: attribute_types
-- What values attributes take. A choice is a text with choices, a list a text of which there are many: the release before
-- this one takes both for texts. Plan: primary key range, at most a few hundred rows.
SELECT name, CASE WHEN many THEN 'list' WHEN choices IS NOT NULL THEN 'choice' ELSE type END,
       CASE WHEN choices IS NOT NULL THEN ARRAY(SELECT c ->> 'code' FROM jsonb_array_elements(choices) c) END
FROM members_attribute_type WHERE program_id = %(program)s

-- name: add_attribute_types
-- A name that another transaction typed first is a unique violation: the door tries again and reads its type.
-- Plan: function scan, insert.
INSERT INTO members_attribute_type (program_id, name, type, many)
SELECT %(program)s, name, type, many FROM json_to_recordset(%(rows)s) AS r (name text, type text, many boolean)

-- name: attributes
-- All that is declared of attributes, by name. Plan: as above.
SELECT name, CASE WHEN many THEN 'list' WHEN choices IS NOT NULL THEN 'choice' ELSE type END AS kind, names, questions,
       choices, pack, sensitive, archived_at
FROM members_attribute_type WHERE program_id = %(program)s ORDER BY name COLLATE "C"

-- name: put_attributes
-- Declare attributes, or change all of those that are there but their types. Rows come sorted.
-- Plan: function scan, insert that meets its row.
INSERT INTO members_attribute_type AS t (program_id, name, type, many, names, questions, choices, pack, sensitive,
                                         archived_at)
SELECT %(program)s, name, type, many, names, questions, nullif(choices, 'null'), pack, sensitive, archived_at
FROM json_to_recordset(%(rows)s) AS r (
    name text, type text, many boolean, names jsonb, questions jsonb, choices jsonb, pack text, sensitive boolean,
    archived_at timestamptz
)
ON CONFLICT (program_id, name) DO UPDATE
SET names = excluded.names, questions = excluded.questions, choices = excluded.choices, pack = excluded.pack,
    sensitive = excluded.sensitive, archived_at = excluded.archived_at

-- name: attribute_uses
-- How many members have each attribute. Plan: one scan of the program's members, hash aggregate; on the page that shows
-- it alone.
SELECT k.name, count(*)
FROM members_member m
CROSS JOIN LATERAL jsonb_object_keys(CASE WHEN jsonb_typeof(m.attributes) = 'object' THEN m.attributes ELSE '{}' END) AS k (name)
WHERE m.program_id = %(program)s AND m.attributes <> '{}'
GROUP BY k.name
