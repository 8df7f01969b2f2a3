"""All addresses of the server."""

import os

from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from verno.api.base import api
from verno.backroom.site import site as backroom
from verno.wiring import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("v1/", api.urls),
    path("console/", include("verno.console.urls")),
    path("backroom/", backroom.urls),
    path("", include("verno.messaging.urls")),
    path("", RedirectView.as_view(url="/console/")),
]

if os.environ.get("VERNO_DEMO") == "1":
    urlpatterns.append(path("mail/", include("verno.demo.urls")))
