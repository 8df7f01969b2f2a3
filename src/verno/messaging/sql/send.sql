-- name: claim
-- Take the next due messages, skipping those another worker holds. Attempts are counted here. Suspects, during whose
-- claim a worker died, are taken apart from all others, and alone.
-- Each class has a lane of its own, so that no crowd stands before it. After a restore nothing is taken until somebody
-- releases it (kit/quarantine.py).
-- Plan: one look at a handful of rows; the partial index of lanes in its own order, stops at the limit; update by
-- primary key.
WITH next AS (
    SELECT holder_id, id
    FROM messaging_message
    WHERE channel = %(channel)s AND class_name = %(lane)s AND due_at <= %(now)s
      AND state IN ('queued', 'deferred') AND (lapsed > 0) = %(suspects)s
      AND NOT (SELECT EXISTS (SELECT FROM kit_quarantine WHERE released_at IS NULL))
    ORDER BY due_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE messaging_message m
SET state = 'claimed', reason = NULL, claimed_by = %(claim)s, claimed_until = %(until)s, attempts = m.attempts + 1,
    changed_at = %(now)s
FROM next
WHERE m.holder_id = next.holder_id AND m.id = next.id
RETURNING m.holder_id::text, m.id::text, m.program_id::text, m.channel, m.topic, m.template, m.locale, m.context,
          m.attempts, m.due_at, m.valid_until, m.urgent, m.dedupe_key, m.created_at, m.class_name

-- name: hand_over
-- The point of no return: from here on a message is never claimed again. Only the worker whose claim still stands
-- gets it, so one that slept through its lease sends nothing. Until the provider names it, its reference is its own id.
-- What is asked of the state is hidden in a CASE: no index of states, full of dead entries while many leave, is tempting.
-- Plan: function scan, update by primary key.
UPDATE messaging_message m
SET state = 'handing_over', reason = NULL, claimed_until = %(until)s, changed_at = %(now)s,
    message_id = r.message_id, reference = r.id::text, domain = r.domain, decision = m.decision || r.decision::jsonb
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, id uuid, message_id text, domain text, decision json)
WHERE m.holder_id = r.holder_id AND m.id = r.id
  AND CASE WHEN m.state = 'claimed' THEN m.claimed_by = %(claim)s END
RETURNING m.id::text

-- name: conclude
-- Write what became of messages. The claim names the worker that knows; 'uncertain' may be corrected by it, since a
-- slow answer can come after another worker has given the claim up, and so may 'deferred', while nobody has claimed it
-- anew; the CASE is hand_over's. Plan: function scan, update by primary key.
UPDATE messaging_message m
SET state = r.state, reason = r.reason, response = r.response, reference = coalesce(r.reference, m.reference), due_at = coalesce(r.due_at, m.due_at),
    attempts = m.attempts - r.refund, claimed_by = NULL, claimed_until = NULL, changed_at = %(now)s,
    decision = CASE
        WHEN r.decision IS NULL THEN m.decision
        -- What waits for long is judged again and again: of the same words one after the other the last are kept.
        WHEN m.decision -> -1 ->> 'verdict' = 'defer' AND r.decision ->> 'verdict' = 'defer'
            AND m.decision -> -1 ->> 'stage' = r.decision ->> 'stage'
            AND m.decision -> -1 ->> 'reason' = r.decision ->> 'reason'
        THEN (m.decision - -1) || r.decision::jsonb
        ELSE m.decision || r.decision::jsonb
    END
FROM json_to_recordset(%(rows)s) AS r (
    holder_id uuid, id uuid, state text, reason text, response text, due_at timestamptz, refund smallint,
    decision json, reference text
)
WHERE m.holder_id = r.holder_id AND m.id = r.id
  AND CASE WHEN m.state IN ('claimed', 'handing_over', 'uncertain', 'deferred') THEN m.claimed_by = %(claim)s END
RETURNING m.id::text

-- name: give_up_lost
-- A worker died while it handed these over: nobody can know whether they arrived, so nobody sends them again by
-- itself, but for what is owed (transactional): twice is better than never there. The dead worker's claim stays, for the
-- answer it may yet bring; an erasure has taken it away. Whoever is stopped within a transaction holds up nobody.
-- Plan: the partial index of leases.
UPDATE messaging_message m
SET state = CASE WHEN m.class_name = 'transactional' AND m.attempts <= %(tries)s THEN 'deferred' ELSE 'uncertain' END,
    due_at = CASE WHEN m.class_name = 'transactional' THEN %(again)s ELSE m.due_at END,
    reason = 'worker-lost', changed_at = %(now)s
FROM (
    SELECT holder_id, id FROM messaging_message
    WHERE state = 'handing_over' AND (claimed_until < %(now)s OR claimed_until IS NULL)
    FOR UPDATE SKIP LOCKED
) lost
WHERE m.holder_id = lost.holder_id AND m.id = lost.id
RETURNING m.id::text

