-- name: settings
-- All that a program has set, a region's values with the codes of its stores. A value that is JSON null was taken back;
-- life_days is how releases before 0003 said the expiry, and counts until something else is set.
-- Plan: primary key; a region's stores by the unique index, and few programs set any.
SELECT s.scope, s.key, s.value, CASE WHEN s.scope LIKE 'region=%%' THEN ARRAY(
    SELECT p.code FROM workspace_place r
    JOIN workspace_place p ON p.program_id = r.program_id AND p.parent_id = r.id AND p.kind = 'store'
    WHERE r.program_id = s.program_id AND r.kind = 'region' AND r.code = substr(s.scope, 8)
) END
FROM workspace_setting s
WHERE s.program_id = %(program)s AND s.value <> 'null'
UNION ALL
SELECT 'unit=' || u.code, 'points.expiry', jsonb_build_object('model', 'days', 'days', u.life_days), NULL
FROM workspace_unit u
WHERE u.program_id = %(program)s AND u.life_days IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM workspace_setting s WHERE s.program_id = u.program_id AND s.scope = 'unit=' || u.code
      AND s.key = 'points.expiry' AND s.value <> 'null'
)

-- name: set
-- Set values; SQL null becomes the JSON null of a value taken back. Plan: function scan, primary key.
INSERT INTO workspace_setting (program_id, scope, key, value, changed_at)
SELECT %(program)s, scope, key, coalesce(value, 'null'), %(now)s
FROM json_to_recordset(%(rows)s) AS r (scope text, key text, value jsonb)
ON CONFLICT (program_id, scope, key) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at

-- name: set_life_days
-- What the release before this one reads instead of points.expiry. Plan: unique index.
UPDATE workspace_unit SET life_days = %(life_days)s WHERE program_id = %(program)s AND code = %(code)s

-- name: has_place
-- Whether a program has a place of a kind; a till with the code of its store. Plan: unique index.
SELECT EXISTS (
    SELECT 1 FROM workspace_place p LEFT JOIN workspace_place s ON s.id = p.parent_id
    WHERE p.program_id = %(program)s AND p.kind = %(kind)s AND p.code = %(code)s
      AND (%(store)s::text IS NULL OR s.code = %(store)s)
)
