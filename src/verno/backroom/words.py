"""Texts that Unfold shows and has no Russian for: named here, so that the catalog translates them."""

from django.utils.translation import gettext_noop

UNFOLD = (
    gettext_noop("Filters"),
    gettext_noop("Apply filters"),
    gettext_noop("Reset filters"),
    gettext_noop("Next"),
    gettext_noop("Previous"),
    gettext_noop("No results found"),
    gettext_noop("This page yielded into no results. Create a new item or reset your filters."),
    gettext_noop("Type to search"),
    gettext_noop("Light"),
    gettext_noop("Dark"),
    gettext_noop("System"),
)
