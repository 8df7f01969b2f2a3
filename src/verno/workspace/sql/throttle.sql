-- name: count_try
-- Count a try before its secret is looked at, so that parallel guesses cannot overtake the count.
-- No row comes back while one has to wait: free tries first, then a wait that doubles up to a ceiling, measured from
-- the last counted try. A quiet window forgets all. Plan: primary key.
INSERT INTO workspace_try_count AS c (what_hash, tries, last_at)
VALUES (%(what)s, 1, %(now)s)
ON CONFLICT (what_hash) DO UPDATE
SET tries = CASE WHEN c.last_at <= %(now)s - %(window)s::interval THEN 1 ELSE least(c.tries + 1, 1000) END,
    last_at = %(now)s
WHERE c.tries < %(free)s
   OR c.last_at <= %(now)s - %(window)s::interval
   OR c.last_at + least(%(first)s::interval * power(2, least(c.tries - %(free)s, 20)), %(most)s::interval) <= %(now)s
RETURNING tries

-- name: wait_until
-- When the next try is looked at. Plan: primary key.
SELECT last_at + least(%(first)s::interval * power(2, least(tries - %(free)s, 20)), %(most)s::interval)
FROM workspace_try_count WHERE what_hash = %(what)s

-- name: forget_tries
-- The secret was right. Plan: primary key.
DELETE FROM workspace_try_count WHERE what_hash = %(what)s
