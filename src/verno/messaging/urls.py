"""Addresses that messages lead to, and that providers call; without a login by design."""

from django.urls import path

from verno.messaging import views
from verno.messaging.answers import doors
from verno.messaging.disputes import pages as disputes
from verno.messaging.preferences import pages, worker
from verno.messaging.tracking import doors as tracking

app_name = "messaging"
urlpatterns = [
    path("u/<str:token>", views.unsubscribe, name="unsubscribe"),
    path("p/<str:token>", pages.preferences, name="preferences"),
    path("c/<str:token>", pages.confirm, name="confirm"),
    path("push-worker.js", worker.script, name="push-worker"),
    path("hooks/telegram", doors.telegram, name="telegram"),
    path("l/<str:token>", tracking.follow, name="follow"),
    path("t/<str:token>", tracking.follow_text, name="follow-text"),
    path("o/<str:token>.gif", tracking.opened, name="opened"),
    path("d/<str:token>", disputes.not_me, name="not-me"),
    path("hooks/sms/<str:token>", doors.text_receipt, name="text-receipt"),
    path("hooks/sms-words/<str:secret>", doors.text_words, name="text-words"),
]
