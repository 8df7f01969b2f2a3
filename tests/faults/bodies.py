"""Bodies as strangers send them: smallest good ones by the API's own description, and ways of spoiling them."""

import gzip
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
Schema = dict[str, object]

DEEP = 1_000_000
BOMB = gzip.compress(b'{"number":"' + b"0" * 10_000_000 + b'"}')


@dataclass(frozen=True)
class Operation:
    """An operation of the API that takes a body; ``path`` has its parameters filled in."""

    method: str
    path: str
    body: Json


@dataclass(frozen=True)
class Spoilt:
    """A request that no honest till sends."""

    operation: Operation
    how: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def operations(description: Schema, known: dict[str, Json], fill: str) -> list[Operation]:
    """Return the operations that take a body; ``known`` has good bodies by path, others are made by their schema."""
    out = []
    paths = description["paths"]
    assert isinstance(paths, dict)
    for path, methods in paths.items():
        for method, about in methods.items():
            if "requestBody" in about:
                schema = about["requestBody"]["content"]["application/json"]["schema"]
                body = known.get(path, _smallest(schema, description))
                out.append(Operation(method.upper(), _filled(path, fill), body))
    return out


def _filled(path: str, fill: str) -> str:
    head, _, rest = path.partition("{")
    return head + fill + rest.partition("}")[2] if rest else head


def _smallest(schema: object, description: Schema, depth: int = 0) -> Json:
    """Return the smallest value of a schema, well-formed enough to come past the first look."""
    assert isinstance(schema, dict)
    if "$ref" in schema:
        found: object = description
        for step in schema["$ref"].removeprefix("#/").split("/"):
            assert isinstance(found, dict)
            found = found[step]
        return _smallest(found, description, depth)
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return _smallest(schema[word][0], description, depth)
    if "enum" in schema:
        value: Json = schema["enum"][0]
        return value
    if schema.get("type") == "object" and depth < 8:
        wanted = schema.get("required", ())
        properties = schema.get("properties", {})
        return {name: _smallest(properties[name], description, depth + 1) for name in wanted if name in properties}
    if schema.get("type") == "array":
        return [_smallest(schema["items"], description, depth + 1)]
    plain: dict[object, Json] = {"integer": 1, "number": 1, "boolean": True, "string": "1", "null": None}
    return plain.get(schema.get("type"), {})


def spoilt(among: list[Operation], seed: int) -> Iterator[Spoilt]:
    """Yield spoilt requests without end."""
    dice = random.Random(seed)
    while True:
        operation = dice.choice(among)
        how = dice.choice(WAYS)
        yield how(dice, operation)


def _raw(operation: Operation) -> bytes:
    return json.dumps(operation.body, ensure_ascii=False).encode()


def _on_bytes(name: str, change: Callable[[random.Random, bytes], bytes], **headers: str) -> "Way":
    def way(dice: random.Random, operation: Operation) -> Spoilt:
        named = {word.replace("_", "-"): value for word, value in headers.items()}
        return Spoilt(operation, name, change(dice, _raw(operation)), named)

    return way


def _on_value(name: str, values: tuple[bytes, ...]) -> "Way":
    """Put a value where another stood, anywhere in the body."""

    def way(dice: random.Random, operation: Operation) -> Spoilt:
        marked = json.loads(json.dumps(operation.body))
        places = list(_places(marked))
        if not places:
            return Spoilt(operation, name, dice.choice(values))
        dice.choice(places)("@@HERE@@")
        raw = json.dumps(marked, ensure_ascii=False).encode()
        return Spoilt(operation, name, raw.replace(b'"@@HERE@@"', dice.choice(values)))

    return way


def _places(value: Json) -> Iterator[Callable[[Json], None]]:
    """Yield, for every place within a value, what puts something else there."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield partial(value.__setitem__, name)
            yield from _places(child)
    if isinstance(value, list):
        for position, child in enumerate(value):
            yield partial(value.__setitem__, position)
            yield from _places(child)


def _flip(dice: random.Random, raw: bytes) -> bytes:
    out = bytearray(raw)
    for _ in range(dice.randrange(1, 4)):
        out[dice.randrange(len(out))] = dice.randrange(256)
    return bytes(out)


def _splice(dice: random.Random, raw: bytes) -> bytes:
    a, b = sorted(dice.randrange(len(raw) + 1) for _ in range(2))
    return raw[:b] + raw[a:b] * dice.randrange(1, 5) + raw[b:]


Way = Callable[[random.Random, Operation], Spoilt]
NUMBERS = (b"1" + b"0" * 400, b"-1e400", b"1e400", b"9007199254740993", b"-1", b"0.1", b"NaN", b"-Infinity", b"1e-400")
TEXTS = (
    b'"a\x00b"', b'"\\ud800"', b'"\xff\xfe"', b'"\xe2\x82"', b'"' + b"x" * 100_000 + b'"', b'""',
    '"\u202e\u0001\U0001f4a9"'.encode(), b'"\' OR 1=1 --"', b'"%00%s{0}"', '"\u0130\u0131\ufb03"'.encode(),
)  # fmt: skip
SHAPES = (b"[]", b"{}", b"null", b"true", b'"1"', b"1", b"[[[[]]]]", b'{"a":{"b":{"c":[]}}}', b"[" * 40 + b"]" * 40)
DATES = (b'"0000-00-00"', b'"9999-12-31T23:59:59.999999+14:00"', b'"0001-01-01T00:00:00-12:00"', b'"2026-02-30"')
WAYS: tuple[Way, ...] = (
    _on_bytes("cut off", lambda dice, raw: raw[: dice.randrange(len(raw))]),
    _on_bytes("bytes changed", _flip),
    _on_bytes("a part repeated", _splice),
    _on_bytes("cut within a letter", lambda _, raw: raw[:-2] + "я".encode()[:1]),
    _on_bytes("utf-16", lambda _, raw: raw.decode().encode("utf-16")),
    _on_bytes("another charset", lambda _, raw: raw.replace(b"1", "ю".encode("koi8-r")),
              content_type="application/json; charset=koi8-r"),
    _on_bytes("another type", lambda _, raw: raw, content_type="application/xml"),
    _on_bytes("gzip", lambda _, raw: gzip.compress(raw), content_encoding="gzip"),
    _on_bytes("gzip bomb", lambda _, raw: BOMB, content_encoding="gzip"),
    _on_bytes("a million deep", lambda dice, raw: b"[" * DEEP + b"]" * dice.choice((0, DEEP))),
    _on_bytes("objects without end", lambda dice, raw: b'{"a":' * 30_000),
    _on_bytes("keys twice", lambda dice, raw: raw.replace(b"{", b'{"number":"1","number":"2",', 1)),
    _on_bytes("nothing", lambda dice, raw: b""),
    _on_value("NUL", (b'"\\u0000"', b'"a\\u0000b"')),
    _on_value("a number", NUMBERS),
    _on_value("a text", TEXTS),
    _on_value("a shape", SHAPES),
    _on_value("a date", DATES),
)  # fmt: skip
