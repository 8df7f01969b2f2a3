-- name: known_goods
-- The ids of goods by sku, on the path of every receipt. LIMIT keeps the plan (see docs/adr/0009).
-- Plan: function scan, nested loop on (program, sku).
SELECT r.sku, g.id::text
FROM json_array_elements_text(%(skus)s) AS r (sku)
CROSS JOIN LATERAL (
    SELECT id FROM catalogue_goods WHERE program_id = %(program)s AND sku = r.sku LIMIT 1
) g

-- name: all_goods
-- All ids by sku. Plan: index scan of (program, sku).
SELECT sku, uuid_send(id) FROM catalogue_goods WHERE program_id = %(program)s LIMIT %(most)s

-- name: add_goods
-- Add goods that are not there; the rows come sorted by sku, so that two batches never wait for each other in a
-- circle. What another transaction added meanwhile is not returned. Plan: function scan, insert.
INSERT INTO catalogue_goods (id, program_id, sku, name, category, attributes, created_at)
SELECT id, %(program)s, sku, sku, '{}', '{}', %(now)s
FROM json_to_recordset(%(rows)s) AS r (id uuid, sku text)
ON CONFLICT (program_id, sku) DO NOTHING
RETURNING sku, id::text

-- name: lock_goods
-- Lock goods in the order of their skus before they are changed. Plan: nested loop on (program, sku), sort, lock.
SELECT g.id
FROM json_array_elements_text(%(skus)s) AS r (sku)
JOIN catalogue_goods g ON g.program_id = %(program)s AND g.sku = r.sku
ORDER BY g.sku COLLATE "C"
FOR UPDATE OF g

-- name: change_goods
-- Replace what was given, keep what was not. Plan: function scan, nested loop on (program, sku), update.
UPDATE catalogue_goods g
SET name = coalesce(r.name, g.name),
    category = CASE WHEN r.category IS NULL THEN g.category
                    ELSE ARRAY(SELECT json_array_elements_text(r.category)) END,
    attributes = coalesce(r.attributes, g.attributes),
    cost = CASE WHEN r.costs THEN r.cost ELSE g.cost END
FROM json_to_recordset(%(rows)s) AS r (sku text, name text, category json, attributes jsonb, costs boolean, cost bigint)
WHERE g.program_id = %(program)s AND g.sku = r.sku

-- name: goods_by_id
-- Plan: function scan, nested loop on the primary key.
SELECT g.id::text, g.sku, g.name, g.category, g.attributes, g.cost
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
JOIN catalogue_goods g ON g.id = r.id AND g.program_id = %(program)s

-- name: goods_facts
-- What rules may ask of goods, by sku, on the path of a receipt. LIMIT keeps the plan (see docs/adr/0009).
-- Plan: function scan, nested loop on (program, sku).
SELECT r.sku, g.category, g.cost
FROM json_array_elements_text(%(skus)s) AS r (sku)
CROSS JOIN LATERAL (
    SELECT category, cost FROM catalogue_goods WHERE program_id = %(program)s AND sku = r.sku LIMIT 1
) g

-- name: count_goods
-- Plan: index-only scan of (program, sku).
SELECT count(*) FROM catalogue_goods WHERE program_id = %(program)s

-- name: goods_categories
-- The paths of categories that goods are in, for somebody who chooses among them. Plan: scan of the program's goods,
-- hash aggregate; asked by a page, never on the path of a receipt.
SELECT DISTINCT category FROM catalogue_goods
WHERE program_id = %(program)s AND category <> '{}'
ORDER BY category
LIMIT %(most)s
