"""Units that left the sliding model before the ledger was told."""

from django.db import migrations

LEFT = """
INSERT INTO ledger_pause (unit_id, from_at, program_id)
SELECT u.id, now(), u.program_id
FROM workspace_unit u
WHERE EXISTS (SELECT FROM ledger_account a WHERE a.unit_id = u.id AND a.lapses_at > now())
  AND NOT EXISTS (
      SELECT FROM workspace_setting s
      WHERE s.program_id = u.program_id AND s.scope = 'unit=' || u.code AND s.key = 'points.expiry'
        AND s.value ->> 'model' = 'sliding'
  )
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    """Their accounts do not lapse any more."""

    dependencies = [("workspace", "0005_row_security"), ("ledger", "0009_pauses")]

    operations = [migrations.RunSQL(LEFT, migrations.RunSQL.noop)]
