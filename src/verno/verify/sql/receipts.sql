-- name: receipt_claim
-- Every stored receipt and return, parked ones too, is claimed once, under its own place, series and number and for its
-- own holder, and every claim has its receipt or return. (A claimed receipt's first row is history: its number is the
-- member's now.)
-- Plan: scans of receipts, returns and claims, hash full join.
WITH claimed AS (
    SELECT receipt_id, count(*) AS claims, min(program_id::text) AS program, min(place_id::text) AS place,
           min(series) AS series, min(number) AS number, min(holder_id::text) AS holder
    FROM intake_receipt_claim
    GROUP BY receipt_id
), stored AS (
    SELECT id, count(*) AS rows, min(program_id::text) AS program, min(place_id::text) AS place,
           min(series) AS series, min(number) AS number, min(holder_id::text) AS holder
    FROM (
        SELECT id, program_id, place_id, series, number, holder_id FROM intake_receipt WHERE status <> 'claimed'
        UNION ALL
        SELECT id, program_id, place_id, series, number, holder_id FROM intake_return
        UNION ALL
        SELECT k.id, k.program_id, k.place_id, k.series, k.number, p.anonymous_holder_id
        FROM intake_parked k LEFT JOIN workspace_place p ON p.id = k.place_id
    ) AS numbered
    GROUP BY id
)
SELECT count(*) OVER () AS total,
       CASE
           WHEN c.receipt_id IS NULL THEN 'a receipt is stored without a claim'
           WHEN r.id IS NULL THEN 'a claim has no receipt'
           WHEN c.claims > 1 THEN format('one receipt is claimed under %%s numbers', c.claims)
           WHEN r.rows > 1 THEN format('one receipt is stored %%s times', r.rows)
           WHEN c.holder <> r.holder THEN 'the claim names another holder'
           ELSE 'the claim names another place, series or number'
       END,
       json_build_object('program', coalesce(r.program, c.program), 'holder', r.holder,
                         'receipt', coalesce(r.id, c.receipt_id), 'number', coalesce(r.number, c.number))
FROM stored r
FULL JOIN claimed c ON c.receipt_id = r.id
WHERE (c.claims = 1 AND r.rows = 1
       AND (c.program, c.place, c.series, c.number, c.holder) = (r.program, r.place, r.series, r.number, r.holder))
      IS NOT TRUE
ORDER BY coalesce(r.id, c.receipt_id)
LIMIT %(shown)s

-- name: receipt_points
-- A receipt is settled exactly once: what it earned and spent, as a whole or as far as it was captured, was moved by
-- operations that bear its id, for its holder (or whom that one was merged into, then or still). What is held, cancelled or nobody's
-- has moved nothing.
-- Plan: scans of receipts, steps, operations and transfers, hash joins.
WITH moved AS (
    SELECT operation_id, coalesce(sum(amount) FILTER (WHERE kind = 'earn'), 0) AS earned,
           coalesce(sum(amount) FILTER (WHERE kind = 'spend'), 0) AS spent, min(holder_id::text) AS holder,
           count(DISTINCT holder_id) AS holders
    FROM ledger_transfer
    WHERE operation_id IS NOT NULL AND kind IN ('earn', 'spend')
    GROUP BY operation_id
), posted AS (
    SELECT id, count(*) AS operations FROM ledger_operation GROUP BY id
), said AS (
    SELECT r.program_id, r.holder_id, r.id, r.number, r.status, r.hold_expires_at,
           CASE WHEN r.status = 'settled' THEN coalesce(s.points, r.points) ELSE 0 END AS earned,
           CASE WHEN r.status = 'settled'
                THEN (SELECT coalesce(sum(v::bigint), 0)
                      FROM jsonb_each_text(coalesce(s.spent, r.spent -> 'points', '{}')) AS e (k, v))
                ELSE 0 END AS spent
    FROM intake_receipt r
    LEFT JOIN intake_step s ON s.holder_id = r.holder_id AND s.receipt_id = r.id AND s.slot = 'resolve'
                            AND s.kind = 'capture'
    WHERE r.status <> 'claimed'
)
SELECT count(*) OVER () AS total,
       format('a receipt %%s that earned %%s and spent %%s has %%s operations that earned %%s and spent %%s', r.status,
              r.earned, r.spent, coalesce(o.operations, 0), coalesce(m.earned, 0), coalesce(m.spent, 0)),
       json_build_object('program', r.program_id, 'holder', r.holder_id, 'receipt', r.id, 'number', r.number)
FROM said r
LEFT JOIN posted o ON o.id = r.id
LEFT JOIN moved m ON m.operation_id = r.id
LEFT JOIN members_redirect d ON d.holder_id = r.holder_id
WHERE CASE
    WHEN r.earned + r.spent > 0 THEN
        (o.operations BETWEEN 1 AND CASE WHEN r.hold_expires_at IS NULL THEN 1 ELSE 2 END
         AND m.earned = r.earned AND m.spent = r.spent AND m.holders = 1
         AND (m.holder IN (r.holder_id::text, d.survivor_id::text)
              OR EXISTS (SELECT FROM corrections_merge WHERE holder_id = r.holder_id)
             AND EXISTS (SELECT FROM corrections_merge WHERE into_id::text = m.holder AND program_id = r.program_id))
        ) IS NOT TRUE
    ELSE m.operation_id IS NOT NULL
END
ORDER BY r.id
LIMIT %(shown)s

-- name: receipt_holder
-- An unmatched receipt belongs to its place's anonymous holder, and so does what it was once it is claimed; any other
-- never does.
-- Plan: scan of receipts, hash join with places.
SELECT count(*) OVER () AS total,
       format('a receipt %%s belongs to %%s', r.status, CASE
           WHEN p.id IS NULL THEN 'a place that is not there'
           WHEN r.holder_id = p.anonymous_holder_id THEN 'nobody'
           ELSE 'somebody'
       END),
       json_build_object('program', r.program_id, 'holder', r.holder_id, 'receipt', r.id, 'number', r.number)
FROM intake_receipt r
LEFT JOIN workspace_place p ON p.id = r.place_id AND p.program_id = r.program_id
WHERE ((r.status IN ('unmatched', 'claimed')) = (r.holder_id = p.anonymous_holder_id)) IS NOT TRUE
ORDER BY r.id
LIMIT %(shown)s

-- name: receipt_lines
-- A receipt's figures are the sums of its lines, which are numbered from 1 without a gap; what points pay is spread over
-- them to the last minor unit, and what rules took off is what the verdict says; no line is without a receipt.
-- Plan: one scan of lines, hash aggregate, hash full join with receipts.
WITH summed AS (
    SELECT holder_id, receipt_id, sum(amount) AS amount, sum(discount) AS discount, count(*) AS lines,
           min(line) AS first, max(line) AS last
    FROM intake_receipt_line
    GROUP BY holder_id, receipt_id
)
SELECT count(*) OVER () AS total,
       CASE
           WHEN r.id IS NULL THEN format('%%s lines without a receipt', l.lines)
           ELSE format('the receipt says %%s lines, amount %%s, discount %%s, rules took %%s off, points pay %%s; '
                       'there are %%s lines (from %%s to %%s), amount %%s, discount %%s',
                       r.line_count, r.amount, r.discount, r.taken_off, r.points_value, coalesce(l.lines, 0), coalesce(l.first, 0),
                       coalesce(l.last, 0), coalesce(l.amount, 0), coalesce(l.discount, 0))
       END,
       json_build_object('program', r.program_id, 'holder', coalesce(r.holder_id, l.holder_id),
                         'receipt', coalesce(r.id, l.receipt_id), 'number', r.number)
FROM intake_receipt r
FULL JOIN summed l ON l.holder_id = coalesce(r.lines_holder_id, r.holder_id) AND l.receipt_id = r.id
WHERE (r.amount = l.amount AND r.discount = l.discount AND r.line_count = l.lines AND l.first = 1
       AND l.last = l.lines
       AND r.points_value = CASE WHEN r.spent IS NULL THEN 0
                                 ELSE (SELECT coalesce(sum(v::bigint), 0)
                                       FROM jsonb_array_elements_text(r.spent -> 'lines') AS e (v)) END
       AND r.taken_off = (SELECT coalesce(sum((e.v ->> 'discount')::bigint), 0)
                          FROM jsonb_array_elements(coalesce(r.verdict, '[]')) AS e (v))) IS NOT TRUE
ORDER BY coalesce(r.id, l.receipt_id)
LIMIT %(shown)s

-- name: receipt_steps
-- What a receipt is says which step it took: a capture, a cancel, a claim, or none; and no step is without its receipt.
-- Plan: scans of receipts and steps, hash full join.
WITH taken AS (
    SELECT holder_id, receipt_id, min(program_id::text) AS program,
           min(kind) FILTER (WHERE slot IN ('resolve', 'claim')) AS kind
    FROM intake_step
    GROUP BY holder_id, receipt_id
)
SELECT count(*) OVER () AS total,
       CASE
           WHEN r.id IS NULL THEN 'a step without a receipt'
           ELSE format('a receipt %%s took the step: %%s', r.status, coalesce(s.kind, 'none'))
       END,
       json_build_object('program', coalesce(r.program_id::text, s.program), 'holder', coalesce(r.holder_id, s.holder_id),
                         'receipt', coalesce(r.id, s.receipt_id), 'number', r.number)
FROM intake_receipt r
FULL JOIN taken s ON s.holder_id = r.holder_id AND s.receipt_id = r.id
WHERE r.id IS NULL
   OR s.kind IS DISTINCT FROM CASE
          WHEN r.status = 'cancelled' THEN 'cancel'
          WHEN r.status = 'claimed' THEN 'claim'
          WHEN r.status = 'settled' AND r.hold_expires_at IS NOT NULL THEN 'capture'
      END
ORDER BY coalesce(r.id, s.receipt_id)
LIMIT %(shown)s

-- name: return_points
-- What returns took back and put back is what their operations moved; of no sale more came back than it had earned,
-- spent and cost.
-- Plan: scans of returns, transfers and receipts, hash joins.
WITH moved AS (
    SELECT operation_id, coalesce(sum(amount) FILTER (WHERE kind = 'take_back'), 0) AS taken,
           coalesce(sum(amount) FILTER (WHERE kind = 'put_back'), 0) AS put
    FROM ledger_transfer
    WHERE kind IN ('take_back', 'put_back')
    GROUP BY operation_id
), said AS (
    SELECT t.*, (SELECT coalesce(sum(v::bigint), 0) FROM jsonb_each_text(t.taken) AS e (k, v)) AS took,
           (SELECT coalesce(sum(v::bigint), 0) FROM jsonb_each_text(t.put) AS e (k, v)) AS gave
    FROM intake_return t
), summed AS (
    SELECT original_id, sum(took) AS took, sum(gave) AS gave, sum(refund + points_value) AS money
    FROM said
    GROUP BY original_id
), sold AS (
    SELECT r.id, coalesce(s.points, r.points) AS earned, r.amount,
           (SELECT coalesce(sum(v::bigint), 0)
            FROM jsonb_each_text(coalesce(s.spent, r.spent -> 'points', '{}')) AS e (k, v)) AS spent
    FROM intake_receipt r
    LEFT JOIN intake_step s ON s.holder_id = r.holder_id AND s.receipt_id = r.id AND s.slot = 'resolve'
                            AND s.kind = 'capture'
    WHERE r.status <> 'claimed'
)
SELECT count(*) OVER () AS total,
       CASE
           WHEN r.id IS NULL THEN 'a return of a sale that is not there'
           WHEN (t.took, t.gave) IS DISTINCT FROM (coalesce(m.taken, 0), coalesce(m.put, 0))
               THEN format('a return took %%s back and put %%s back, its operation moved %%s and %%s', t.took, t.gave,
                           coalesce(m.taken, 0), coalesce(m.put, 0))
           ELSE format('of a sale that earned %%s, spent %%s and cost %%s, %%s, %%s and %%s came back', r.earned, r.spent,
                       r.amount, u.took, u.gave, u.money)
       END,
       json_build_object('program', t.program_id, 'holder', t.holder_id, 'return', t.id, 'number', t.number)
FROM said t
JOIN summed u ON u.original_id = t.original_id
LEFT JOIN sold r ON r.id = t.original_id
LEFT JOIN moved m ON m.operation_id = t.id
WHERE (t.took = coalesce(m.taken, 0) AND t.gave = coalesce(m.put, 0) AND u.took <= r.earned AND u.gave <= r.spent
       AND u.money <= r.amount) IS NOT TRUE
ORDER BY t.id
LIMIT %(shown)s
