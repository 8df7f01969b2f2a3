-- name: budget_sums
-- What a budget's counter holds is what receipts have taken of it: settled, and set aside. Periods so long over that the
-- worker forgets them (docs/how-to/run-a-promotion.md) are left out.
-- Plan: one scan of uses, hash aggregate, hash full join with counters.
WITH said AS (
    SELECT program_id, rule, budget, subject, bucket,
           coalesce(sum(amount) FILTER (WHERE until IS NULL), 0) AS used,
           coalesce(sum(amount) FILTER (WHERE until IS NOT NULL), 0) AS held
    FROM promotions_budget_use
    GROUP BY program_id, rule, budget, subject, bucket
)
SELECT count(*) OVER () AS total,
       format('budget %%s of rule %%s holds %%s and %%s set aside, receipts say %%s and %%s', budget, rule,
              coalesce(c.used, 0), coalesce(c.held, 0), coalesce(s.used, 0), coalesce(s.held, 0)),
       json_build_object('program', program_id, 'holder', nullif(subject, ''), 'rule', rule)
FROM promotions_budget_counter c
FULL JOIN said s USING (program_id, rule, budget, subject, bucket)
WHERE (coalesce(c.used, 0), coalesce(c.held, 0)) <> (coalesce(s.used, 0), coalesce(s.held, 0))
  AND (bucket = '1970-01-01' OR bucket > (now() - interval '799 days')::date)
ORDER BY rule, budget, subject, bucket
LIMIT %(shown)s

-- name: budget_uses
-- What a receipt takes of a budget is what its verdict says its rule did, by the budgets of its own rulebook: all of it
-- while the sale stands whole, no more of it once a part was captured or came back, nothing when it was cancelled or all
-- of it came back; for the member it was sold to, or whom merges tie to them; in the period of its own date.
-- Plan: rulebooks (few), scan of the receipts that those with budgets judged, lines and returns of them, hash aggregates,
-- hash full join with uses.
WITH rule AS (
    SELECT id AS rulebook_id, jsonb_array_elements(body -> 'rules') AS rule FROM promotions_rulebook
), budget AS (
    SELECT DISTINCT rulebook_id, rule ->> 'id' AS rule, budget ->> 'counts' AS counts,
           coalesce((budget ->> 'each_member')::boolean, false) AS each_member,
           coalesce(budget ->> 'period', 'ever') AS period
    FROM (SELECT rulebook_id, rule, jsonb_array_elements(rule -> 'budgets') AS budget FROM rule) g
), sold AS (
    SELECT r.id, r.program_id, r.holder_id, r.rulebook_id, r.status, r.hold_expires_at,
           (r.at AT TIME ZONE coalesce(p.timezone, g.timezone))::date AS day,
           CASE WHEN jsonb_typeof(s.verdict) = 'array' THEN s.verdict ELSE r.verdict END AS verdict,
           jsonb_typeof(s.kept) = 'object' AS in_part, s.kept
    FROM intake_receipt r
    JOIN workspace_place p ON p.id = r.place_id
    JOIN workspace_program g ON g.id = r.program_id
    LEFT JOIN intake_step s ON s.receipt_id = r.id AND s.slot = 'resolve' AND s.kind = 'capture'
    WHERE r.rulebook_id IN (SELECT rulebook_id FROM budget) AND r.status <> 'claimed'
), back AS (
    SELECT original_id, sum((SELECT sum(n::bigint) FROM jsonb_each_text(lines) AS e (line, n))) AS pieces
    FROM intake_return
    WHERE status = 'settled'
    GROUP BY original_id
), there AS (
    SELECT l.receipt_id, sum(greatest((l.quantity * 1000)::bigint, 1)) AS pieces
    FROM intake_receipt_line l
    WHERE l.receipt_id IN (SELECT original_id FROM back)
    GROUP BY l.receipt_id
), acted AS (
    SELECT id, fired ->> 'rule' AS rule, sum(coalesce((fired ->> 'discount')::bigint, 0)) AS money,
           sum(coalesce((fired ->> 'points')::bigint, 0)) AS points
    FROM (SELECT id, jsonb_array_elements(verdict) AS fired FROM sold) f
    WHERE (fired ->> 'matched')::boolean
    GROUP BY id, fired ->> 'rule'
), wanted AS (
    SELECT s.id, s.program_id, s.holder_id, s.status, s.hold_expires_at, b.rule,
           b.counts || CASE WHEN b.each_member THEN ':member:' ELSE ':all:' END || b.period AS budget,
           CASE WHEN b.period = 'ever' THEN '1970-01-01' ELSE date_trunc(b.period, s.day::timestamp)::date END AS bucket,
           CASE b.counts WHEN 'uses' THEN 1 WHEN 'money' THEN a.money ELSE a.points END AS amount,
           s.in_part OR k.original_id IS NOT NULL AS is_parted,
           coalesce(k.pieces >= CASE WHEN s.in_part
                                     THEN (SELECT sum(n::bigint) FROM jsonb_each_text(s.kept) AS e (line, n))
                                     ELSE t.pieces END, false) OR s.status = 'cancelled' AS is_empty
    FROM sold s
    JOIN acted a ON a.id = s.id
    JOIN budget b ON b.rulebook_id = s.rulebook_id AND b.rule = a.rule
    LEFT JOIN back k ON k.original_id = s.id
    LEFT JOIN there t ON t.receipt_id = s.id
    WHERE NOT (b.each_member AND s.status = 'unmatched')
), taken AS (
    SELECT operation_id AS id, rule, budget, bucket, min(program_id::text) AS program_id, sum(amount) AS amount,
           bool_or(until IS NOT NULL) AS is_reserved, max(subject) FILTER (WHERE amount > 0) AS subject,
           bool_or((subject = '') <> (split_part(budget, ':', 2) = 'all')) AS is_misplaced
    FROM promotions_budget_use
    GROUP BY operation_id, rule, budget, bucket
)
SELECT count(*) OVER () AS total,
       format('the receipt takes %%s%%s of budget %%s of rule %%s, which did %%s', coalesce(t.amount, 0),
              CASE WHEN t.is_reserved THEN ' (set aside)' END, budget, rule, coalesce(w.amount, 0)),
       json_build_object('program', coalesce(w.program_id::text, t.program_id), 'holder', w.holder_id, 'receipt', id)
FROM taken t
FULL JOIN (SELECT * FROM wanted WHERE amount > 0) w USING (id, rule, budget, bucket)
WHERE (bucket = '1970-01-01' OR bucket > (now() - interval '799 days')::date)
  AND CASE
      WHEN w.amount IS NULL THEN t.amount > 0
      WHEN t.is_misplaced THEN true
      WHEN w.is_empty THEN t.amount > 0
      WHEN w.status = 'held' THEN CASE
          WHEN coalesce(t.amount, 0) = 0 THEN w.hold_expires_at > now() AND t.amount IS NULL
          ELSE t.amount <> w.amount OR NOT t.is_reserved
      END
      WHEN t.is_reserved THEN true
      WHEN w.is_parted THEN t.amount > w.amount
      ELSE coalesce(t.amount, 0) <> w.amount
  END
   OR t.subject <> '' AND w.holder_id IS NOT NULL AND t.subject <> w.holder_id::text
      AND NOT EXISTS (
          SELECT FROM corrections_merge m
          WHERE w.holder_id IN (m.holder_id, m.into_id) AND t.subject IN (m.holder_id::text, m.into_id::text)
      )
ORDER BY id, rule, budget
LIMIT %(shown)s
