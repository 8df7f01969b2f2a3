"""Django's registration of the package."""

from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    """Tables of workspace."""

    name = "verno.workspace"
    label = "workspace"
