-- name: refused_by_policy
-- Letters that mail providers refused lately for what they think of us. Plan: range of the partial index of what went
-- ill by its moment, limit.
SELECT program_id::text, holder_id::text, domain, changed_at
FROM messaging_message
WHERE state IN ('bounced', 'complained', 'rejected') AND changed_at > %(since)s
  AND channel = 'email' AND reason IN ('refused', 'undelivered') AND response ~* %(policy)s AND response !~ %(dead)s
ORDER BY changed_at DESC
LIMIT %(limit)s

-- name: ends_of_providers
-- Until when a program's letters were, or are, held back from mail providers; NULL: until somebody lets them go.
-- Plan: primary key range.
SELECT substr(what, length('domain:') + 1), until FROM messaging_stop
WHERE program_id = %(program)s AND what LIKE 'domain:%%'
