-- name: count_attempt
-- Count an attempt before its password is looked at, so that parallel guesses cannot overtake the count.
-- No row comes back while the account has to wait: free tries first, then a wait that doubles up to a ceiling,
-- measured from the last counted attempt. A quiet window forgets all. Plan: primary key.
INSERT INTO console_sign_in_count AS c (account_hash, failures, last_at)
VALUES (%(account)s, 1, %(now)s)
ON CONFLICT (account_hash) DO UPDATE
SET failures = CASE WHEN c.last_at <= %(now)s - %(window)s::interval THEN 1 ELSE least(c.failures + 1, 1000) END,
    last_at = %(now)s
WHERE c.failures < %(free)s
   OR c.last_at <= %(now)s - %(window)s::interval
   OR c.last_at + least(%(first)s::interval * power(2, least(c.failures - %(free)s, 20)), %(most)s::interval) <= %(now)s
RETURNING failures

-- name: wait_until
-- When the next attempt is looked at. Plan: primary key.
SELECT last_at + least(%(first)s::interval * power(2, least(failures - %(free)s, 20)), %(most)s::interval)
FROM console_sign_in_count WHERE account_hash = %(account)s

-- name: forget_attempts
-- The account signed in. Plan: primary key.
DELETE FROM console_sign_in_count WHERE account_hash = %(account)s