-- name: note_lapsed
-- Whoever claimed these is gone, and nothing had left: they wait again, under suspicion. Counted here and not at a
-- failure, since what kills its worker reports none; the fifth time is the last. Plan: the partial index of leases.
UPDATE messaging_message m
SET state = CASE WHEN m.lapsed + 1 >= %(most_lapses)s THEN 'rejected' ELSE 'queued' END,
    reason = CASE WHEN m.lapsed + 1 >= %(most_lapses)s THEN 'kills-its-worker' END,
    lapsed = m.lapsed + 1, claimed_by = NULL, claimed_until = NULL, changed_at = %(now)s
FROM (
    SELECT holder_id, id FROM messaging_message
    WHERE state = 'claimed' AND claimed_until < %(now)s
    FOR UPDATE SKIP LOCKED
) lost
WHERE m.holder_id = lost.holder_id AND m.id = lost.id
RETURNING m.id::text

-- name: note_death
-- A process that tried suspects died: what it had claimed counts at once; what it was handing over may have arrived, and
-- goes as with give_up_lost: what is owed comes again, but here each death counts, and the fifth is the last.
-- Plan: the partial index of leases.
UPDATE messaging_message
SET state = CASE
        WHEN state = 'claimed' THEN CASE WHEN lapsed + 1 >= %(most)s THEN 'rejected' ELSE 'queued' END
        WHEN class_name = 'transactional' AND attempts <= %(tries)s AND lapsed + 1 < %(most)s THEN 'deferred'
        ELSE 'uncertain'
    END,
    reason = CASE WHEN state = 'handing_over' THEN 'worker-lost' WHEN lapsed + 1 >= %(most)s THEN 'kills-its-worker' END,
    due_at = CASE
        WHEN state = 'claimed' THEN greatest(due_at, %(now)s + lapsed * %(wait)s::interval)
        WHEN class_name = 'transactional' THEN %(again)s
        ELSE due_at
    END,
    lapsed = lapsed + 1, claimed_by = CASE WHEN state = 'handing_over' THEN claimed_by END, claimed_until = NULL,
    changed_at = %(now)s
WHERE state IN ('claimed', 'handing_over') AND claimed_by LIKE %(claim)s

-- name: any_suspects
-- Whether any suspect of a channel is due, and may be taken (claim). Plan: the partial index of suspects.
SELECT EXISTS (
    SELECT FROM messaging_message
    WHERE lapsed > 0 AND state IN ('queued', 'deferred', 'claimed') AND channel = %(channel)s
      AND ((state <> 'claimed' AND due_at <= %(now)s) OR claimed_until < %(now)s)
      AND NOT (SELECT EXISTS (SELECT FROM kit_quarantine WHERE released_at IS NULL))
)

-- name: replay
-- A person lets a dead letter be tried once more: alone, as a suspect. Plan: primary key.
UPDATE messaging_message
SET state = 'queued', reason = NULL, lapsed = 1, attempts = 0, due_at = %(now)s, changed_at = %(now)s
WHERE program_id = %(program)s AND holder_id = %(holder)s AND id = %(id)s AND state = 'rejected'
  AND reason IN ('kills-its-worker', 'cannot-be-rendered')

-- name: lock_turns
-- Two workers that hold advertisements for the same members judge them one after the other, always in the same order.
-- Plan: function scan, sort, advisory locks.
SELECT count(pg_advisory_xact_lock(hashtextextended('messaging_turn/' || r.holder, 0)))
FROM (SELECT value AS holder FROM json_array_elements_text(%(holders)s) ORDER BY value OFFSET 0) r

-- name: turns
-- The advertisements that had their turn at members, but for those that are asked about. Which those are is looked at
-- last: asked of each row of the table, it took nine tenths of a claim. Plan: function scan, nested loop on the
-- holder's range of the primary key, hashed subplan, primary key.
SELECT r.holder_id::text, t.channel, t.at, m.dedupe_key
FROM (SELECT value::uuid AS holder_id FROM json_array_elements_text(%(holders)s) OFFSET 0) r
CROSS JOIN LATERAL (
    SELECT message_id, channel, at FROM messaging_turn
    WHERE holder_id = r.holder_id AND at > %(since)s OFFSET 0
) t
LEFT JOIN messaging_message m ON m.holder_id = r.holder_id AND m.id = t.message_id
WHERE t.message_id NOT IN (SELECT value::uuid FROM json_array_elements_text(%(but)s))
ORDER BY t.at

-- name: rivals
-- Which advertisements give way, and to one of which channel: their member waits for a more important broadcast's, or for
-- one as important that is wanted sooner, within the day that one turn takes. What a switch has parked is waited for by
-- nobody. Plan: function scan, nested loops on the holder's range of the primary key and on the primary key of broadcasts.
SELECT r.id::text, rival.channel
FROM json_to_recordset(%(rows)s) AS r (holder_id uuid, id uuid)
JOIN messaging_message own ON own.holder_id = r.holder_id AND own.id = r.id
LEFT JOIN messaging_broadcast mine
  ON mine.id = CASE WHEN own.dedupe_key LIKE 'broadcast/%%' THEN substr(own.dedupe_key, length('broadcast/') + 1)::uuid END
