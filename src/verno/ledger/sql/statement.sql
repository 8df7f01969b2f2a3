-- name: statement_figures
-- What moved on members' accounts before and within an interval of business time, and what of it is still to come to
-- an end. One statement, so that both halves see the same moment. What is recovered for an earlier write-off lessens
-- the earned: it is what the take-back did not find. Plan: function scan, nested loops on the holder's ranges of
-- accounts, transfers and open lots.
SELECT a.holder_id::text, coalesce(t.before, 0)::bigint, coalesce(t.earned, 0)::bigint, coalesce(t.spent, 0)::bigint,
       coalesce(t.expired, 0)::bigint, coalesce(e.moments, '[]'::json)
FROM (SELECT value::uuid AS holder_id FROM json_array_elements_text(%(holders)s) OFFSET 0) r
JOIN ledger_account a ON a.holder_id = r.holder_id AND a.unit_id = %(unit)s AND a.kind = 'member'
CROSS JOIN LATERAL (
    SELECT sum(m.points) FILTER (WHERE m.at < %(start)s) AS before,
           sum(m.points) FILTER (WHERE m.at >= %(start)s AND m.kind NOT IN ('spend', 'put_back', 'expire')) AS earned,
           -sum(m.points) FILTER (WHERE m.at >= %(start)s AND m.kind IN ('spend', 'put_back')) AS spent,
           -sum(m.points) FILTER (WHERE m.at >= %(start)s AND m.kind = 'expire') AS expired
    FROM (
        SELECT x.at, x.kind, CASE WHEN x.credit_account_id = a.id THEN x.amount ELSE -x.amount END AS points
        FROM ledger_transfer x
        WHERE x.holder_id = a.holder_id AND x.unit_id = a.unit_id AND x.at < %(end)s
          AND a.id IN (x.credit_account_id, x.debit_account_id)
    ) m
) t
CROSS JOIN LATERAL (
    SELECT json_agg(json_build_object('expires_at', g.expires_at, 'points', g.points) ORDER BY g.expires_at) AS moments
    FROM (
        SELECT l.expires_at, sum(l.remaining)::bigint AS points
        FROM ledger_lot l
        WHERE l.holder_id = a.holder_id AND l.account_id = a.id AND l.remaining > 0
          AND l.expires_at > %(now)s AND l.expires_at <= %(horizon)s
        GROUP BY l.expires_at
    ) g
) e
