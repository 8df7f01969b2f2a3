-- name: drafts
-- A page of drafts, newest first. Plan: the index of numbers, backwards.
SELECT number, title, state, revision, based_on, author, editors, created_at, changed_at, submitted_by, submitted_at,
       reviewer, reviewed_at, comment, publish_at, version, result, above_budget, approved_above_budget
FROM promotions_draft
WHERE program_id = %(program)s AND (%(before)s::integer IS NULL OR number < %(before)s)
ORDER BY number DESC
LIMIT %(limit)s

-- name: draft
-- Plan: the index of numbers.
SELECT number, title, state, revision, based_on, author, editors, created_at, changed_at, submitted_by, submitted_at,
       reviewer, reviewed_at, comment, publish_at, version, result, above_budget, approved_above_budget, body
FROM promotions_draft
WHERE program_id = %(program)s AND number = %(number)s

-- name: draft_row
-- One without its body. Plan: the index of numbers.
SELECT number, title, state, revision, based_on, author, editors, created_at, changed_at, submitted_by, submitted_at,
       reviewer, reviewed_at, comment, publish_at, version, result, above_budget, approved_above_budget
FROM promotions_draft
WHERE program_id = %(program)s AND number = %(number)s

-- name: lock_draft
-- One hand at a time. Plan: the index of numbers.
SELECT number, title, state, revision, based_on, author, editors, created_at, changed_at, submitted_by, submitted_at,
       reviewer, reviewed_at, comment, publish_at, version, result, above_budget, approved_above_budget, body
FROM promotions_draft
WHERE program_id = %(program)s AND number = %(number)s
FOR UPDATE

-- name: add_draft
-- Plan: insert; the index of numbers refuses two at once, and the second is tried again.
INSERT INTO promotions_draft (id, program_id, number, title, body, based_on, author, editors, revision, state,
                              created_at, changed_at)
SELECT %(id)s, %(program)s, coalesce(max(number), 0) + 1, %(title)s, %(body)s, %(based_on)s, %(author)s, %(editors)s,
       1, 'draft', %(now)s, %(now)s
FROM promotions_draft WHERE program_id = %(program)s
RETURNING number

-- name: change_draft
-- A new body is a new revision, of which nothing has been said yet; what a replay said of an earlier one stays, and so
-- does that it was above the budget. Plan: the index of numbers.
UPDATE promotions_draft
SET title = %(title)s, body = %(body)s, based_on = %(based_on)s, editors = %(editors)s, revision = revision + 1,
    state = 'draft', changed_at = %(now)s, submitted_by = NULL, submitted_at = NULL, reviewer = NULL,
    reviewed_at = NULL, comment = NULL, publish_at = NULL, version = NULL, approved_above_budget = false
WHERE program_id = %(program)s AND number = %(number)s

-- name: submit_draft
-- Plan: the index of numbers.
UPDATE promotions_draft SET state = 'submitted', submitted_by = %(by)s, submitted_at = %(now)s
WHERE program_id = %(program)s AND number = %(number)s

-- name: review_draft
-- Plan: the index of numbers.
UPDATE promotions_draft
SET state = %(state)s, reviewer = %(by)s, reviewed_at = %(now)s, comment = %(comment)s,
    approved_above_budget = %(above_budget)s
WHERE program_id = %(program)s AND number = %(number)s

-- name: publish_draft
-- Plan: the index of numbers.
UPDATE promotions_draft SET state = 'published', publish_at = %(at)s, version = %(version)s
WHERE program_id = %(program)s AND number = %(number)s

-- name: withdraw_draft
-- The draft of a version that was taken back may be changed again. Plan: small table.
UPDATE promotions_draft SET state = 'withdrawn'
WHERE program_id = %(program)s AND version = %(version)s AND state = 'published'

-- name: keep_result
-- What a replay made of a revision. Who approved it before it was known to be above the budget is asked again.
-- Plan: the index of numbers.
UPDATE promotions_draft
SET result = %(result)s, above_budget = %(above_budget)s,
    approved_above_budget = approved_above_budget AND %(above_budget)s,
    state = CASE WHEN state = 'approved' AND %(above_budget)s AND NOT approved_above_budget THEN 'submitted'
                 ELSE state END
WHERE program_id = %(program)s AND number = %(number)s AND revision = %(revision)s
  AND state IN ('draft', 'submitted', 'rejected', 'approved')
RETURNING number
