"""A contact of a company that is taken away leaves no evidence behind: no erasure would find it any more."""

from django.db import migrations

REMOVE = """
CREATE FUNCTION privacy_remove_contacts(company uuid, asked uuid[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
-- History may not be changed by the application itself. This door takes contacts of a company of the program that was
-- entered away, and of what these said the evidence: network, browser, reason, where the proof lies. Dates stay.
DECLARE
    gone uuid[];
BEGIN
    WITH taken AS (
        DELETE FROM members_company_contact
        WHERE holder_id = company AND id = ANY (asked)
          AND program_id = nullif(current_setting('verno.program', true), '')::uuid
        RETURNING id
    )
    SELECT coalesce(array_agg(id), '{}') INTO gone FROM taken;
    UPDATE members_consent SET ip = NULL, agent = NULL, evidence_ref = NULL, reason = NULL, address_hash = NULL
    WHERE holder_id = ANY (gone);
    RETURN cardinality(gone);
END $$;
REVOKE ALL ON FUNCTION privacy_remove_contacts(uuid, uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION privacy_remove_contacts(uuid, uuid[]) TO verno_app;
"""
EARLIER = """
UPDATE members_consent c SET ip = NULL, agent = NULL, evidence_ref = NULL, reason = NULL, address_hash = NULL
WHERE (c.ip IS NOT NULL OR c.agent IS NOT NULL OR c.evidence_ref IS NOT NULL OR c.reason IS NOT NULL
       OR c.address_hash IS NOT NULL)
  AND NOT EXISTS (SELECT FROM members_member m WHERE m.id = c.holder_id)
  AND NOT EXISTS (SELECT FROM members_company_contact k WHERE k.id = c.holder_id)
"""
"""Of contacts that were taken away before."""


class Migration(migrations.Migration):
    """One more door; a release before this one takes contacts away as it did."""

    dependencies = [("privacy", "0003_new_rooms")]

    operations = [
        migrations.RunSQL(REMOVE, "DROP FUNCTION privacy_remove_contacts(uuid, uuid[])"),
        migrations.RunSQL(EARLIER, migrations.RunSQL.noop),
    ]
