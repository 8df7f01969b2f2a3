"""``verno key`` as its words are typed."""

from collections.abc import Callable

import pytest
from click.testing import Result

from tests.workspace.conftest import printed

Verno = Callable[..., Result]
CREATE = ("key", "create", "--name", "till", "--scope", "receipts:write", "--json")


def test_the_life_of_a_key(verno: Verno) -> None:
    made = printed(verno(*CREATE, "--place", "msk-1", "--place", "msk-1", "--rate", "600"))
    assert made["key"].startswith(f"vk_{made['prefix']}_")
    (told,) = printed(verno("key", "list", "--json"))["keys"]
    assert (told["name"], told["places"], told["rate"], told["state"]) == ("till", ["msk-1"], 600, "live")
    assert told["last_used_at"] is None
    assert made["key"] not in verno("key", "list").output

    turned = printed(verno("key", "rotate", "till", "--overlap", "24", "--json"))
    assert turned["old"]["prefix"] == made["prefix"]
    assert turned["prefix"] != made["prefix"]
    states = {one["prefix"]: one["state"] for one in printed(verno("key", "list", "--json"))["keys"]}
    assert states == {made["prefix"]: "live", turned["prefix"]: "live"}

    assert printed(verno("key", "revoke", made["prefix"], "--json"))["state"] == "revoked"
    states = {one["prefix"]: one["state"] for one in printed(verno("key", "list", "--json"))["keys"]}
    assert states == {made["prefix"]: "revoked", turned["prefix"]: "live"}


def test_the_same_in_words(verno: Verno) -> None:
    assert "no keys yet" in verno("key", "list").output
    text = verno(*CREATE[:-1]).output.strip()
    line = verno("key", "list").output
    assert f"vk_{text.split('_')[1]}  live" in line
    assert "all places; last used never" in line
    assert verno("key", "rotate", "till").stdout.startswith("vk_")
    assert "is revoked" in verno("key", "revoke", text.split("_")[1]).output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((*CREATE, "--place", "nowhere"), "no store has the code nowhere"),
        (("key", "create", "--name", " ", "--scope", "receipts:write"), "one line"),
        (("key", "revoke", "nobody"), "no key has this id, prefix or name"),
        (("key", "rotate", "nobody"), "no key has this id, prefix or name"),
    ],
)
def test_refusals_are_sentences(verno: Verno, words: tuple[str, ...], sentence: str) -> None:
    answer = verno(*words)
    assert answer.exit_code == 1
    assert sentence in answer.stderr
    assert printed(verno("key", "list", "--json")) == {"keys": []}


@pytest.mark.parametrize("words", [("--scope", "points:mint"), ("--rate", "0"), ("--rate", "x")])
def test_wrong_calls(verno: Verno, words: tuple[str, ...]) -> None:
    assert verno(*CREATE, *words).exit_code == 2
