-- All workers book by the database's clock, the only one that they share: these moments are not business time.

-- name: pace_ahead
-- For how many seconds a provider is booked; whoever looks books before the next one looks. Plan: primary key, lock.
SELECT extract(epoch FROM free_at - clock_timestamp()) FROM messaging_pace WHERE key = %(key)s FOR UPDATE

-- name: book_pace
-- Move the moment on at which each is free again; seconds until then. Rows come sorted, so that two workers never wait
-- for each other crosswise. Plan: function scan, insert.
INSERT INTO messaging_pace AS p (key, free_at)
SELECT key, statement_timestamp() + seconds * interval '1 second'
FROM json_to_recordset(%(rows)s) AS r (key text, seconds float8)
ON CONFLICT (key) DO UPDATE
SET free_at = greatest(p.free_at, clock_timestamp()) + (excluded.free_at - statement_timestamp())
RETURNING key, extract(epoch FROM free_at - clock_timestamp())

-- name: pace_held
-- For how many seconds a provider wants to be left alone, asked by whoever is about to hand over. Plan: primary key.
SELECT extract(epoch FROM free_at - clock_timestamp()) FROM messaging_pace WHERE key = %(key)s

-- name: hold_pace
-- Plan: insert.
INSERT INTO messaging_pace AS p (key, free_at) VALUES (%(key)s, clock_timestamp() + %(seconds)s * interval '1 second')
ON CONFLICT (key) DO UPDATE SET free_at = greatest(p.free_at, excluded.free_at)

-- name: pace_holds
-- Whoever wants to be left alone. Plan: scan of a small table.
SELECT split_part(key, '/', 1), free_at FROM messaging_pace
WHERE key LIKE '%%/hold' AND free_at > clock_timestamp() + interval '1 minute'
ORDER BY key

-- name: forget_paces
-- Of addresses whose rest is over; a channel's own row stays. Plan: scan of a small table, delete.
DELETE FROM messaging_pace
WHERE key IN (
    SELECT key FROM messaging_pace WHERE free_at < clock_timestamp() AND key LIKE '%%/%%' LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)

-- name: warm_day
-- What a domain may send today, and what has left: the row stays locked until the commit, so that two do not take the same
-- place. No row once it is warm. A step is climbed by a day of which at least half left. Plan: range of the primary key, of
-- some dozen days; insert.
INSERT INTO messaging_warming AS w (domain, day, most, taken)
SELECT %(domain)s, %(day)s, (%(steps)s::integer[])[1 + climbed], 0
FROM (SELECT count(*)::integer AS climbed FROM messaging_warming
      WHERE domain = %(domain)s AND day < %(day)s AND taken * 2 >= most) c
WHERE climbed < cardinality(%(steps)s::integer[])
ON CONFLICT (domain, day) DO UPDATE SET taken = w.taken
RETURNING most, taken

-- name: warmed_already
-- Which of these have their place of the day: they were taken before, and go out again. Plan: function scan, primary key.
SELECT t.message_id::text
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, id uuid)
JOIN messaging_turn t ON t.holder_id = r.holder_id AND t.message_id = r.id
WHERE t.warmed_for = %(domain)s AND t.warmed_on = %(day)s

-- name: warm
-- Plan: primary key.
UPDATE messaging_warming SET taken = taken + %(used)s WHERE domain = %(domain)s AND day = %(day)s

-- name: warmth
-- How many steps a domain has climbed, and how many letters may still leave today. Plan: range of the primary key.
SELECT climbed, coalesce(
    (SELECT greatest(most - taken, 0) FROM messaging_warming WHERE domain = %(domain)s AND day = %(day)s),
    (%(steps)s::integer[])[1 + climbed], 0)
FROM (SELECT count(*)::integer AS climbed FROM messaging_warming
      WHERE domain = %(domain)s AND day < %(day)s AND taken * 2 >= most) c
