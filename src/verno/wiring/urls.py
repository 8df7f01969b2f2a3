"""All addresses of the server."""

import os

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from verno.api.base import api
from verno.backroom.site import site as backroom
from verno.webhooks.receiving.types import Handlers
from verno.webhooks.receiving.views import door
from verno.wiring import health

RECEIVERS: Handlers = {}
"""Type of event that comes to ``/hooks/`` -> who handles it. What nobody handles is stored."""

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("v1/", api.urls),
    path("hooks/<uuid:source_id>", door(RECEIVERS)),
    path("console/", include("verno.console.urls")),
    path("backroom/", backroom.urls),
    path("", include("verno.messaging.urls")),
    path("", include("verno.privacy.urls")),
    path("", RedirectView.as_view(url="/console/")),
]

if os.environ.get("VERNO_DEMO") == "1":
    urlpatterns.append(path("mail/", include("verno.demo.urls")))
