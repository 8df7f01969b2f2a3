"""Guards that SQL alone can say: what the application may change, and what belongs together."""

from django.db import migrations

from verno.kit import grants


class Migration(migrations.Migration):
    """Grants of members."""

    dependencies = [("members", "0001_initial"), ("kit", "0002_guards")]

    operations = [
        migrations.RunSQL(
            """
            CREATE EXTENSION IF NOT EXISTS pg_trgm;
            CREATE INDEX members_name_words ON members_member USING gin (lower(name) gin_trgm_ops);
            CREATE FUNCTION members_search(program uuid, words text, most integer)
            RETURNS TABLE (id uuid, likeness real)
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
            AS $$
                -- One door for trigram search: under row security an index on personal words cannot be used.
                SELECT m.id, word_similarity(lower(words), lower(m.name))
                FROM members_member m
                WHERE m.program_id = program AND lower(words) <% lower(m.name)
                ORDER BY 2 DESC, m.name, m.id
                LIMIT most
            $$;
            REVOKE ALL ON FUNCTION members_search(uuid, text, integer) FROM PUBLIC;
            GRANT EXECUTE ON FUNCTION members_search(uuid, text, integer) TO verno_app;
            """,
            "DROP FUNCTION members_search(uuid, text, integer)",
        ),
        grants.may("members_member", update=("name", "birth_date", "locale", "attributes", "changed_at"), delete=True),
        grants.may("members_key", delete=True),
        grants.may("members_identity", delete=True),
        grants.may("members_attribute_type"),
        grants.may("members_consent"),
        grants.may("members_topic"),
    ]
