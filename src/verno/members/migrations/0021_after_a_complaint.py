"""After a complaint only the member's own act is a yes: what staff or a file say later stays on record alone."""

from importlib import import_module

from django.db import migrations

BEFORE: str = import_module("verno.members.migrations.0019_whole_classes").SAID

OWN_ACT = """
CREATE OR REPLACE FUNCTION members_own_act(action text, method text, surface text) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
    -- Whether a record is of the member's own hand; the same list as OWN in members/consent/state.py. Inlined.
    SELECT action IN ('grant', 'confirm')
       AND method IN ('preference-page', 'web-form', 'cabinet', 'messenger', 'email-code', 'double-opt-in-link',
                      'sms-code')
       AND surface IS DISTINCT FROM 'import'
$$;
REVOKE ALL ON FUNCTION members_own_act(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION members_own_act(text, text, text) TO verno_app;
"""

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
    -- their own range. A complaint stands until the member's own act: what others said since is nothing.
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
                    WHEN w.complained IS NOT NULL AND (w.own IS NULL OR w.own <= w.complained) THEN -1
                    WHEN w.valid_until <= coalesce(members_said.at, statement_timestamp()) THEN 1
                    WHEN (CASE w.action WHEN 'import' THEN w.evidence_ref ELSE w.text_version END) IS NULL THEN 2
                    ELSE 3 END AS rank
                FROM (
                    SELECT c.*,
                           max(c.occurred_at) FILTER (WHERE c.action IN ('withdraw', 'expire')) OVER matter AS ended,
                           max(c.occurred_at) FILTER (
                               WHERE c.action = 'withdraw' AND 'complaint' IN (c.method, c.surface)
                           ) OVER matter AS complained,
                           max(c.occurred_at) FILTER (
                               WHERE members_own_act(c.action, c.method, c.surface)
                                 AND (members_said.at IS NULL OR c.occurred_at <= members_said.at)
                           ) OVER matter AS own
                    FROM (
                        SELECT o.holder_id, o.id, o.program_id, o.purpose, o.topic, o.channel, o.action, o.method,
                               o.text_version, o.evidence_ref, o.valid_until, o.occurred_at, o.surface
                        FROM members_consent o
                        WHERE o.holder_id = who AND o.topic NOT IN ('*marketing', '*program')
                        UNION ALL
                        SELECT o.holder_id, o.id, o.program_id, o.purpose, b.code, o.channel, o.action, o.method,
                               o.text_version, o.evidence_ref, o.valid_until, o.occurred_at, o.surface
                        FROM members_consent o
                        JOIN members_topic b ON b.program_id = o.program_id AND o.topic = '*' || b.class_name
                        WHERE o.holder_id = who AND o.topic IN ('*marketing', '*program')
                    ) c
                    WINDOW matter AS (PARTITION BY c.topic, c.channel, c.purpose)
                ) w
            ) r
            LEFT JOIN members_topic t ON t.program_id = r.program_id AND t.code = r.topic
            WHERE r.rank >= 0
            ORDER BY r.topic, r.channel, r.purpose, r.rank DESC, r.occurred_at DESC, r.action DESC, r.id DESC
        ) d
    ) f
$$;
"""


class Migration(migrations.Migration):
    """The function under its own grants, over another one: the previous release asks it as before."""

    dependencies = [("members", "0020_topics_by_age")]

    operations = [
        migrations.RunSQL(OWN_ACT, "DROP FUNCTION members_own_act(text, text, text)"),
        migrations.RunSQL(SAID, BEFORE),
    ]
