"""The addresses of a demo's server: those of any, and the mail reader's."""

from django.urls import include, path

from verno.wiring import urls

urlpatterns = [*urls.urlpatterns, path("mail/", include("verno.demo.urls"))]
