"""Country packs: each is the file that was reviewed, and the guide to a new one shows one that can be read."""

import re
from pathlib import Path

import pytest
from msgspec import ValidationError

from verno.messaging.law import packs
from verno.wiring.doctor import house
from verno.wiring.doctor.types import Verdict
from verno.workspace.registry import Country

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "add-a-country-pack.md"


def test_each_pack_is_the_one_that_was_reviewed(tmp_path: Path) -> None:
    assert set(packs.PINNED) == set(Country)
    assert packs.altered() == []
    for country in Country:
        name = f"{country.value.lower()}.toml"
        (tmp_path / name).write_bytes((packs.FOLDER / name).read_bytes())
    assert packs.altered(tmp_path) == []
    later = (tmp_path / "ru.toml").read_text().replace("20:00:00", "23:00:00")
    (tmp_path / "ru.toml").write_text(later)
    assert packs.altered(tmp_path) == [Country.RU]


def test_the_guide_shows_a_pack() -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    text = re.sub(r"^   ", "", shown, flags=re.MULTILINE)
    rules = packs.parse(text).versions[0]
    assert rules.needs_grant("marketing", "sms")
    assert rules.barred["marketing"]["viber"]
    with pytest.raises(ValidationError):
        packs.parse(text.replace("proven", "proved"))
    said = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^   \| (`.*?) \|", GUIDE.read_text(), re.MULTILINE))))
    assert said == set(packs.Rules.__struct_fields__), "every key is told"


def test_the_doctor_names_a_pack_that_nobody_reviewed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "PINNED", {**packs.PINNED, Country.RU: "0" * 64})
    (found,) = [one for one in house.look() if one.what == "country packs"]
    assert (found.verdict, "the pack of RU is not the one" in found.text) == (Verdict.BAD, True)
