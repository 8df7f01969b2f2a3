-- name: company_contacts
-- Contacts of companies with the key to each, and of whom was merged into them: (whose they are now, whose they were).
-- Plan: function scan, the index of redirects by survivor, ranges of the primary key, primary key of the keys.
SELECT r.id::text, c.holder_id::text, c.id::text, c.role,
       coalesce((SELECT survivor_id FROM members_redirect WHERE holder_id = c.member_id), c.member_id)::text,
       c.sealed, k.wrapped, c.created_at, c.changed_at
FROM (SELECT value::uuid AS id FROM json_array_elements_text(%(ids)s) OFFSET 0) r
CROSS JOIN LATERAL (
    SELECT r.id AS holder_id
    UNION ALL
    SELECT d.holder_id FROM members_redirect d WHERE d.survivor_id = r.id
) w
JOIN members_company_contact c ON c.holder_id = w.holder_id AND c.program_id = %(program)s
JOIN members_key k ON k.holder_id = c.holder_id
ORDER BY r.id, c.created_at, c.id

-- name: keep_company_contacts
-- Plan: function scan, insert; a contact that is there is changed by its primary key.
INSERT INTO members_company_contact (holder_id, id, program_id, role, member_id, email_hash, phone_hash, sealed,
                                     created_at, changed_at)
SELECT holder_id, id, %(program)s, role, member_id, decode(email_hash, 'hex'), decode(phone_hash, 'hex'),
       decode(sealed, 'hex'), %(now)s, %(now)s
FROM json_to_recordset(%(rows)s) AS r (
    holder_id uuid, id uuid, role text, member_id uuid, email_hash text, phone_hash text, sealed text
)
ON CONFLICT (holder_id, id) DO UPDATE
SET role = excluded.role, member_id = excluded.member_id, email_hash = excluded.email_hash,
    phone_hash = excluded.phone_hash, sealed = excluded.sealed, changed_at = excluded.changed_at

-- name: remove_company_contacts
-- The one door through which contacts go with the evidence of what they agreed to; it sees the entered program alone.
-- Plan: primary key; a function: ranges of the primary keys.
SELECT privacy_remove_contacts(m.id, ARRAY(SELECT value::uuid FROM json_array_elements_text(%(ids)s)))
FROM members_member m WHERE m.id = %(holder)s AND m.program_id = %(program)s

-- name: companies_of_contacts
-- For whom somebody with an e-mail or phone speaks. Plan: function scan, nested loops on the partial indexes by hash.
SELECT DISTINCT coalesce((SELECT survivor_id FROM members_redirect WHERE holder_id = f.holder_id), f.holder_id)::text
FROM (
    SELECT kind, decode(value, 'hex') AS hash
    FROM json_to_recordset(%(rows)s) AS h (kind text, value text) OFFSET 0
) r
CROSS JOIN LATERAL (
    SELECT holder_id FROM members_company_contact
    WHERE r.kind = 'email' AND program_id = %(program)s AND email_hash = r.hash
    UNION ALL
    SELECT holder_id FROM members_company_contact
    WHERE r.kind = 'phone' AND program_id = %(program)s AND phone_hash = r.hash
) f
ORDER BY 1
LIMIT 20
