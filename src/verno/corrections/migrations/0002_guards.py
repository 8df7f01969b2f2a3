"""Guards that SQL alone can say: what the application may change, and what is decided for good."""

from django.db import migrations

from verno.kit import grants

DECIDED = """
CREATE FUNCTION corrections_decided_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'waiting' THEN
        RAISE EXCEPTION 'correction % has been decided and stays so', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER corrections_decided_once BEFORE UPDATE ON corrections_correction
    FOR EACH ROW EXECUTE FUNCTION corrections_decided_once();
CREATE FUNCTION corrections_undone_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.undone_at IS NOT NULL THEN
        RAISE EXCEPTION 'merge % has been undone and stays so', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER corrections_undone_once BEFORE UPDATE ON corrections_merge
    FOR EACH ROW EXECUTE FUNCTION corrections_undone_once();
"""


class Migration(migrations.Migration):
    """Grants and triggers of corrections."""

    dependencies = [("corrections", "0001_initial"), ("kit", "0002_guards")]

    operations = [
        migrations.RunSQL(
            DECIDED, "DROP FUNCTION corrections_decided_once() CASCADE; DROP FUNCTION corrections_undone_once() CASCADE"
        ),
        grants.may("corrections_correction", update=("status", "points", "decided_by", "decided_at", "answer")),
        grants.may("corrections_merge", update=("undone_at", "undone_by_kind", "undone_by_id", "undo_answer")),
        grants.may("corrections_merge_move"),
        grants.may("corrections_opening"),
        grants.may("corrections_own_account", delete=True),
    ]
