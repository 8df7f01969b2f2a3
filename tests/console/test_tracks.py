"""Pages of tracks: written by a marketer, looked at before they are published, and a member's progress."""

import html
import json
import re
from datetime import timedelta

import psycopg
import pytest
from django.test import Client

from tests.builders import NOW
from tests.console.conftest import House
from tests.console.test_roles import Hire, hire  # noqa: F401 a fixture
from verno.intake import context
from verno.intake.reading import recounting
from verno.kit import db
from verno.progress import queries, service
from verno.progress.types import Agreement, Calendar, Metric, Period, Published, Recount, Scale, Step, Track
from verno.workspace import audit
from verno.workspace.audit import Actor, ActorKind
from verno.workspace.roles import Role

CLUB: dict[str, object] = {
    "code": "club",
    "name_en": "Club",
    "name_ru": "Клуб",
    "metric": "spend",
    "window": "calendar/year",
    "maintain": "calendar/year",
    "later": "1",
    "grace_days": "10",
    "downgrade": "one_step",
    "warn_days": "30",
    "rule": "recount",
    "step_code": ["silver", "gold", ""],
    "step_name_en": ["Silver", "Gold", ""],
    "step_name_ru": ["Серебро", "Золото", ""],
    "step_threshold": ["100", "1 000.50", ""],
    "step_keep": ["", "500", ""],
    "step_badge": ["", "vip", ""],
    "step_badge_days": ["", "30", ""],
    "step_benefits": ["", "Free delivery", ""],
}


