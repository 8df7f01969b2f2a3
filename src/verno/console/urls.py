"""Addresses of the console, all under ``/console/``. Whoever is not signed in sees the first two only."""

from django.urls import path

from verno.console.views import dashboard, entry, errors, members, messages

app_name = "console"

urlpatterns = [
    path("setup/<str:token>", entry.setup, name="setup"),
    path("sign-in/", entry.sign_in, name="sign-in"),
    path("sign-out/", entry.sign_out, name="sign-out"),
    path("language/", entry.language, name="language"),
    path("", dashboard.dashboard, name="dashboard"),
    path("figures/", dashboard.figures, name="figures"),
    path("members/", members.search, name="members"),
    path("members/<uuid:member_id>/", members.points, name="member"),
    path("members/<uuid:member_id>/history/", members.transfers, name="transfers"),
    path("members/<uuid:member_id>/receipts/", members.receipts, name="receipts"),
    path("members/<uuid:member_id>/messages/", messages.messages, name="messages"),
    path("members/<uuid:member_id>/messages/<uuid:message_id>/", messages.preview, name="preview"),
    path("<path:rest>", errors.not_found, name="nowhere"),
]