CROSS JOIN LATERAL (
    SELECT DISTINCT m.channel FROM messaging_message m
    JOIN messaging_broadcast b
      ON b.id = CASE WHEN m.dedupe_key LIKE 'broadcast/%%' THEN substr(m.dedupe_key, length('broadcast/') + 1)::uuid END
    WHERE m.holder_id = r.holder_id AND m.dedupe_key LIKE 'broadcast/%%' AND m.id <> r.id AND m.class_name = 'marketing'
      AND m.state IN ('queued', 'claimed', 'deferred') AND m.due_at < %(until)s AND m.reason IS DISTINCT FROM 'stopped'
      AND b.state IN ('running', 'finished')
      AND (-b.priority, coalesce(m.valid_until, 'infinity'))
        < (-coalesce(mine.priority, 0), coalesce(own.valid_until, 'infinity'))
) rival

-- name: take_turns
-- Reserve turns for what was claimed; claimed again, a message has its turn anew. Plan: function scan, insert.
INSERT INTO messaging_turn (holder_id, message_id, program_id, channel, at, warmed_for, warmed_on)
SELECT holder_id, id, program_id, channel, %(now)s, warmed_for, warmed_on
FROM json_to_recordset(%(rows)s)
    AS r (holder_id uuid, id uuid, program_id uuid, channel text, warmed_for text, warmed_on date)
ON CONFLICT (holder_id, message_id)
DO UPDATE SET at = excluded.at, warmed_for = excluded.warmed_for, warmed_on = excluded.warmed_on

-- name: give_turns_back
-- What did not leave has taken nobody's turn, and no place in a day of the warm-up. Plan: function scan, delete by primary
-- key; update by primary key of a few days.
WITH gone AS (
    DELETE FROM messaging_turn t
    USING json_to_recordset(%(rows)s) AS r (holder_id uuid, id uuid)
    WHERE t.holder_id = r.holder_id AND t.message_id = r.id
    RETURNING t.warmed_for, t.warmed_on
), places AS (
    SELECT warmed_for, warmed_on, count(*) AS free FROM gone WHERE warmed_for IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2
)
UPDATE messaging_warming w SET taken = w.taken - p.free
FROM places p
WHERE w.domain = p.warmed_for AND w.day = p.warmed_on

-- name: forget_turns
-- Drop turns that no cap looks back to. Plan: the index by moment.
DELETE FROM messaging_turn WHERE at < %(before)s

-- name: call_back_codes
-- A code that a newer one has killed does not leave any more. Plan: the holder's range of the primary key.
UPDATE messaging_message
SET state = 'withheld', reason = 'too-late', claimed_by = NULL, claimed_until = NULL, changed_at = %(now)s
WHERE holder_id = %(holder)s AND channel = %(channel)s AND template = 'note' AND dedupe_key LIKE 'code/%%'
  AND state IN ('queued', 'claimed', 'deferred')

-- name: switches
-- The switches of a program, with who threw them. Plan: primary key range.
SELECT what, at, by, until, why, detail FROM messaging_stop
WHERE program_id = %(program)s AND (until IS NULL OR until > %(now)s)
ORDER BY at, what

-- name: stops
-- What is stopped in a program: by a switch, and broadcasts that are paused or were cancelled. Plan: primary key range;
-- the index of broadcasts by program and state.
SELECT what FROM messaging_stop WHERE program_id = %(program)s AND (until IS NULL OR until > %(now)s)
UNION ALL
SELECT 'broadcast/' || id FROM messaging_broadcast
WHERE program_id = %(program)s AND state IN ('paused', 'cancelled') AND ended_at IS NULL

-- name: wake_parked
-- What a switch or a paused broadcast held back goes on once nothing holds it any more. Which mail provider it was held
-- back for, nothing but its last decision says, whose first check is the switches'. Plan: the partial index of the parked;
-- per row the primary keys of switches and broadcasts.
WITH free AS (
    SELECT holder_id, id FROM messaging_message m
    WHERE state = 'queued' AND reason = 'stopped' AND due_at > %(now)s
      AND NOT EXISTS (
          SELECT FROM messaging_stop s
          WHERE s.program_id = m.program_id AND (s.until IS NULL OR s.until > %(now)s)
            AND s.what IN ('all', m.class_name, 'channel:' || m.channel, m.decision -> -1 -> 'checks' -> 0 ->> 'seen')
      )
      AND NOT EXISTS (
          SELECT FROM messaging_broadcast b
          WHERE b.program_id = m.program_id AND b.state IN ('paused', 'cancelled') AND b.ended_at IS NULL
            AND m.dedupe_key = 'broadcast/' || b.id
      )
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE messaging_message m SET due_at = %(now)s, reason = NULL, changed_at = %(now)s
FROM free
WHERE m.holder_id = free.holder_id AND m.id = free.id

-- name: send_again
-- A person lets an uncertain message be sent once more; the dead worker's claim ends with that. Plan: primary key.
UPDATE messaging_message
SET state = 'queued', reason = NULL, claimed_by = NULL, claimed_until = NULL, attempts = 0, due_at = %(now)s,
    changed_at = %(now)s
WHERE holder_id = %(holder)s AND id = %(id)s AND program_id = %(program)s AND state = 'uncertain'
RETURNING id::text
