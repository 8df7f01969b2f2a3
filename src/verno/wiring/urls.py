"""All addresses of the server."""

from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView

from verno.api.base import api
from verno.wiring import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("v1/", api.urls),
    path("", RedirectView.as_view(url="/console/")),
]
