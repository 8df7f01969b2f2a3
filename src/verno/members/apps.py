"""Django's registration of the package."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    """Tables of members."""

    name = "verno.members"
    label = "members"
