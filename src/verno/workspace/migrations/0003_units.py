"""Several kinds of points in a program: a whole point has up to two decimals."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Only adds; what is set for a unit lies in workspace_setting, and life_days stays for the previous release."""

    dependencies = [("workspace", "0002_guards")]

    operations = [
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(("scale__gte", 0), ("scale__lte", 2)), name="workspace_unit_scale"
            ),
        ),
    ]
