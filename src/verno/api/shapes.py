"""The API's description (OpenAPI 3.1), drawn from the very records that the doors read and write."""

from collections.abc import Mapping

import msgspec

from verno.web.problems import CONTENT_TYPE

REF = "#/components/schemas/{name}"

_known: dict[str, type[msgspec.Struct]] = {}


class FieldError(msgspec.Struct, frozen=True):
    """A field of the body and what is wrong with it."""

    field: str
    message: str


class ProblemBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457: why nothing was done. ``type`` is stable; ``retryable``: the same may be sent again."""

    type: str
    title: str
    status: int
    retryable: bool
    detail: str | None = None
    errors: list[FieldError] = []


class BatchItem(msgspec.Struct, frozen=True):
    """What one item of a batch would have been answered on its own."""

    code: int
    body: object


class BatchAnswer(msgspec.Struct, frozen=True):
    """One result per item, in order."""

    results: list[BatchItem]


def describe(
    *, gives: Mapping[int, type[msgspec.Struct]], takes: type[msgspec.Struct] | None = None
) -> dict[str, object]:
    """Return a door's part of the description: the body it takes, the answers it gives, the problem."""
    responses: dict[int | str, object] = {
        status: {"description": "", "content": _content("application/json", shape)} for status, shape in gives.items()
    }
    responses["default"] = {"description": "A problem", "content": _content(CONTENT_TYPE, ProblemBody)}
    out: dict[str, object] = {"responses": responses}
    if takes is not None:
        out["requestBody"] = {"required": True, "content": _content("application/json", takes)}
    return out


def components() -> dict[str, object]:
    """Return the schemas of all records described so far, by name."""
    _, found = msgspec.json.schema_components(list(_known.values()), schema_hook=_anything, ref_template=REF)
    return dict(found)


def _anything(kind: type) -> dict[str, object]:
    """Describe ``object`` as any JSON; msgspec knows no schema for it."""
    if kind is object:
        return {"description": "Any JSON value"}
    raise NotImplementedError


def _content(media_type: str, shape: type[msgspec.Struct]) -> dict[str, object]:
    taken = _known.setdefault(shape.__name__, shape)
    if taken is not shape:
        message = f"two records of the API are called {shape.__name__}"
        raise ValueError(message)
    return {media_type: {"schema": {"$ref": REF.format(name=shape.__name__)}}}
