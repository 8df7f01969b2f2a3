"""The tables that models declare are those that the migrations make."""

import pytest
from django.core.management import call_command


@pytest.mark.usefixtures("database")
def test_nothing_is_declared_that_no_migration_makes() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=1)
