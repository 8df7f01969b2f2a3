"""How texts are cut: what is sent comes back whole, no part is too long, and npm ``smpp`` codes the same bytes."""

import json
import subprocess
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.messaging.peers.process import ROOT, needs_node
from verno.messaging.channels.sms import segments
from verno.messaging.channels.sms.segments import LENGTHS, Alphabet, decode, encode, plan

GSM = "".join(char for char in segments.BASIC if char != "\x1b") + "".join(segments.EXTENDED)


@pytest.mark.parametrize(
    ("text", "alphabet", "lengths"),
    [
        ("", "gsm7", [0]),
        ("x" * 160, "gsm7", [160]),
        ("x" * 161, "gsm7", [153, 8]),
        ("x" * 306, "gsm7", [153, 153]),
        ("€" * 80, "gsm7", [80]),
        ("€" * 81, "gsm7", [76, 5]),
        ("x" * 152 + "€" + "x" * 20, "gsm7", [152, 21]),
        ("ж" * 70, "ucs2", [70]),
        ("ж" * 71, "ucs2", [67, 4]),
        ("ж" * 66 + "🎉" + "ж" * 10, "ucs2", [66, 11]),
        ("🎉" * 35, "ucs2", [35]),
        ("🎉" * 36, "ucs2", [33, 3]),
        ("«20\u00a0points» — spend them…", "gsm7", [27]),
        ("«20\u00a0баллов» — тратьте…", "ucs2", [22]),
    ],
)
def test_where_a_text_is_cut(text: str, alphabet: str, lengths: list[int]) -> None:
    cut = plan(text)
    assert (cut.alphabet, [len(part) for part in cut.parts]) == (alphabet, lengths)
    assert cut.segments == len(lengths)


TEXTS = st.one_of(
    st.text(st.sampled_from(GSM.replace("\r", "")), max_size=700),
    st.text(st.sampled_from("жы🎉a€ \n"), max_size=300),
    st.text(max_size=100),
)


@given(TEXTS)
def test_parts_join_to_the_text_and_fit(text: str) -> None:
    cut = plan(text)
    alone, room = LENGTHS[cut.alphabet]
    size = 1 if cut.alphabet is Alphabet.GSM7 else 2
    pieces = [encode(part, cut.alphabet) for part in cut.parts]
    used = [len(piece) // size for piece in pieces]
    assert max(used) <= (alone if len(used) == 1 else room)
    assert len(used) == 1 or sum(used) > alone, "a text that fits one segment is not cut"
    assert all(left + right > room - 1 for left, right in pairwise(used)), "no part is wasted"
    joined = "".join(cut.parts)
    assert plan(joined) == cut, "cutting what was cut changes nothing"
    assert "".join(decode(piece, cut.alphabet) for piece in pieces) == joined.encode("utf-16", "replace").decode(
        "utf-16"
    )


@needs_node("smpp")
def test_npm_smpp_codes_the_same_bytes() -> None:
    script = (
        "const {encodings} = require('smpp'); const text = JSON.parse(require('fs').readFileSync(0));"
        "const {ASCII, UCS2} = encodings; process.stdout.write(JSON.stringify(["
        "[...text].map((c) => ASCII.encode(c).toString('hex')), ASCII.match(text), ASCII.match(text + 'ж'),"
        "UCS2.encode('жЫ🎉').toString('hex')]))"
    )
    answer = subprocess.run(
        ["node", "-e", script], input=json.dumps(GSM), cwd=ROOT, capture_output=True, text=True, check=True, timeout=20
    )
    ours = [encode(char, Alphabet.GSM7).hex() for char in GSM]
    assert json.loads(answer.stdout) == [ours, True, False, encode("жЫ🎉", Alphabet.UCS2).hex()]
