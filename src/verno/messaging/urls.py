"""Addresses that messages lead to; without a login by design."""

from django.urls import path

from verno.messaging import views

app_name = "messaging"
urlpatterns = [path("u/<str:token>", views.unsubscribe, name="unsubscribe")]
