"""``verno staff`` as its words are typed."""

from collections.abc import Callable

import pytest
from click.testing import Result

from tests.workspace.conftest import printed

Verno = Callable[..., Result]
ADD = ("staff", "add", "--email", "olga@example.com", "--name", "Olga", "--role", "store-manager")


def test_the_life_of_somebody_who_works_here(verno: Verno) -> None:
    made = printed(verno(*ADD, "--place", "msk-1", "--number", "c-17", "--json"))
    assert made["link"].startswith("http://127.0.0.1:8000/console/welcome/")
    assert (made["staff"]["role"], made["staff"]["places"]) == ("store-manager", ["msk-1"])
    assert printed(verno("staff", "set-pin", "c-17", "--json", typed="4711\n4711\n"))["has_pin"] is True
    assert printed(verno("staff", "set-role", "c-17", "cashier", "--json"))["places"] == []
    assert printed(verno("staff", "deactivate", "olga@example.com", "--json"))["is_active"] is False
    assert "gone" in verno("staff", "list").output
    assert printed(verno("staff", "activate", made["staff"]["id"], "--json"))["is_active"] is True
    (told,) = printed(verno("staff", "list", "--json"))["staff"]
    assert (told["role"], told["external_id"], told["has_pin"]) == ("cashier", "c-17", True)
    assert verno("staff", "invite", "c-17").output.startswith("http")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((*ADD, "--place", "nowhere"), "no store has this code"),
        (("staff", "invite", "nobody"), "nobody here"),
        (("staff", "set-pin", "nobody", "--pin", "4711"), "nobody here"),
        (("staff", "set-role", "nobody", "owner"), "nobody here"),
        (("staff", "deactivate", "nobody"), "nobody here"),
    ],
)
def test_refusals_are_sentences(verno: Verno, words: tuple[str, ...], sentence: str) -> None:
    answer = verno(*words)
    assert answer.exit_code == 1
    assert sentence in answer.stderr
    assert printed(verno("staff", "list", "--json")) == {"staff": []}


def test_a_bad_pin_is_said_in_words(verno: Verno) -> None:
    verno(*ADD)
    answer = verno("staff", "set-pin", "olga@example.com", "--pin", "1234")
    assert answer.exit_code == 1
    assert "4 to 12 digits" in answer.stderr


def test_an_unknown_role_is_a_wrong_call(verno: Verno) -> None:
    assert verno("staff", "add", "--email", "a@b.c", "--name", "A", "--role", "god").exit_code == 2
