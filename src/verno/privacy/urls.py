"""The address of a member's own data; without a login by design."""

from django.urls import path

from verno.privacy.handing import pages

app_name = "privacy"
urlpatterns = [path("x/<str:token>", pages.handout, name="handout")]
