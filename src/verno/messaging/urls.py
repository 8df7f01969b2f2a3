"""Addresses that messages lead to; without a login by design."""

from django.urls import path

from verno.messaging import views
from verno.messaging.preferences import pages

app_name = "messaging"
urlpatterns = [
    path("u/<str:token>", views.unsubscribe, name="unsubscribe"),
    path("p/<str:token>", pages.preferences, name="preferences"),
    path("c/<str:token>", pages.confirm, name="confirm"),
]
