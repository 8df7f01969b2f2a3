"""The door forgets what has come since: devices, words, whereabouts, households, contacts, what readers did."""

from importlib import import_module

from django.db import migrations

FORGET = """
CREATE OR REPLACE FUNCTION privacy_forget(asked uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
-- What the application itself may not change: history. It opens for an erasure that is asked for and not done yet, of
-- the program that was entered, and for nothing else. Only what tells of a person goes; no amount, no date, no receipt.
DECLARE
    wanted privacy_erasure;
    who uuid[];
    hashes bytea[];
    speakers uuid[];
    one text;
    done jsonb := '{}';
    changed bigint;
BEGIN
    SELECT * INTO wanted FROM privacy_erasure
    WHERE id = asked AND state = 'requested'
      AND program_id = nullif(current_setting('verno.program', true), '')::uuid
    FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nobody has asked for this erasure, or it is done' USING ERRCODE = 'insufficient_privilege';
    END IF;
    who := wanted.holders;
    hashes := ARRAY(SELECT value_hash FROM members_identity WHERE holder_id = ANY (who)
                    UNION SELECT value_hash FROM members_moved_identity WHERE holder_id = ANY (who));

    -- Who speaks for the company that is erased, and where the person speaks for one: by link or by the same address.
    WITH gone AS (
        DELETE FROM members_company_contact
        WHERE holder_id = ANY (who)
           OR program_id = wanted.program_id
              AND (member_id = ANY (who) OR email_hash = ANY (hashes) OR phone_hash = ANY (hashes))
        RETURNING id
    )
    SELECT array_agg(id), count(*) INTO speakers, changed FROM gone;
    done := done || jsonb_build_object('members_company_contact', changed);

    -- What contacts of a company agreed to lies under the contacts' own ids.
    UPDATE members_consent SET ip = NULL, agent = NULL, evidence_ref = NULL, reason = NULL, address_hash = NULL
    WHERE holder_id = ANY (who || speakers);
    GET DIAGNOSTICS changed = ROW_COUNT;
    done := done || jsonb_build_object('members_consent', changed);

    UPDATE messaging_message
    SET context = '{}', response = NULL, reference = NULL, message_id = NULL, claimed_by = NULL, claimed_until = NULL,
        domain = NULL,
        reason = CASE WHEN state IN ('queued', 'claimed', 'deferred') THEN 'erased' ELSE reason END,
        state = CASE WHEN state IN ('queued', 'claimed', 'deferred') THEN 'withheld' ELSE state END
    WHERE holder_id = ANY (who);
    GET DIAGNOSTICS changed = ROW_COUNT;
    done := done || jsonb_build_object('messaging_message', changed);

    -- A dispute is looked into all the same: it is about a till and a cashier as well.
    UPDATE messaging_dispute SET words = NULL, answer = NULL WHERE holder_id = ANY (who);
    GET DIAGNOSTICS changed = ROW_COUNT;
    done := done || jsonb_build_object('messaging_dispute', changed);

    -- Of a broadcast the figures stay; whose turn has not come gets nothing any more. A list names the id instead.
    UPDATE messaging_recipient SET state = 'withheld', reason = 'erased'
    WHERE holder_id = ANY (who) AND state = 'waiting'
      AND broadcast_id IN (SELECT b.id FROM messaging_broadcast b WHERE b.program_id = wanted.program_id);
    FOREACH one IN ARRAY ARRAY['messaging_broadcast', 'messaging_broadcast_version'] LOOP
        EXECUTE format(
            'UPDATE %I b SET wanted = jsonb_set(wanted, ''{audience,external_ids}'', ('
            ' SELECT jsonb_agg(coalesce(to_jsonb(m.id::text), e.value) ORDER BY e.ordinality)'
            ' FROM jsonb_array_elements(b.wanted #> ''{audience,external_ids}'') WITH ORDINALITY e'
            ' LEFT JOIN members_member m ON m.id = ANY ($1) AND m.external_id = e.value #>> ''{}''))'
            ' WHERE b.program_id = $2 AND b.wanted #> ''{audience,external_ids}'' ?|'
            ' ARRAY(SELECT external_id FROM members_member WHERE id = ANY ($1))', one
        ) USING who, wanted.program_id;
    END LOOP;

    -- What a till knew of the member, and by which contact it looked for them before anybody was found.
    UPDATE intake_receipt r
    SET facts = facts #- '{member,birth_date}' #- '{member,attributes}' #- '{member,joined}',
        sought_kind = NULL, sought_hash = NULL
    WHERE (r.holder_id = ANY (who) OR r.id IN (SELECT o.id FROM intake_receipt o WHERE o.holder_id = ANY (who)))
      AND (r.facts ? 'member' OR r.sought_hash IS NOT NULL);
    GET DIAGNOSTICS changed = ROW_COUNT;
    done := done || jsonb_build_object('intake_receipt', changed);
    UPDATE intake_receipt SET sought_kind = NULL, sought_hash = NULL
    WHERE program_id = wanted.program_id AND status = 'unmatched' AND sought_hash = ANY (hashes);

    DELETE FROM members_duplicate WHERE one_id = ANY (who) OR other_id = ANY (who);
    GET DIAGNOSTICS changed = ROW_COUNT;
    done := done || jsonb_build_object('members_duplicate', changed);
    FOREACH one IN ARRAY ARRAY[
        'members_badge', 'members_wish', 'members_otp', 'members_location', 'members_housemate', 'members_device',
        'members_word', 'messaging_turn', 'messaging_click', 'messaging_opening', 'corrections_own_account',
        'members_moved_identity', 'members_identity', 'members_key'
    ] LOOP
        EXECUTE format('DELETE FROM %I WHERE holder_id = ANY ($1)', one) USING who;
        GET DIAGNOSTICS changed = ROW_COUNT;
        done := done || jsonb_build_object(one, changed);
    END LOOP;
    DELETE FROM members_member WHERE id = ANY (who) AND program_id = wanted.program_id;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN done || jsonb_build_object('members_member', changed);
END $$;
"""
BEFORE: str = import_module("verno.privacy.migrations.0002_guards").FORGET


class Migration(migrations.Migration):
    """The same door with the same keys; a release before this one calls it as it did."""

    dependencies = [
        ("privacy", "0002_guards"),
        ("members", "0017_channel_identities"),
        ("messaging", "0012_pace"),
        ("intake", "0008_forgetting"),
        ("corrections", "0004_parted"),
    ]

    operations = [
        migrations.RunSQL(FORGET, BEFORE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")),
    ]