def text(page: bytes) -> str:
    """Return a page's words."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.decode())).split())


def stored(house: House) -> list[Track]:
    with db.transaction(house.story.shop.program.id) as conn:
        return [one.track for one in queries.tracks(conn, house.story.shop.program.id)]


def fill(house: House) -> None:
    context.forget()
    later = NOW + recounting.SETTLED + timedelta(seconds=1)
    recounting.fill(house.story.shop.program.id, now=later, stopping=lambda: False)
    context.forget()


def publish(house: House, **more: object) -> None:
    answer = house.client.post("/console/promotions/tracks/new/tiers/", {**CLUB, **more, "do": "publish"})
    assert answer.status_code == 302, text(answer.content)
    fill(house)


def test_a_track_is_written_looked_at_published_and_seen(house: House) -> None:
    empty = house.client.get("/console/promotions/tracks/")
    assert "There are no tracks yet" in text(empty.content)
    assert house.client.get("/console/promotions/tracks/new/tiers/").status_code == 200
    look = house.client.post("/console/promotions/tracks/new/tiers/", {**CLUB, "do": "preview"})
    assert look.status_code == 200, text(look.content)
    said = text(look.content)
    assert "members would move." in said
    assert "Nothing is changed yet." in said
    assert stored(house) == [], "a look stores nothing"
    made = house.client.post("/console/promotions/tracks/new/tiers/", {**CLUB, "do": "publish"})
    assert (made.status_code, made["Location"]) == (302, "/console/promotions/tracks/club/")
    assert "are being recounted" in text(house.client.get("/console/promotions/tracks/club/").content)
    part = house.client.get("/console/promotions/tracks/club/", headers={"HX-Request": "true"})
    assert "every 3s" in part.content.decode()
    assert "<html" not in part.content.decode()
    fill(house)
    (track,) = stored(house)
    assert track.names == {"en": "Club", "ru": "Клуб"}
    assert [(one.code, one.threshold, one.keep, one.badge, one.badge_days) for one in track.steps] == [
        ("silver", 10_000, None, None, None),
        ("gold", 100_050, 50_000, "vip", 30),
    ]
    page = text(house.client.get("/console/promotions/tracks/club/").content)
    assert "Counts money paid within the calendar year." in page
    assert "10 days of grace to make it." in page
    assert "Free delivery" in page
    assert "every 3s" not in page
    assert "Club" in text(house.client.get("/console/promotions/tracks/").content)
    with db.transaction(house.story.shop.program.id) as conn:
        assert "track.publish" in {one.action for one in audit.page(conn, house.story.shop.program.id)}


def test_a_change_shows_who_moves_and_what_was_written_comes_back(house: House) -> None:
    publish(house)
    page = house.client.get("/console/promotions/tracks/club/edit/").content.decode()
    for value in ("1000.5", "500", "Серебро", "vip", "Free delivery", "readonly"):
        assert value in page, value
    harder = {**CLUB, "step_threshold": ["90000", "100000", ""], "step_keep": ["", "", ""], "rule": "keep"}
    look = text(house.client.post("/console/promotions/tracks/club/edit/", {**harder, "do": "preview"}).content)
    assert "Now Then Members" in look
    done = house.client.post("/console/promotions/tracks/club/edit/", {**harder, "do": "publish"})
    assert done.status_code == 302
    assert [one.steps[0].threshold for one in stored(house)] == [9_000_000, 10_000]


def test_conditions_have_their_builder(house: House) -> None:
    """It is told what may be asked, as a rule's, and what is wrong by the path; the textarea has what was typed."""
    publish(house)
    tree = {"combinator": "and", "rules": [{"field": "amount", "operator": ">=", "value": "ten"}]}
    sent = {**CLUB, "where": json.dumps(tree), "rule": "keep", "do": "preview"}
    page = house.client.post("/console/promotions/tracks/club/edit/", sent).content.decode()
    form, wrong = (
        json.loads(html.unescape(re.findall(rf'data-{name}="([^"]*)"', page)[0])) for name in ("form", "problems")
    )
    assert {"amount", "place", "member.badges", "progress.club", "tiers.club", "lines"} <= {
        one["name"] for one in form["fields"]["receipt"]
    }
    assert {"sku", "category", "amount"} <= {one["name"] for one in form["fields"]["lines"]}
    assert form["words"]["always"] == "All receipts."
    assert wrong == [{"path": "where.rules.0.value", "text": "This must be a number."}]
    assert json.dumps(tree) in html.unescape(page)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"code": "Клуб"}, "Code: Only small Latin letters"),
        ({"code": ""}, "This field is required."),
        ({"where": "{not json"}, "This is not a condition: JSON is wrong near character 2."),
        ({"where": "[1]"}, "A condition is an object with a combinator and rules."),
        ({"where": '{"combinator": "and", "rules": [{"field": "x", "operator": "=", "value": 1}]}'}, "where"),
        ({"where": "[" * 9_000}, ""),
        ({"metric": "love"}, "Select a valid choice."),
        ({"window": "rolling", "days": ""}, "Say how many days."),
        ({"window": "between"}, "Say the first and the last day."),
        ({"step_threshold": ["a lot", "1", ""]}, "Step 1: “Reached at” is no number."),
        ({"step_threshold": ["1e999999", "1", ""]}, "Step 1: “Reached at” is no number."),
        ({"step_threshold": ["10.555", "1", ""]}, "Step 1: “Reached at” is no number."),
        ({"step_threshold": ["300", "100", ""]}, "reached with more than the one before"),
        ({"step_code": ["", "", ""], "step_threshold": ["", "", ""], "step_name_en": ["", "", ""], "step_name_ru": [],
          "step_keep": [], "step_badge": [], "step_badge_days": [], "step_benefits": []}, "steps"),
        ({"step_benefits": ["a\0b", "", ""]}, "NUL"),
        ({"rule": "fresh", "rule_date": ""}, "Say from which day."),
        ({"rule": "fresh", "rule_date": "2020-01-01"}, "has begun"),
        ({"grace_days": "400"}, "days of grace must be fewer"),
        ({"most_a_day": "much"}, "Write a number."),
        ({"later": "99"}, "less than or equal to 10"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("do", ["preview", "publish"])
def test_what_is_wrong_is_said_and_nothing_is_stored(
    house: House, change: dict[str, object], words: str, do: str
) -> None:
    answer = house.client.post("/console/promotions/tracks/new/tiers/", {**CLUB, **change, "do": do})
    assert answer.status_code == 422, text(answer.content)
    assert words in text(answer.content)
    assert stored(house) == []


def test_more_rows_keep_what_was_written(house: House) -> None:
    page = house.client.post("/console/promotions/tracks/new/tiers/", {**CLUB, "do": "rows"})
    assert page.status_code == 200
    assert page.content.decode().count('name="step_code"') == 6
    assert "Серебро" in page.content.decode()


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("scale", {"whose": "group", "together": "larger", "audience": "company", "step_share": ["5", "7.5", ""]}),
        ("stamp_card", {"metric": "visits", "step_threshold": ["3", "6", ""], "repeats": "on"}),
        ("achievement", {"metric": "units", "step_threshold": ["3", "6", ""]}),
        ("challenge", {"window": "between", "first": "2026-01-01", "last": "2026-12-31"}),
        ("badge", {"step_badge": ["one", "two", ""]}),
        ("streak", {"metric": "visits", "window": "lifetime", "of": "week", "each": "1", "step_threshold": ["3", "6"]}),
        ("achievement", {"metric": "points", "unit": "points", "step_threshold": ["3", "6", ""]}),
        ("achievement", {"metric": "events", "event": "stamp", "step_threshold": ["3", "6", ""]}),
        ("tiers", {"metric": "best_month", "window": "rolling", "days": "90", "maintain": ""  , "downgrade": "earned"}),
    ],
)  # fmt: skip
def test_every_kind_is_published_shown_and_written_again(house: House, kind: str, more: dict[str, object]) -> None:
    wanted = {**CLUB, "step_keep": ["", "", ""], "grace_days": "0", "warn_days": "0", **more}
    done = house.client.post(f"/console/promotions/tracks/new/{kind}/", {**wanted, "do": "publish"})
    assert done.status_code == 302, text(done.content)
    fill(house)
    (before,) = stored(house)
    assert house.client.get("/console/promotions/tracks/club/").status_code == 200
    assert house.client.get(f"/console/members/{house.story.anna}/progress/").status_code == 200
    page = house.client.get("/console/promotions/tracks/club/edit/").content.decode()
    again = house.client.post("/console/promotions/tracks/club/edit/", {**_values(page), "do": "publish"})
    assert again.status_code == 302, text(again.content)
    assert stored(house) == [before], "what the form shows says the same again"


