-- name: funnel_of_broadcast
-- Messages of a broadcast by variant, channel and state. Plan: range of the primary key, hash or nested loop on the unique
-- index, hash.
SELECT r.variant, m.channel, m.state, CASE WHEN m.state = 'withheld' THEN m.reason END, count(*)
FROM messaging_recipient r
JOIN messaging_message m ON m.holder_id = r.holder_id AND m.dedupe_key = %(occasion)s
WHERE r.broadcast_id = %(id)s AND r.step > 0
GROUP BY 1, 2, 3, 4

-- name: leavers_of_broadcast
-- Whom a broadcast reached and who left its topic on that channel since. Plan: the index of withdrawals, primary key,
-- unique index.
SELECT r.variant, c.channel, count(DISTINCT c.holder_id)
FROM members_consent c
JOIN messaging_recipient r ON r.broadcast_id = %(id)s AND r.holder_id = c.holder_id AND r.messages > 0
JOIN messaging_message m
  ON m.holder_id = c.holder_id AND m.dedupe_key = %(occasion)s AND m.channel = c.channel AND m.state <> 'withheld'
WHERE c.program_id = %(program)s AND c.action = 'withdraw' AND c.topic = %(topic)s
  AND c.occurred_at >= %(since)s AND c.occurred_at < %(until)s
GROUP BY 1, 2

-- name: revenue_of_recipients
-- What the frozen audience paid in money since, less what came back, by variant; NULL is the holdout. Sums and sums of
-- squares, as whole numbers. Plan: range of the primary key, nested loops on the holder's range of receipts and the sale's
-- of returns, hash.
SELECT variant, count(*), count(*) FILTER (WHERE receipts > 0), coalesce(sum(paid), 0), coalesce(sum(paid * paid), 0)
FROM (
    SELECT r.variant, count(c.id) AS receipts,
           coalesce(sum(c.amount - c.points_value - c.taken_off - coalesce(b.refund, 0)), 0)::numeric AS paid
    FROM messaging_recipient r
    LEFT JOIN intake_receipt c
      ON c.holder_id = r.holder_id AND c.at >= %(since)s AND c.at < %(until)s AND c.status = 'settled'
    LEFT JOIN LATERAL (
        SELECT sum(t.refund) AS refund FROM intake_return t WHERE t.original_id = c.id AND t.status = 'settled'
    ) b ON true
    WHERE r.broadcast_id = %(id)s
    GROUP BY r.variant, r.holder_id
) bought
GROUP BY variant

-- name: reached_by_step
-- For whom the channels before a step were enough, and whom the step's would have taken. Plan: range of the primary key,
-- hash.
SELECT step, count(*) FROM messaging_recipient
WHERE broadcast_id = %(id)s AND state = 'reached' AND reason IS NULL
GROUP BY step
