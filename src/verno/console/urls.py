"""Addresses of the console, all under ``/console/``. Who may open which is said in ``rooms``."""

from django.urls import path

from verno.console.broadcasts import pages as broadcasts
from verno.console.consents import heard, leaving
from verno.console.consents import member as consents
from verno.console.consents import pages as topics
from verno.console.knowing import attributes, districts
from verno.console.letters import brand, seeing, whole, writing
from verno.console.letters import listing as letters
from verno.console.people import contacts, duplicates, households, merging
from verno.console.privacy import importing, suppressing
from verno.console.privacy import pages as privacy
from verno.console.promotions import books, building, drafts, galleries
from verno.console.replay import by_hand
from verno.console.replay import pages as replays
from verno.console.telling import disputes, messages, sending
from verno.console.tracks import member as progress
from verno.console.tracks import pages as tracks
from verno.console.views import (
    audit,
    corrections,
    dashboard,
    entry,
    errors,
    liability,
    limits,
    members,
    places,
    settings,
    staff,
)
from verno.console.webhooks import pages as webhooks
from verno.console.webhooks import sources

app_name = "console"

urlpatterns = [
    path("setup/<str:token>", entry.setup, name="setup"),
    path("welcome/<str:token>", entry.welcome, name="welcome"),
    path("sign-in/", entry.sign_in, name="sign-in"),
    path("sign-out/", entry.sign_out, name="sign-out"),
    path("language/", entry.language, name="language"),
    path("", dashboard.dashboard, name="dashboard"),
    path("figures/", dashboard.figures, name="figures"),
    path("members/", members.search, name="members"),
    path("members/<uuid:member_id>/", members.points, name="member"),
    path("members/<uuid:member_id>/history/", members.transfers, name="transfers"),
    path("members/<uuid:member_id>/history/<uuid:transfer_id>/", members.explanation, name="explanation"),
    path("members/<uuid:member_id>/receipts/", members.receipts, name="receipts"),
    path("members/<uuid:member_id>/messages/", messages.messages, name="messages"),
    path("members/<uuid:member_id>/messages/<uuid:message_id>/", messages.preview, name="preview"),
    path("members/<uuid:member_id>/progress/", progress.progress, name="progress"),
    path("members/<uuid:member_id>/corrections/", corrections.corrections, name="corrections"),
    path("members/<uuid:member_id>/consents/", consents.consents, name="consents"),
    path("members/<uuid:member_id>/contacts/", contacts.contacts, name="contacts"),
    path("members/<uuid:member_id>/merge/<uuid:other_id>/", merging.merge, name="merge"),
    path("members/<uuid:member_id>/merges/<uuid:merge_id>/", merging.unmerge, name="unmerge"),
    path("members/<uuid:member_id>/household/", households.household, name="household"),
    path("members/duplicates/", duplicates.duplicates, name="duplicates"),
    path("members/<uuid:member_id>/privacy/", privacy.privacy, name="privacy"),
    path("members/import/", importing.listed, name="member-imports"),
    path("members/import/suppressions/", suppressing.suppressions, name="suppressions"),
    path("members/import/<uuid:upload_id>/", importing.upload, name="member-import"),
    path("members/import/<uuid:upload_id>/progress/", importing.progress, name="member-import-progress"),
    path("members/import/<uuid:upload_id>/<slug:part>.csv", importing.beside, name="member-import-file"),
    path("members/erasures/", privacy.erasures, name="erasures"),
    path("members/erasures/<uuid:erasure_id>/", privacy.answers, name="erasure-answers"),
    path("members/erasures/<uuid:erasure_id>/certificate.json", privacy.certificate, name="erasure-certificate"),
    path("members/consents/", topics.listed, name="topics"),
    path("members/consents/topics/<slug:code>/", topics.topic, name="topic"),
    path("members/consents/texts/", topics.published, name="consent-texts"),
    path("members/consents/heard/", heard.heard, name="heard"),
    path("members/consents/leaving/", leaving.leaving, name="leaving"),
    path("members/attributes/", attributes.listed, name="attributes"),
    path("members/attributes/<str:name>/", attributes.attribute, name="attribute"),
    path("members/packs/", attributes.offered, name="packs"),
    path("members/districts/", districts.listed, name="districts"),
    path("members/districts/<slug:code>/", districts.district, name="district"),
    path("approvals/", corrections.approvals, name="approvals"),
    path("promotions/", books.promotions, name="promotions"),
    path("promotions/versions/<int:number>/", books.version, name="version"),
    path("promotions/drafts/", drafts.listed, name="drafts"),
    path("promotions/drafts/<int:number>/", drafts.draft, name="draft"),
    path("promotions/drafts/<int:number>/together/", building.together, name="together"),
    path("promotions/drafts/<int:number>/check/", building.check, name="check-rule"),
    path("promotions/drafts/<int:number>/rules/new/", building.rule, name="new-rule"),
    path("promotions/drafts/<int:number>/rules/<int:position>/", building.rule, name="rule"),
    path("promotions/gallery/", galleries.mechanics, name="gallery"),
    path("promotions/replay/", replays.lab, name="replay"),
    path("promotions/replay/receipt/", by_hand.receipt, name="try-receipt"),
    path("promotions/replay/<uuid:run_id>/", replays.run, name="replay-run"),
    path("promotions/replay/<uuid:run_id>/progress/", replays.progress, name="replay-progress"),
    path("promotions/replay/<uuid:run_id>/losers.csv", replays.losers, name="replay-losers"),
    path("promotions/tracks/", tracks.listed, name="tracks"),
    path("promotions/tracks/new/<slug:kind>/", tracks.new, name="new-track"),
    path("promotions/tracks/<slug:code>/", tracks.track, name="track"),
    path("promotions/tracks/<slug:code>/edit/", tracks.edit, name="edit-track"),
    path("liability/", liability.liability, name="liability"),
    path("staff/", staff.staff, name="staff"),
    path("staff/<uuid:staff_id>/", staff.person, name="person"),
    path("audit/", audit.entries, name="audit"),
    path("messages/", sending.sending, name="sending"),
    path("members/disputes/", disputes.listed, name="disputes"),
    path("members/disputes/<uuid:dispute_id>/", disputes.dispute, name="dispute"),
    path("messages/broadcasts/", broadcasts.listed, name="broadcasts"),
    path("messages/broadcasts/new/", broadcasts.new, name="new-broadcast"),
    path("messages/broadcasts/<uuid:broadcast_id>/", broadcasts.broadcast, name="broadcast"),
    path("messages/broadcasts/<uuid:broadcast_id>/edit/", broadcasts.edit, name="edit-broadcast"),
    path("messages/broadcasts/<uuid:broadcast_id>/outlook/", broadcasts.outlook, name="broadcast-outlook"),
    path("messages/brand/", brand.brand, name="brand"),
    path("messages/brand/example/", brand.example, name="brand-example"),
    path("messages/templates/", letters.listed, name="templates"),
    path("messages/templates/new/", letters.new, name="new-template"),
    path("messages/templates/layouts/<slug:code>/", letters.layout, name="layout"),
    path("messages/templates/<slug:code>/", whole.template, name="template"),
    path("messages/templates/<slug:code>/settings/", whole.settings, name="template-settings"),
    path("messages/templates/<slug:code>/preview/", seeing.seen, name="template-preview"),
    path("messages/templates/<slug:code>/preview/<slug:language>/", seeing.frame, name="template-frame"),
    path("messages/templates/<slug:code>/versions/<int:number>/", whole.version, name="template-version"),
    path("messages/templates/<slug:code>/<slug:channel>/<slug:language>/", writing.write, name="write-template"),
    path("limits/", limits.limits, name="limits"),
    path("settings/", settings.settings_page, name="settings"),
    path("settings/places/", places.places, name="places"),
    path("settings/webhooks/", webhooks.listed, name="webhooks"),
    path("settings/webhooks/sources/", sources.sources, name="sources"),
    path("settings/webhooks/<uuid:endpoint_id>/", webhooks.endpoint, name="webhook"),
    path("<path:rest>", errors.not_found, name="nowhere"),
]
