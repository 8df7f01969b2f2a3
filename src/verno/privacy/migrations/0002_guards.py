"""Guards: whose requests are seen, and the one door through which history is emptied of a person."""

from django.db import migrations

from verno.kit import grants

FORGET = """
CREATE FUNCTION privacy_forget(asked uuid) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
-- What the application itself may not change: history. It opens for an erasure that is asked for and not done yet, of
-- the program that was entered, and for nothing else. Only what tells of a person goes; no amount, no date, no receipt.
DECLARE
    wanted privacy_erasure;
    who uuid[];
    hashes bytea[];
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

    UPDATE members_consent SET ip = NULL, agent = NULL, evidence_ref = NULL, reason = NULL, address_hash = NULL
    WHERE holder_id = ANY (who);
    GET DIAGNOSTICS changed = ROW_COUNT;
    done := done || jsonb_build_object('members_consent', changed);

    UPDATE messaging_message
    SET context = '{}', response = NULL, reference = NULL, message_id = NULL, claimed_by = NULL, claimed_until = NULL,
        reason = CASE WHEN state IN ('queued', 'claimed', 'deferred') THEN 'erased' ELSE reason END,
        state = CASE WHEN state IN ('queued', 'claimed', 'deferred') THEN 'withheld' ELSE state END
    WHERE holder_id = ANY (who);
    GET DIAGNOSTICS changed = ROW_COUNT;
    done := done || jsonb_build_object('messaging_message', changed);

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

    DELETE FROM members_badge WHERE holder_id = ANY (who);
    GET DIAGNOSTICS changed = ROW_COUNT;
    done := done || jsonb_build_object('members_badge', changed);
    DELETE FROM members_wish WHERE holder_id = ANY (who);
    GET DIAGNOSTICS changed = ROW_COUNT;
    done := done || jsonb_build_object('members_wish', changed);
    DELETE FROM members_otp WHERE holder_id = ANY (who);
    GET DIAGNOSTICS changed = ROW_COUNT;
    done := done || jsonb_build_object('members_otp', changed);
    DELETE FROM messaging_turn WHERE holder_id = ANY (who);
    GET DIAGNOSTICS changed = ROW_COUNT;
    done := done || jsonb_build_object('messaging_turn', changed);
    DELETE FROM corrections_own_account WHERE holder_id = ANY (who);
    GET DIAGNOSTICS changed = ROW_COUNT;
    done := done || jsonb_build_object('corrections_own_account', changed);
    DELETE FROM members_moved_identity WHERE holder_id = ANY (who);
    GET DIAGNOSTICS changed = ROW_COUNT;
    done := done || jsonb_build_object('members_moved_identity', changed);
    DELETE FROM members_identity WHERE holder_id = ANY (who);
    GET DIAGNOSTICS changed = ROW_COUNT;
    done := done || jsonb_build_object('members_identity', changed);
    DELETE FROM members_key WHERE holder_id = ANY (who);
    GET DIAGNOSTICS changed = ROW_COUNT;
    done := done || jsonb_build_object('members_key', changed);
    DELETE FROM members_member WHERE id = ANY (who) AND program_id = wanted.program_id;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN done || jsonb_build_object('members_member', changed);
END $$;
REVOKE ALL ON FUNCTION privacy_forget(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION privacy_forget(uuid) TO verno_app;
"""


class Migration(migrations.Migration):
    """Grants, row security and the door."""

    dependencies = [
        ("privacy", "0001_initial"),
        ("members", "0011_departures"),
        ("messaging", "0006_early_receipts"),
        ("intake", "0008_forgetting"),
        ("corrections", "0004_parted"),
    ]

    operations = [
        grants.may("privacy_erasure", update=("state", "holders", "done_at", "done_by", "certificate")),
        grants.guard("privacy_erasure"),
        migrations.RunSQL(FORGET, "DROP FUNCTION privacy_forget(uuid)"),
    ]
