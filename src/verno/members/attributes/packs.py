"""Packs of attributes as data: a file an industry, read once."""

from functools import cache
from importlib import resources

import msgspec

from verno.members.attributes.types import Pack


@cache
def packs() -> dict[str, Pack]:
    """Return the packs there are, by code."""
    folder = resources.files("verno.members.attributes").joinpath("packs")
    found = [
        msgspec.toml.decode(file.read_bytes(), type=Pack)
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".toml")
    ]
    return {one.code: one for one in found}