def _values(page: str) -> dict[str, object]:
    """Return what a browser would send of the form as it is shown."""
    form = page[page.index('<form method="post" novalidate class="track-form">') :]
    out: dict[str, object] = {}
    for name, body in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        options = re.findall(r'<option value="([^"]*)"( selected)?', body)
        out[name] = next((value for value, selected in options if selected), options[0][0] if options else "")
    for name, body in re.findall(r'<textarea name="([^"]+)".*?>\n?(.*?)</textarea>', form, re.DOTALL):
        out[name] = html.unescape(body)
    steps: dict[str, list[str]] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name = re.search(r'name="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        text_ = html.unescape(value[1]) if value else ""
        if name and name[1].startswith("step_"):
            steps.setdefault(name[1], []).append(text_)
        elif name and 'type="checkbox"' in tag:
            out |= {name[1]: "on"} if " checked" in tag else {}
        elif name:
            out[name[1]] = text_
    return out | steps


def test_a_members_progress_says_where_they_stand_and_what_moved_it(house: House) -> None:
    publish(house)
    page = house.client.get(f"/console/members/{house.story.anna}/progress/")
    said = text(page.content)
    assert "Club Tiers" in said
    assert "receipt " in said
    link = re.search(r'href="(/console/members/[^"]+/receipts/\?before=[^"]+)"', page.content.decode())
    assert link
    first = house.client.get(html.unescape(link[1])).content.decode()
    assert first.count('class="receipt') >= 1
    assert "Give a tier" in said


def test_staff_gives_a_tier_and_takes_it_back(house: House) -> None:
    publish(house, step_threshold=["100", "900000", ""])
    address = f"/console/members/{house.story.anna}/progress/"
    wanted = {"do": "lift", "step": "club/gold", "last": "2027-03-31", "reason": "goodwill"}
    assert house.client.post(address, wanted).status_code == 302
    page = house.client.get(address)
    assert "given, not earned" in text(page.content)
    assert "by staff: goodwill" in text(page.content)
    key = re.search(r'name="key" value="([^"]+)"', page.content.decode())
    assert key
    assert house.client.post(address, {"do": "take", "key": key[1]}).status_code == 302
    assert "given, not earned" not in text(house.client.get(address).content)
    assert house.client.post(address, {"do": "take", "key": key[1]}).status_code == 404
    for change in ({"last": "2020-01-01"}, {"last": "x"}, {"reason": "love"}, {"step": "club/x"}):
        assert house.client.post(address, {**wanted, **change}).status_code == 422, change
    assert house.client.post(address, {"do": "dance"}).status_code == 404
    with db.transaction(house.story.shop.program.id) as conn:
        about = ("member", house.story.anna)
        told = [one.action for one in audit.page(conn, house.story.shop.program.id, about=about, reading=False)]
    assert told == ["tier.take", "tier.set"]


def test_a_contract_is_shown(house: House) -> None:
    program = house.story.shop.program
    with db.transaction(program.id) as conn:
        scale = Track(
            code="scale",
            metric=Metric.SPEND,
            window=Calendar(Period.YEAR),
            steps=(Step(code="five", threshold=1, share=500),),
            settings=Scale(),
        )
        done = service.publish(conn, program, scale, Recount(), known=context.of(conn, program.id).known, now=NOW)
        assert isinstance(done, Published)
    fill(house)
    with db.transaction(program.id) as conn:
        on = queries.judging(conn, program, now=NOW)
        wanted = Agreement(owner_id=house.story.anna, track="scale", share=925, first=NOW.date())
        service.agree(conn, program.id, [wanted], on=on, by=Actor(ActorKind.KEY, "k"), now=NOW)
    said = text(house.client.get(f"/console/members/{house.story.anna}/progress/").content)
    assert "by contract" in said
    assert "9.25 %" in said


def test_a_track_is_removed(house: House) -> None:
    publish(house)
    assert house.client.post("/console/promotions/tracks/club/", {"do": "dance"}).status_code == 404
    assert house.client.post("/console/promotions/tracks/club/", {"do": "remove"}).status_code == 302
    assert house.client.get("/console/promotions/tracks/club/").status_code == 404
    assert house.client.get("/console/promotions/tracks/new/love/").status_code == 404


def test_who_only_reads_changes_nothing(house: House, hire: Hire, rows: psycopg.Connection) -> None:  # noqa: F811
    publish(house)
    analyst, _ = hire(Role.ANALYST)
    assert "Change" not in text(analyst.get("/console/promotions/tracks/club/").content)
    for address, body in (
        ("/console/promotions/tracks/club/", {"do": "remove"}),
        ("/console/promotions/tracks/club/edit/", {**CLUB, "do": "publish"}),
        ("/console/promotions/tracks/new/tiers/", {**CLUB, "do": "publish"}),
        (f"/console/members/{house.story.anna}/progress/", {"do": "lift", "step": "club/gold", "last": "2027-01-01"}),
    ):
        assert analyst.post(address, body).status_code == 403, address
    assert rows.execute("SELECT count(*) FROM progress_version").fetchone() == (1,)
    assert rows.execute("SELECT count(*) FROM progress_floor").fetchone() == (0,)
    cashier: Client = hire(Role.CASHIER)[0]
    assert cashier.get("/console/promotions/tracks/").status_code == 403
    assert cashier.get(f"/console/members/{house.story.anna}/progress/").status_code == 200
