-- name: count_audience
-- Plan: the audience's own.
SELECT count(*) FROM ({selection}) s

-- name: sample_audience
-- Some of an audience, drawn by their ids' hashes, the same ones each time. Plan: the audience's own, top n.
SELECT s.id::text FROM ({selection}) s (id) ORDER BY uuid_hash(s.id), s.id LIMIT %(most)s

-- name: last_leavers
-- How many members the last broadcast on a topic reached, and the last one to the same audience, and how many of them
-- left its topic soon after. Plan: the index by program and state, top one, twice; range of its recipients; index of
-- withdrawals, primary key.
SELECT (SELECT count(*) FROM messaging_recipient r WHERE r.broadcast_id = b.id AND r.messages > 0),
       (SELECT count(DISTINCT c.holder_id)
        FROM members_consent c
        JOIN messaging_recipient r ON r.broadcast_id = b.id AND r.holder_id = c.holder_id AND r.messages > 0
        WHERE c.program_id = %(program)s AND c.action = 'withdraw' AND c.topic = b.topic
          AND c.occurred_at >= b.frozen_at AND c.occurred_at < b.frozen_at + %(within)s::interval)
FROM (
    (
        SELECT id, frozen_at, wanted ->> 'topic' AS topic FROM messaging_broadcast
        WHERE program_id = %(program)s AND frozen_at IS NOT NULL AND wanted ->> 'topic' = %(topic)s
        ORDER BY frozen_at DESC LIMIT 1
    )
    UNION
    (
        SELECT id, frozen_at, wanted ->> 'topic' AS topic FROM messaging_broadcast
        WHERE program_id = %(program)s AND frozen_at IS NOT NULL AND wanted -> 'audience' = %(audience)s
        ORDER BY frozen_at DESC LIMIT 1
    )
) b
ORDER BY b.frozen_at DESC
