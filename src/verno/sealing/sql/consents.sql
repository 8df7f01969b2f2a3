-- name: consent_tip
-- Where the chain of consents ends. Plan: primary key, backwards, one row.
SELECT number, total, last_txid, last_id::text, hash FROM sealing_consent_block
WHERE program_id = %(program)s ORDER BY number DESC LIMIT 1

-- name: consent_stretch
-- Consents after one position and through another, as ``stretch`` reads transfers. Two hashes a record, in the words of
-- docs/explanation/sealed-history.md: of what stays for ever, and of the evidence, which an erasure takes together with
-- the salt that keeps anybody from guessing it. Without a salt, evidence and member it was taken by right: zeros.
-- Plan: BRIN of txid (ranges written since the position), sort, limit; hashes are made after the limit, and whose salt is
-- gone is looked up by key.
WITH part AS MATERIALIZED (
    SELECT c.txid, c.id, sha256(convert_to(concat_ws('|',
        'verno-consent/1', c.txid, c.id, c.program_id, c.holder_id, to_json(c.purpose), to_json(c.topic),
        to_json(c.channel), to_json(c.action), to_json(c.method), coalesce(to_json(c.text_id)::text, '-'),
        coalesce(to_json(c.text_version)::text, '-'), coalesce(encode(c.text_sha256, 'hex'), '-'),
        coalesce(to_json(c.locale)::text, '-'), coalesce(to_json(c.surface)::text, '-'),
        coalesce(to_json(c.actor)::text, '-'), coalesce(to_json(c.country)::text, '-'),
        coalesce(trunc(extract(epoch FROM c.valid_until) * 1000000)::text, '-'),
        trunc(extract(epoch FROM c.occurred_at) * 1000000),
        trunc(extract(epoch FROM c.recorded_at) * 1000000)), 'UTF8')) AS kept,
        CASE WHEN c.salt IS NULL AND num_nonnulls(c.ip, c.agent, c.evidence_ref, c.address_hash, c.reason) = 0
            AND NOT EXISTS (SELECT FROM members_member m WHERE m.id = c.holder_id)
            AND NOT EXISTS (SELECT FROM members_company_contact k WHERE k.id = c.holder_id)
        THEN decode(repeat('00', 32), 'hex')
        ELSE sha256(convert_to(concat_ws('|',
            'verno-evidence/1', coalesce(c.salt::text, '-'), c.id, coalesce(to_json(c.ip)::text, '-'),
            coalesce(to_json(c.agent)::text, '-'), coalesce(to_json(c.evidence_ref)::text, '-'),
            coalesce(encode(c.address_hash, 'hex'), '-'), coalesce(to_json(c.reason)::text, '-')), 'UTF8'))
        END AS evidence
    FROM members_consent c
    WHERE c.program_id = %(program)s
      AND c.txid >= %(after_txid)s AND (c.txid, c.id) > (%(after_txid)s, %(after_id)s::uuid)
      AND c.txid <= %(through_txid)s AND (c.txid, c.id) <= (%(through_txid)s, %(through_id)s::uuid)
      AND c.txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    ORDER BY c.txid, c.id
    LIMIT %(limit)s
)
SELECT coalesce(string_agg(int8send(txid), '' ORDER BY txid, id, kept), ''),
       coalesce(string_agg(uuid_send(id), '' ORDER BY txid, id, kept), ''),
       coalesce(string_agg(kept, '' ORDER BY txid, id, kept), ''),
       coalesce(string_agg(evidence, '' ORDER BY txid, id, kept), '')
FROM part

-- name: add_consent_block
-- Plan: insert.
INSERT INTO sealing_consent_block (program_id, number, total, count, last_txid, last_id, ids, leaves, root, previous,
                                   hash, sealed_at, evidence)
VALUES (%(program)s, %(number)s, %(total)s, %(count)s, %(txid)s, %(id)s, %(ids)s, %(leaves)s, %(root)s, %(previous)s,
        %(hash)s, %(sealed_at)s, %(evidence)s)

-- name: consent_blocks
-- The chain of consents from its beginning. Plan: primary key.
SELECT number, total, count, last_txid, last_id::text, ids, leaves, root, previous, hash, sealed_at, evidence
FROM sealing_consent_block WHERE program_id = %(program)s ORDER BY number

-- name: consents_by_id
-- What is there now of consents that are not as they were sealed. Only after a bad find. Plan: one scan of consents.
SELECT id::text, holder_id::text, program_id::text, concat_ws(' ', action, 'of', purpose, nullif(topic, ''),
       nullif(channel, ''))
FROM members_consent WHERE id = ANY (%(ids)s::uuid[])

-- name: consents_ahead
-- Consents of transactions that this server has not had yet. Plan: BRIN of txid.
SELECT count(*) OVER (), id::text, holder_id::text, txid FROM members_consent
WHERE program_id = %(program)s AND txid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
ORDER BY txid, id LIMIT %(shown)s
