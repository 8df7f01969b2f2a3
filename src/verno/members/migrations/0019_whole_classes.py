"""Who leaves everything leaves topics that are made later, too: a "no" to a whole class is one to each topic."""

from importlib import import_module

from django.db import migrations

BEFORE: str = import_module("verno.members.migrations.0009_consent_records").SAID

SAID = """
CREATE OR REPLACE FUNCTION members_said(who uuid, at timestamptz)
RETURNS TABLE (purpose text, topic text, channel text, state text, granted boolean, since timestamptz, method text,
               text_version text, class_name text)
LANGUAGE sql STABLE
AS $$
    -- Where a member stands on everything they were ever asked; the same reading as members/consent/state.py. Inlined
    -- into the statement that asks. Without ``at`` the future counts, and what ends does so by the database's clock.
    -- Who left a whole class ("*marketing") left each of its topics, those made later too: the word is read as one on
    -- each, and is nothing beside that. It is never a yes; that it is a "no" is not asked for, or a young house's
    -- planner would look for it among all the withdrawals there are. Nobody else pays more than a look in
    -- their own range.
    SELECT f.purpose, f.topic, f.channel, f.state,
           f.state = 'granted' OR (f.state IN ('unproven', 'unconfirmed') AND f.class_name <> 'marketing'),
           f.occurred_at, f.method, f.text_version, f.class_name
    FROM (
        SELECT d.*, CASE
            WHEN d.action = 'withdraw' THEN 'withdrawn'
            WHEN d.rank <= 1 THEN 'expired'
            WHEN d.rank = 2 THEN 'unproven'
            WHEN d.class_name = 'marketing' AND d.double_opt_in AND d.channel IN ('email', 'sms', 'voice')
                AND NOT EXISTS (
                    SELECT FROM members_identity i
                    WHERE i.holder_id = who AND i.kind = CASE d.channel WHEN 'email' THEN 'email' ELSE 'phone' END
                      AND i.verified_at IS NOT NULL
                ) AND NOT EXISTS (
                    SELECT FROM members_consent o
                    WHERE o.holder_id = who AND o.topic = d.topic AND o.channel = d.channel AND o.purpose = d.purpose
                      AND (d.ended IS NULL OR o.occurred_at > d.ended)
                      AND (members_said.at IS NULL OR o.occurred_at <= members_said.at)
                      AND (o.action = 'confirm'
                           OR (o.action = 'grant' AND o.method IN ('double-opt-in-link', 'sms-code')))
                      AND (o.address_hash IS NULL OR o.address_hash = (
                          SELECT i.value_hash FROM members_identity i
                          WHERE i.holder_id = who
                            AND i.kind = CASE d.channel WHEN 'email' THEN 'email' ELSE 'phone' END
                      ))
                ) THEN 'unconfirmed'
            ELSE 'granted' END AS state
        FROM (
            SELECT DISTINCT ON (r.topic, r.channel, r.purpose) r.*, coalesce(t.class_name, 'marketing') AS class_name,
                   coalesce(t.double_opt_in, true) AS double_opt_in
            FROM (
                SELECT w.*, CASE
                    WHEN w.action IN ('withdraw', 'expire') THEN 0
                    WHEN w.action = 'confirm' OR w.occurred_at <= w.ended OR w.occurred_at > members_said.at THEN -1
                    WHEN w.valid_until <= coalesce(members_said.at, statement_timestamp()) THEN 1
                    WHEN (CASE w.action WHEN 'import' THEN w.evidence_ref ELSE w.text_version END) IS NULL THEN 2
                    ELSE 3 END AS rank
                FROM (
                    SELECT c.*, max(c.occurred_at) FILTER (WHERE c.action IN ('withdraw', 'expire'))
                        OVER (PARTITION BY c.topic, c.channel, c.purpose) AS ended
                    FROM (
                        SELECT o.holder_id, o.id, o.program_id, o.purpose, o.topic, o.channel, o.action, o.method,
                               o.text_version, o.evidence_ref, o.valid_until, o.occurred_at
                        FROM members_consent o
                        WHERE o.holder_id = who AND o.topic NOT IN ('*marketing', '*program')
                        UNION ALL
                        SELECT o.holder_id, o.id, o.program_id, o.purpose, b.code, o.channel, o.action, o.method,
                               o.text_version, o.evidence_ref, o.valid_until, o.occurred_at
                        FROM members_consent o
                        JOIN members_topic b ON b.program_id = o.program_id AND o.topic = '*' || b.class_name
                        WHERE o.holder_id = who AND o.topic IN ('*marketing', '*program')
                    ) c
                ) w
            ) r
            LEFT JOIN members_topic t ON t.program_id = r.program_id AND t.code = r.topic
            WHERE r.rank >= 0
            ORDER BY r.topic, r.channel, r.purpose, r.rank DESC, r.occurred_at DESC, r.action DESC, r.id DESC
        ) d
    ) f
$$;
"""

LEFT_BEFORE = """
-- Who left all of a channel or everything before there were words for whole classes: by STOP, by a complaint, or with
-- profiling, which nothing else ends together with topics. A channel that was switched off on the preference page looks
-- like its switches one by one, and is left as it is. Plan: the partial index of withdrawals, hash, insert.
INSERT INTO members_consent (holder_id, id, program_id, purpose, topic, channel, action, method, occurred_at,
                             recorded_at)
SELECT holder_id, gen_random_uuid(), program_id, 'advertising', topic, channel, 'withdraw', min(method),
       max(occurred_at), now()
FROM (
    SELECT c.holder_id, c.program_id, t.topic, c.channel, c.method, c.occurred_at
    FROM members_consent c
    JOIN (VALUES ('stop-word', '*marketing'), ('stop-word', '*program'), ('complaint', '*marketing')) t (method, topic)
      ON t.method = c.method
    WHERE c.action = 'withdraw' AND c.purpose = 'advertising'
    UNION ALL
    SELECT p.holder_id, p.program_id, t.topic, h.channel, p.method, p.occurred_at
    FROM members_consent p
    CROSS JOIN unnest('{*marketing, *program}'::text[]) AS t (topic)
    CROSS JOIN unnest('{email, sms, push, voice, telegram, max, vk, whatsapp, viber}'::text[]) AS h (channel)
    WHERE p.action = 'withdraw' AND p.purpose = 'profiling' AND EXISTS (
        SELECT FROM members_consent w
        WHERE w.holder_id = p.holder_id AND w.action = 'withdraw' AND w.purpose = 'advertising'
          AND w.method = p.method AND w.recorded_at = p.recorded_at
    )
) found
GROUP BY holder_id, program_id, topic, channel
"""


class Migration(migrations.Migration):
    """The function under its own grants, and words of those who have left: the previous release reads neither."""

    dependencies = [("members", "0018_moved_verified")]

    operations = [migrations.RunSQL(SAID, BEFORE), migrations.RunSQL(LEFT_BEFORE, migrations.RunSQL.noop)]
