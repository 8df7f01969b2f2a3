"""The back room's own admin site: the staff's sign-in, a menu by package, no page that writes."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.urls import URLPattern, URLResolver
from unfold.sites import UnfoldAdminSite

from verno.backroom.plain import admin_of, twin
from verno.backroom.tables import ROOMS
from verno.workspace.models import Staff
from verno.workspace.roles import Permission, may

View = Callable[..., HttpResponseBase]

CLOSED = frozenset({"password_change", "password_change_done", "search", "view_on_site"})
"""Pages of the admin that are not kept here."""


class BackRoom(UnfoldAdminSite):  # type: ignore[misc]  # unfold publishes no types
    """Lists of plain records for those with ``backroom:read``."""

    index_template = "backroom/index.html"

    def __init__(self) -> None:
        """Register every table under its room."""
        super().__init__("backroom")
        self._rooms: list[tuple[object, list[str]]] = []
        for title, tables in ROOMS:
            names = []
            for table in tables:
                model = twin(table)
                self.register(model, admin_of(table))
                names.append(model._meta.model_name or "")  # noqa: SLF001 Django's public description of a model
            self._rooms.append((title, names))

    def has_permission(self, request: HttpRequest) -> bool:
        """Tell whether the signed-in person may enter."""
        return isinstance(request.user, Staff) and may(request.user, Permission.BACKROOM_READ)

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # noqa: FBT001, FBT002 Django's signature
        """Let nobody without permission reach a page, and say so at once."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if not self.has_permission(request):
                return self.login(request)
            answer: HttpResponseBase = inner(request, *args, **kwargs)
            return answer

        return guarded

    def login(self, request: HttpRequest, extra_context: object = None) -> HttpResponseBase:  # noqa: ARG002 Django's
        """Send a stranger to the staff's sign-in; who is signed in and still comes here may not enter."""
        if request.user.is_authenticated:
            return render(request, "403.html", {"way_on": True}, status=403)
        return redirect_to_login(request.GET.get("next", ""), resolve_url("console:sign-in"))

    def logout(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:  # noqa: ARG002 Django's
        """End the session, as the console does."""
        if request.method == "POST":
            logout(request)
        return redirect("console:sign-in")

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Return the admin's addresses without those of passwords and of searching everywhere."""
        return [url for url in super().get_urls() if getattr(url, "name", None) not in CLOSED]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the tables by the package they belong to."""
        known = {
            model["object_name"].lower(): model
            for app in super().get_app_list(request, app_label)
            for model in app["models"]
        }
        home = resolve_url("backroom:index")
        return [
            {
                "name": title,
                "app_label": "backroom",
                "app_url": home,
                "has_module_perms": True,
                "models": [known[name] for name in names if name in known],
            }
            for title, names in self._rooms
            if any(name in known for name in names)
        ]

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Return the same as the menu at the side."""
        return [
            {
                "title": room["name"],
                "collapsible": True,
                "items": [
                    {
                        "title": model["name"],
                        "link": model["admin_url"],
                        "active": request.path.startswith(model["admin_url"]),
                        "has_permission": True,
                    }
                    for model in room["models"]
                ],
            }
            for room in self.get_app_list(request)
        ]


site = BackRoom()
