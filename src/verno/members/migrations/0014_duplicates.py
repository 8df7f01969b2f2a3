"""Likely duplicates, and names as they sound: what search and the finder of duplicates compare."""

from django.db import migrations, models

from verno.kit import grants

SOUNDS = {
    "ж": "zh",
    "ч": "ch",
    "ш": "sh",
    "щ": "sh",
    "ю": "iu",
    "я": "ia",
    "ß": "ss",
    "æ": "ae",
    **dict(zip("абвгдеёзийклмнопрстуфхцыэіїєґў", "abvgdeeziiklmnoprstufhcieiiegu", strict=True)),
    **dict.fromkeys("àáâãäåāăą", "a"),
    **dict.fromkeys("çćč", "c"),
    **dict.fromkeys("ďđ", "d"),
    **dict.fromkeys("èéêëēęěė", "e"),
    **dict.fromkeys("ģğ", "g"),
    **dict.fromkeys("íîïīįı", "i"),
    **dict.fromkeys("łļľ", "l"),
    **dict.fromkeys("ñńņň", "n"),
    **dict.fromkeys("òóôõöøōő", "o"),
    **dict.fromkeys("řŕ", "r"),
    **dict.fromkeys("śšșş", "s"),
    **dict.fromkeys("ťțţ", "t"),
    **dict.fromkeys("ùúûüūůűų", "u"),
    **dict.fromkeys("ýÿ", "i"),
    **dict.fromkeys("žźż", "z"),
}
SILENT = "ъь’`"
ALIKE = ("shch", "sh"), ("sch", "sh"), ("kh", "h"), ("ph", "f"), ("ts", "c"), ("tz", "c"), ("ck", "k"), ("ks", "x")
LATIN = ("yjwq", "iivk")


def _folded(words: str) -> str:
    """Return the SQL that folds an expression."""
    out = f"lower({words})"
    for sign, sound in SOUNDS.items():
        if len(sound) > 1:
            out = f"replace({out}, '{sign}', '{sound}')"
    single = {sign: sound for sign, sound in SOUNDS.items() if len(sound) == 1}
    out = f"translate({out}, '{''.join(single)}{SILENT}', '{''.join(single.values())}')"
    for written, sound in ALIKE:
        out = f"replace({out}, '{written}', '{sound}')"
    out = f"translate({out}, '{LATIN[0]}', '{LATIN[1]}')"
    return rf"btrim(regexp_replace(regexp_replace({out}, '[^a-z0-9]+', ' ', 'g'), '([a-z])\1+', '\1', 'g'))"


FOLD = f"""
CREATE OR REPLACE FUNCTION members_fold(words text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    -- A name roughly as it sounds, in Latin letters, whichever alphabet it came in: Юлия, Yulia and Julia are one word,
    -- and so are Фёдор and Федор. Meant for comparing, never for showing.
    SELECT {_folded("words")}
$$;
CREATE OR REPLACE FUNCTION members_keep_folded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Here and not in the application: no writer of names, an earlier release or an erasure, leaves a name behind.
    NEW.folded := members_fold(NEW.name);
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER members_keep_folded BEFORE INSERT OR UPDATE OF name ON members_member
    FOR EACH ROW EXECUTE FUNCTION members_keep_folded();
"""

BACKFILL = """
DO $$
DECLARE
    reached uuid := '00000000-0000-0000-0000-000000000000';
    upto uuid;
BEGIN
    LOOP
        upto := (
            SELECT id FROM (SELECT id FROM members_member WHERE id > reached ORDER BY id LIMIT 5000) s
            ORDER BY id DESC LIMIT 1
        );
        EXIT WHEN upto IS NULL;
        UPDATE members_member SET folded = members_fold(name)
        WHERE id > reached AND id <= upto AND name IS NOT NULL AND folded IS NULL;
        reached := upto;
        COMMIT;
    END LOOP;
END $$
"""

SEARCH = """
CREATE OR REPLACE FUNCTION members_search(program uuid, words text, most integer)
RETURNS TABLE (id uuid, likeness real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
SET pg_trgm.word_similarity_threshold = 0.6
AS $$
DECLARE
    -- One door for trigram search: under row security an index on personal words cannot be used. Every word is looked
    -- for by itself, so that their order does not matter, as it sounds and with slips of the pen: strictly first, and
    -- where that finds nobody less so. Who was merged is found as the survivor, once. Of a word that thousands bear the
    -- first two thousand are ranked: the reader has to type more anyway.
    parts text[] := (
        SELECT array_agg(w ORDER BY length(w) DESC)
        FROM (SELECT DISTINCT w FROM regexp_split_to_table(members_fold(words), ' ') w WHERE w <> '' LIMIT 5) s
    );
    same text := '';
    alike text := '';
    part text;
BEGIN
    IF parts IS NULL THEN
        RETURN;
    END IF;
    FOREACH part IN ARRAY parts LOOP
        same := same || format(' AND %L <%% m.folded', part);
        alike := alike || format(' + word_similarity(%L, m.folded)', part);
    END LOOP;
    FOR attempt IN 1..2 LOOP
        RETURN QUERY EXECUTE format(
            'SELECT coalesce(d.survivor_id, m.id), max((0%s) / %s)::real'
            ' FROM (SELECT m.id, m.name, m.folded FROM members_member m WHERE m.program_id = $1%s LIMIT 2000) m'
            ' LEFT JOIN members_redirect d ON d.holder_id = m.id'
            ' GROUP BY 1'
            ' ORDER BY 2 DESC, max(word_similarity(lower($3), lower(m.name))) DESC, min(length(m.folded)), min(m.name),'
            ' 1'
            ' LIMIT $2',
            alike, array_length(parts, 1), same
        ) USING program, most, words;
        EXIT WHEN FOUND;
        PERFORM set_config('pg_trgm.word_similarity_threshold', '0.4', true);
    END LOOP;
END $$;
"""

