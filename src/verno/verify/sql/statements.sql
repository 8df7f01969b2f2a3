-- name: statement_balance
-- A statement's own figures add up. Plan: one scan of statements.
SELECT count(*) OVER () AS total,
       format('%%s: opening %%s + earlier periods %%s + earned %%s - spent %%s - expired %%s is not closing %%s',
              to_char(month, 'YYYY-MM'), opening, earlier, earned, spent, expired, closing),
       json_build_object('program', program_id, 'holder', holder_id, 'unit', unit_id, 'month', month)
FROM messaging_statement
WHERE closing <> opening + earlier + earned - spent - expired
ORDER BY holder_id, month
LIMIT %(shown)s

-- name: statement_opening
-- A statement opens with what the member was told last. A month that was stated after a later one was not told between.
-- Plan: one scan, sort by the primary key, window.
WITH told AS (
    SELECT *, lag(closing) OVER story AS closed, lag(month) OVER story AS month_before, lag(cut_at) OVER story AS told_at
    FROM messaging_statement
    WINDOW story AS (PARTITION BY holder_id, unit_id ORDER BY month)
)
SELECT count(*) OVER () AS total,
       format('%%s opens with %%s, %%s closed with %%s', to_char(month, 'YYYY-MM'), opening,
              to_char(month_before, 'YYYY-MM'), closed),
       json_build_object('program', program_id, 'holder', holder_id, 'unit', unit_id, 'month', month)
FROM told
WHERE told_at <= cut_at AND opening <> closed
ORDER BY holder_id, month
LIMIT %(shown)s
