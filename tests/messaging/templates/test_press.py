"""The press: what people wrote can neither read nor end anything but the process it is rendered in (P26)."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from verno.messaging.templates.press import child
from verno.messaging.templates.press.pool import Pool
from verno.messaging.templates.press.protocol import Broken, Compile, Compiled, Rendered, Reply, Written

VIEW: dict[str, object] = {
    "_units": {"points": 0, "stars": 2},
    "_currency": "RUB",
    "_locale": "en",
    "member": {"name": "Tom & <Ann>"},
    "context": {"rows": [{"n": 1}, {"n": 2}]},
}
WITHIN = 12.0
"""Seconds on a busy machine; of CPU they are one to two."""


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    monkeypatch.setenv("VERNO_SECRET_KEY", "ca" * 32)
    made = Pool()
    yield made
    made.close()


def printed(pool: Pool, source: str, **more: object) -> Reply:
    return pool.render(source, (source, source, source), VIEW | more)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ 1250 | points }}", "1,250 points"),
        ("{{ 1250 | points('stars') }}", "12.50 points"),
        ("{{ 1250 | number }}", "1,250"),
        ("{{ -45000 | money }}", "−450.00\u00a0RUB"),
        ("{{ '2026-10-31' | day }}", "October 31, 2026"),
        ("{{ nobody | default('friend') }}", "friend"),
        ("{{ member.surname | default('friend') }}", "friend"),
        ("{{ nothing | d('x') }}", "x"),
        ("{% if member.surname %}a{% else %}b{% endif %}", "b"),
        ("{% for row in context.rows %}{{ row.n }};{% endfor %}", "1;2;"),
    ],
)
def test_figures_are_written_by_filters(pool: Pool, source: str, text: str) -> None:
    reply = printed(pool, source, nothing=None)
    assert isinstance(reply, Rendered), reply
    assert reply.text == text


def test_russian_figures(pool: Pool) -> None:
    reply = printed(pool, "{{ 2 | points }}, {{ '2026-10-31' | day }}, {{ 45000 | money }}", _locale="ru")
    assert isinstance(reply, Rendered)
    assert reply.text == "2 балла, 31 октября 2026\u202fг., 450,00\u00a0₽"


def test_only_html_is_escaped(pool: Pool) -> None:
    reply = printed(pool, "{{ member.name }}")
    assert isinstance(reply, Rendered)
    assert (reply.subject, reply.html, reply.text) == ("Tom & <Ann>", "Tom &amp; &lt;Ann&gt;", "Tom & <Ann>")


def test_a_subject_is_one_line(pool: Pool) -> None:
    reply = printed(pool, "{{ 'a\r\nBcc: everybody@example.com' }}")
    assert isinstance(reply, Rendered)
    assert reply.subject == "a Bcc: everybody@example.com"


@pytest.mark.parametrize(
    "source",
    [
        "{{ member.surname }}",
        "{{ nothing }}",
        "{{ '12' | points }}",
        "{{ true | money }}",
        "{{ 5 | points('gold') }}",
        "{{ 'never' | day }}",
        "{{ 1 | nosuchfilter }}",
        "{% include 'letter.txt' %}",
        "{% include '/etc/passwd' %}",
        "{{ nobody.name }}",
        "{{ member.name.__class__ }}",
        "{{ member.__class__.__mro__ }}",
        "{{ points.__globals__ }}",
        "{{ context.rows.__init__ }}",
        "{% if %}",
        "{{ (((((",
    ],
)
def test_what_cannot_be_rendered_is_told(pool: Pool, source: str) -> None:
    reply = printed(pool, source, nothing=None)
    assert isinstance(reply, Broken), reply
    assert reply.detail
    assert len(pool._idle) == 1, "none of this ends a press"


BOMBS = {
    "doubling": "{% set a = 'x' * 100 %}" + "{% set a = a ~ a %}" * 40 + "{{ a | length }}",
    "doubling-in-loops": "{% set n = namespace(a='x') %}{% for i in range(60) %}{% set n.a = n.a ~ n.a %}{% endfor %}",
    "a-long-text": "{{ 'x' * 4000000000 }}",
    "loops-in-loops": "{% for a in range(99999) %}" * 4 + "x" + "{% endfor %}" * 4,
    "a-list-of-lists": "{% set a = [1] %}" + "{% set a = [a, a, a, a, a, a, a, a] %}" * 12 + "{{ a }}",
    "lists-as-json": "{% set a = [1] %}" + "{% set a = [a, a, a, a, a, a, a, a] %}" * 12 + "{{ a | tojson | length }}",
    "a-macro-without-an-end": "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    "a-text-of-texts": "{% for i in range(90000) %}{{ 'abcdefghij' * 1000 }}{% endfor %}",
    "filters-over-filters": "{{ (('a,' * 20000) | replace('a', 'b' * 20000)) | replace('b', 'c' * 20000) | length }}",
    "deep-brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "deep-lists": "{{ " + "[" * 100_000 + "]" * 100_000 + " }}",
    "a-large-power": "{{ 9 ** 9 ** 9 ** 9 }}",
    "too-long-a-letter": "{{ 'x' * 600000 }}",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end_at_most_the_press(pool: Pool, name: str) -> None:
    before = _memory()
    started = time.monotonic()
    reply = printed(pool, BOMBS[name])
    assert isinstance(reply, Broken), str(reply)[:200]
    assert time.monotonic() - started < WITHIN
    assert _memory() - before < 64 * 1024 * 1024, "the parent pays for nothing"
    after = printed(pool, "{{ 1 | points }}")
    assert isinstance(after, Rendered)
    assert after.text == "1 point", "the next one is rendered"


@pytest.mark.parametrize("name", ["doubling", "loops-in-loops", "a-text-of-texts"])
def test_fuel_stops_what_it_can_before_a_press_dies(pool: Pool, name: str) -> None:
    printed(pool, "x")
    press = pool._idle[0]
    reply = printed(pool, BOMBS[name])
    assert isinstance(reply, Broken)
    assert "fuel" in reply.detail
    assert pool._idle == [press]


def test_many_are_rendered_at_once_and_one_bomb_ends_no_other(pool: Pool) -> None:
    bomb = BOMBS["lists-as-json"]
    good = "{{ context.n }}"
    asked = [(s, ("", "", s), VIEW | {"context": {"n": n}}) for n, s in enumerate([good, good, bomb, good] * 20)]
    asked[3:] = [one for one in asked[3:] if one[0] != bomb]
    replies = pool.render_all(asked)
    assert len(replies) == len(asked) == 61
    assert isinstance(replies[2], Broken)
    told = [one.text for one in replies if isinstance(one, Rendered)]
    assert told == [str(view["context"]["n"]) for source, _, view in asked if source == good]  # type: ignore[index]


def test_a_press_has_limits_of_its_own(pool: Pool) -> None:
    printed(pool, "x")
    pid = pool._idle[0]._child.pid
    limits = _limits(pid)
    assert limits["Max address space"] == (child.MEMORY, child.MEMORY)
    assert limits["Max file size"] == (0, 0)
    assert 0 < limits["Max cpu time"][0] <= 1 + child.CPU_SECONDS + 5


def test_a_press_knows_no_secret(pool: Pool) -> None:
    printed(pool, "x")
    pid = pool._idle[0]._child.pid
    seen = Path(f"/proc/{pid}/environ").read_bytes()
    assert b"VERNO" not in seen
    assert b"caca" not in seen


def test_a_press_that_was_killed_is_replaced(pool: Pool) -> None:
    printed(pool, "x")
    os.kill(pool._idle[0]._child.pid, 9)
    time.sleep(0.1)
    reply = printed(pool, "x")
    assert isinstance(reply, Rendered | Broken)
    assert isinstance(printed(pool, "x"), Rendered)


def test_nothing_stays_from_one_message_to_the_next(pool: Pool) -> None:
    first = printed(pool, "{% if context.rows.append(7) %}{% endif %}{{ context.rows | length }}")
    again = printed(pool, "{{ context.rows | length }}")
    assert isinstance(again, Rendered)
    assert again.text == "2", first
    assert VIEW["context"] == {"rows": [{"n": 1}, {"n": 2}]}


@pytest.mark.parametrize(
    "body",
    [
        "<mjml><mj-body>" + "<mj-section>" * 20_000,
        "<mjml><mj-body>"
        + "<mj-section><mj-column>" * 5_000
        + "</mj-column></mj-section>" * 5_000
        + "</mj-body></mjml>",
        "<mjml>",
        "plain words",
        "",
        "<mjml><mj-body><mj-include path='/etc/passwd' /></mj-body></mjml>",
    ],
)
def test_hostile_mjml_ends_at_most_the_press(pool: Pool, body: str) -> None:
    reply = pool.ask(Compile([Written("email", "en", "s", "", body)], True))
    assert isinstance(reply, Broken | Compiled)
    if isinstance(reply, Compiled):
        assert "root:" not in reply.blocks[0].html
    assert isinstance(printed(pool, "x"), Rendered)


def _memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def _limits(pid: int) -> dict[str, tuple[int, int]]:
    out: dict[str, tuple[int, int]] = {}
    for line in Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]:
        name, numbers = line[:25].strip(), line[26:].split()
        soft, hard = (-1 if one == "unlimited" else int(one) for one in numbers[:2])
        out[name] = (soft, hard)
    return out
