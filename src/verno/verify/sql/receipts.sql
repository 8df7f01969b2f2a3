-- name: receipt_claim
-- Every stored receipt is claimed once, under its own place, series and number, and every claim has its receipt.
-- Plan: two scans, hash full join.
WITH claimed AS (
    SELECT receipt_id, count(*) AS claims, min(program_id::text) AS program, min(place_id::text) AS place,
           min(series) AS series, min(number) AS number
    FROM intake_receipt_claim
    GROUP BY receipt_id
), stored AS (
    SELECT id, count(*) AS rows, min(program_id::text) AS program, min(place_id::text) AS place,
           min(series) AS series, min(number) AS number, min(holder_id::text) AS holder
    FROM intake_receipt
    GROUP BY id
)
SELECT count(*) OVER () AS total,
       CASE
           WHEN c.receipt_id IS NULL THEN 'a receipt is stored without a claim'
           WHEN r.id IS NULL THEN 'a claim has no receipt'
           WHEN c.claims > 1 THEN format('one receipt is claimed under %%s numbers', c.claims)
           WHEN r.rows > 1 THEN format('one receipt is stored %%s times', r.rows)
           ELSE 'the claim names another place, series or number'
       END,
       json_build_object('program', coalesce(r.program, c.program), 'holder', r.holder,
                         'receipt', coalesce(r.id, c.receipt_id), 'number', coalesce(r.number, c.number))
FROM stored r
FULL JOIN claimed c ON c.receipt_id = r.id
WHERE (c.claims = 1 AND r.rows = 1
       AND (c.program, c.place, c.series, c.number) = (r.program, r.place, r.series, r.number)) IS NOT TRUE
ORDER BY coalesce(r.id, c.receipt_id)
LIMIT %(shown)s

-- name: receipt_points
-- A receipt is settled exactly once: with points, by one operation that bears the receipt's id and whose earnings of
-- the receipt's holder add up to them; without points (or unmatched), by none.
-- Plan: scans of receipts, operations and transfers, hash joins.
WITH earned AS (
    SELECT operation_id, sum(amount) FILTER (WHERE kind = 'earn') AS points, min(holder_id::text) AS holder,
           count(DISTINCT holder_id) AS holders
    FROM ledger_transfer
    WHERE operation_id IS NOT NULL
    GROUP BY operation_id
), claimed AS (
    SELECT id, count(*) AS operations FROM ledger_operation GROUP BY id
)
SELECT count(*) OVER () AS total,
       format('a receipt %%s with %%s points has %%s operations that earned %%s', r.status, r.points,
              coalesce(o.operations, 0), coalesce(e.points, 0)),
       json_build_object('program', r.program_id, 'holder', r.holder_id, 'receipt', r.id, 'number', r.number)
FROM intake_receipt r
LEFT JOIN claimed o ON o.id = r.id
LEFT JOIN earned e ON e.operation_id = r.id
WHERE CASE
    WHEN r.status = 'settled' AND r.points > 0 THEN
        (o.operations = 1 AND e.points = r.points AND e.holders = 1 AND e.holder = r.holder_id::text) IS NOT TRUE
    ELSE r.points <> 0 OR e.operation_id IS NOT NULL
END
ORDER BY r.id
LIMIT %(shown)s

-- name: receipt_holder
-- An unmatched receipt belongs to its place's anonymous holder, a settled one never does.
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
WHERE ((r.status = 'unmatched') = (r.holder_id = p.anonymous_holder_id)) IS NOT TRUE
ORDER BY r.id
LIMIT %(shown)s

-- name: receipt_lines
-- A receipt's figures are the sums of its lines, which are numbered from 1 without a gap; no line is without a receipt.
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
           ELSE format('the receipt says %%s lines, amount %%s, discount %%s; '
                       'there are %%s lines (from %%s to %%s), amount %%s, discount %%s',
                       r.line_count, r.amount, r.discount, coalesce(l.lines, 0), coalesce(l.first, 0),
                       coalesce(l.last, 0), coalesce(l.amount, 0), coalesce(l.discount, 0))
       END,
       json_build_object('program', r.program_id, 'holder', coalesce(r.holder_id, l.holder_id),
                         'receipt', coalesce(r.id, l.receipt_id), 'number', r.number)
FROM intake_receipt r
FULL JOIN summed l ON l.holder_id = r.holder_id AND l.receipt_id = r.id
WHERE (r.amount = l.amount AND r.discount = l.discount AND r.line_count = l.lines AND l.first = 1
       AND l.last = l.lines) IS NOT TRUE
ORDER BY coalesce(r.id, l.receipt_id)
LIMIT %(shown)s
