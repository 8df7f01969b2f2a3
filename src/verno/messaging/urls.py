"""Addresses that messages lead to, and that providers call; without a login by design."""

from django.urls import path

from verno.messaging import views
from verno.messaging.answers import doors
from verno.messaging.preferences import pages, worker

app_name = "messaging"
urlpatterns = [
    path("u/<str:token>", views.unsubscribe, name="unsubscribe"),
    path("p/<str:token>", pages.preferences, name="preferences"),
    path("c/<str:token>", pages.confirm, name="confirm"),
    path("push-worker.js", worker.script, name="push-worker"),
    path("hooks/telegram", doors.telegram, name="telegram"),
    path("hooks/sms/<str:token>", doors.text_receipt, name="text-receipt"),
    path("hooks/sms-words/<str:secret>", doors.text_words, name="text-words"),
]