INDEXES = (
    ("members_name_folded", "ON members_member USING gin (folded gin_trgm_ops)"),
    ("members_by_birth", "ON members_member (program_id, birth_date) WHERE birth_date IS NOT NULL"),
    ("members_by_change", "ON members_member (program_id, changed_at, id)"),
    ("members_companies", "ON members_member (program_id, id) WHERE kind = 'company'"),
    ("members_identity_fold", "ON members_identity (program_id, kind, fold_hash) WHERE fold_hash IS NOT NULL"),
)


def _index(name: str, what: str) -> list[migrations.RunSQL]:
    return [
        migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop),
        migrations.RunSQL(
            f"CREATE INDEX CONCURRENTLY {name} {what}",
            f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
        ),
    ]


class Migration(migrations.Migration):
    """Columns without a value, filled beside the running house, which goes on searching by the same function."""

    atomic = False
    dependencies = [("members", "0013_districts")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE members_member ADD COLUMN IF NOT EXISTS folded text;"
            "ALTER TABLE members_identity ADD COLUMN IF NOT EXISTS fold_hash bytea",
            "ALTER TABLE members_member DROP COLUMN folded; ALTER TABLE members_identity DROP COLUMN fold_hash",
            state_operations=[
                migrations.AddField("Member", "folded", models.TextField(null=True)),
                migrations.AddField("Identity", "fold_hash", models.BinaryField(null=True)),
            ],
        ),
        migrations.RunSQL(
            FOLD,
            "DROP TRIGGER members_keep_folded ON members_member; DROP FUNCTION members_keep_folded();"
            "DROP FUNCTION members_fold(text)",
        ),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
        *[operation for name, what in INDEXES for operation in _index(name, what)],
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddIndex(
                    "Member",
                    models.Index(
                        condition=models.Q(("birth_date__isnull", False)),
                        fields=["program_id", "birth_date"],
                        name="members_by_birth",
                    ),
                ),
                migrations.AddIndex(
                    "Member", models.Index(fields=["program_id", "changed_at", "id"], name="members_by_change")
                ),
                migrations.AddIndex(
                    "Member",
                    models.Index(
                        condition=models.Q(("kind", "company")), fields=["program_id", "id"], name="members_companies"
                    ),
                ),
                migrations.AddIndex(
                    "Identity",
                    models.Index(
                        condition=models.Q(("fold_hash__isnull", False)),
                        fields=["program_id", "kind", "fold_hash"],
                        name="members_identity_fold",
                    ),
                ),
            ]
        ),
        migrations.RunSQL(SEARCH, migrations.RunSQL.noop),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS members_name_words", migrations.RunSQL.noop),
        migrations.RunSQL(
            "GRANT UPDATE (fold_hash) ON members_identity TO verno_app",
            "REVOKE UPDATE (fold_hash) ON members_identity FROM verno_app",
        ),
        migrations.CreateModel(
            name="Duplicate",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "one_id", "other_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("one_id", models.UUIDField()),
                ("other_id", models.UUIDField()),
                ("program_id", models.UUIDField()),
                ("score", models.SmallIntegerField()),
                ("reasons", models.JSONField()),
                ("found_at", models.DateTimeField()),
                ("dismissed_at", models.DateTimeField(null=True)),
                ("dismissed_by", models.TextField(null=True)),
            ],
            options={
                "db_table": "members_duplicate",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("one_id__lt", models.F("other_id"))), name="members_duplicate_once"
                    )
                ],
                "indexes": [
                    models.Index(fields=["other_id"], name="members_duplicate_other"),
                    models.Index(
                        models.F("program_id"),
                        models.OrderBy(models.F("score"), descending=True),
                        models.F("one_id"),
                        condition=models.Q(("dismissed_at__isnull", True)),
                        name="members_duplicate_open",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Compared",
            fields=[
                ("program_id", models.UUIDField(primary_key=True, serialize=False)),
                ("changed_at", models.DateTimeField()),
                ("id", models.UUIDField()),
            ],
            options={"db_table": "members_compared"},
        ),
        grants.may("members_duplicate", update=("score", "reasons", "dismissed_at", "dismissed_by"), delete=True),
        grants.guard("members_duplicate"),
        grants.may("members_compared", update=("changed_at", "id")),
        grants.guard("members_compared"),
    ]
