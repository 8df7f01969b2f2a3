"""Django's registration of the package."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BackroomConfig(AppConfig):
    """Lists of plain records. Its models are views on others' tables: nothing of it is migrated."""

    name = "verno.backroom"
    label = "backroom"
    verbose_name = _("Back room")
