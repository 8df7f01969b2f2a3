-- name: open_days
-- What a replay moves on tracks, in a table of this session alone: sums grow on disk, not in memory.
-- A row is what the draft adds to an owner's day (side -1), or a step that a rulebook sets (side 0 or 1).
-- Plan: catalogue.
CREATE TEMPORARY TABLE replay_day (
    owner_id uuid, track integer, buying_group text, joined date, side integer, step text, day date, last date,
    amount bigint
)

-- name: add_days
-- A piece's rows. Plan: copy.
COPY replay_day FROM STDIN

-- name: close_days
-- Plan: catalogue.
DROP TABLE IF EXISTS replay_day

-- name: days
-- All of it by track and owner. Plan: sort (on disk where they are many), groups.
SELECT track, owner_id::text, min(buying_group), min(joined), side, step, day, last, sum(amount)::bigint
FROM replay_day
GROUP BY track, owner_id, side, step, day, last
ORDER BY track, owner_id
