"""A table as the back room lists it: some of its columns, read only, newest or nearest first, one program's rows.

Each list has a model of its own over the table, made from the real one's fields. The admin cannot list a table whose
primary key has several columns, and what is not named here (secrets, hashes, contacts) is not even read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import display_for_field, unquote
from django.core.exceptions import PermissionDenied
from django.db import connections, models
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator

from verno.kit.db import PROGRAM_SETTING
from verno.workspace.models import Program, Staff
from verno.workspace.roles import Permission, may

DATABASE = "backroom"
"""The connection that row security holds on: told the person's program before each list."""
PER_PAGE = 50


@dataclass(frozen=True)
class Table:
    """What is shown of one table.

    ``columns`` are names in their order. ``key`` is the column that names a row on its own; without one there is a
    list and no page for a row. ``order`` follows an index, ``find`` are columns that lead one: a search compares them
    whole. ``filters`` are codes of a column to choose from.
    """

    model: type[models.Model]
    title: Promise
    columns: str
    key: str = ""
    order: Sequence[str] = ()
    find: Sequence[str] = ()
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return self.columns.split()


def twin(table: Table) -> type[models.Model]:
    """Return a model of the table's shown columns. It makes no table and keeps none."""
    source = table.model._meta  # noqa: SLF001 Django's public description of a model
    known = {one.attname: one for one in source.local_concrete_fields}
    first = table.key or (table.order[0].lstrip("-") if table.order else table.names[0])

    class Meta:
        app_label = "backroom"
        managed = False
        db_table = source.db_table
        verbose_name = table.title
        verbose_name_plural = table.title
        ordering = [*table.order] or [first]

    wanted = dict.fromkeys([*table.names, first, *(["program_id"] if "program_id" in known else [])])
    columns = {name: _column(known[name], primary=name == first) for name in wanted}
    body: dict[str, object] = {"__module__": __name__, "__str__": _named, "Meta": Meta}
    return type(f"{source.app_label}_{table.model.__name__}", (models.Model,), body | columns)


class _Json(models.JSONField):
    """JSON of either type: PostgreSQL's ``json`` comes parsed, where ``jsonb`` comes as Django asks for it."""

    def from_db_value(self, value: object, expression: object, connection: object) -> object:
        """Parse what is not parsed yet."""
        parse: Any = super().from_db_value
        return parse(value, expression, connection) if isinstance(value, str) else value


def _column(source: "models.Field[Any, Any]", *, primary: bool) -> "models.Field[Any, Any]":
    if source.is_relation:
        return models.UUIDField(source.column, db_column=source.column, null=True, primary_key=primary)
    _, _, args, kwargs = source.deconstruct()
    for said in ("primary_key", "unique", "db_default", "default"):
        kwargs.pop(said, None)
    named = kwargs | {"verbose_name": source.column, "db_column": source.column, "primary_key": primary}
    kind = _Json if isinstance(source, models.JSONField) else type(source)
    return kind(*args, **named)


def _named(row: models.Model) -> str:
    return str(row.pk)


class PlainAdmin(ModelAdmin):  # type: ignore[misc]  # unfold publishes no types
    """A list that can be looked at, searched and filtered, and nothing else."""

    table: Table
    actions = None
    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = PER_PAGE
    list_max_show_all = PER_PAGE
    list_fullwidth = True
    sortable_by = ()

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 Django's signature
        """Whoever may enter the back room may see every list."""
        return isinstance(request.user, Staff) and may(request.user, Permission.BACKROOM_READ)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show it in the menu to the same people."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 Django's signature
        """Nothing is added here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 the same
        """Nothing is changed here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 the same
        """Nothing is deleted here."""
        return False

    def history_view(self, request: HttpRequest, object_id: str, extra_context: object = None) -> NoReturn:  # noqa: ARG002
        """Nothing is changed here, so there is no history of changes."""
        raise Http404

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",  # noqa: ARG002 Django's signature
        extra_context: object = None,  # noqa: ARG002 the same
    ) -> TemplateResponse:
        """Show one row, column by column; a page of our own, since the admin's would want a form."""
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id)) if self.table.key else None
        if row is None:
            raise Http404
        shown = [
            (name, display_for_field(getattr(row, name), self.model._meta.get_field(name), "–"))  # noqa: SLF001 see above
            for name in self.table.names
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": str(row),
            "opts": self.model._meta,  # noqa: SLF001 see above
            "columns": shown,
        }
        return TemplateResponse(request, "backroom/row.html", context)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows of the signed-in person's program.

        Rows of a table that names no program are shown while the installation has only one.
        """
        rows: QuerySet[Any] = super().get_queryset(request).using(DATABASE)
        program = request.user.program_id if isinstance(request.user, Staff) else None
        with connections[DATABASE].cursor() as cursor:
            cursor.execute("SELECT set_config(%s, %s, false)", [PROGRAM_SETTING, str(program or "")])
        if self.table.model is Program:
            return rows.filter(pk=program)
        if any(one.attname == "program_id" for one in self.model._meta.concrete_fields):  # noqa: SLF001 see above
            return rows.filter(program_id=program)
        return rows if Program.objects.count() == 1 else rows.none()

    def get_search_results(
        self,
        request: HttpRequest,  # noqa: ARG002 Django's signature
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        """Find rows one of whose indexed columns is what was typed, whole."""
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted = Q()
        for name in self.table.find:
            value = _as(self.model._meta.get_field(name), term)  # noqa: SLF001 see above
            if value is not None:
                wanted |= Q(**{name: value})
        return (queryset.filter(wanted) if wanted else queryset.none()), False


def _as(column: "models.Field[Any, Any]", term: str) -> object:
    """Return what was typed as a value of the column, None of what it cannot be."""
    if not isinstance(column, models.UUIDField):
        return term.replace("\x00", "")
    try:
        return UUID(term)
    except ValueError:
        return None


def admin_of(table: Table) -> type[PlainAdmin]:
    """Return the list of a table."""
    links = (table.names[0],) if table.key else None
    body: dict[str, object] = {
        "table": table,
        "list_display": tuple(table.names),
        "list_display_links": links,
        "search_fields": tuple(table.find),
        "search_help_text": ", ".join(table.find) or None,
        "list_filter": tuple(_filter(name, codes) for name, codes in table.filters.items()),
        "ordering": tuple(table.order) or None,
    }
    return type(f"{table.model.__name__}Plain", (PlainAdmin,), body)


def _filter(column: str, codes: Sequence[str]) -> type[admin.SimpleListFilter]:
    """Return a choice of a column's codes; they are known, so the table is not asked for them."""

    class Chosen(admin.SimpleListFilter):
        title = column
        parameter_name = column

        def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:  # noqa: ARG002 Django's
            """Offer the codes."""
            return [(str(code), str(code)) for code in codes]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002 Django's
            """Keep the rows with the code chosen."""
            chosen = self.value()
            return queryset.filter(**{column: chosen}) if chosen else queryset

    return Chosen
