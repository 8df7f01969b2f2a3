"""Addresses of the mail reader; mounted at ``/mail/`` of a demo only."""

from django.urls import path

from verno.demo import views

app_name = "demo"

urlpatterns = [
    path("", views.mails, name="mails"),
    path("<str:name>/", views.mail, name="mail"),
    path("<str:name>/html", views.html, name="html"),
    path("<str:name>/source", views.source, name="source"),
]
