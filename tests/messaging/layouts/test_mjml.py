"""MJML with tags in it: what comes out of it, and what is not let in."""

import re
import time
from contextlib import suppress

import pytest
from minijinja import Environment

from verno.messaging.layouts import mjml, scanning
from verno.messaging.layouts.scanning import Fault, Unfit

ROWS = "<!-- {% for line in lines %} --><tr><td>{{ line.name }}</td><td>{{ line.sum }}</td></tr>{% endfor %}"
LETTER = f"""<mjml lang="{{{{ lang }}}}">
  <mj-head>
    <mj-title>{{{{ subject }}}}</mj-title>
    <mj-preview>Seen before it is opened{{% if gold %}}, gold{{% endif %}}</mj-preview>
    <mj-attributes><mj-text color="{{{{ brand.accent }}}}" /></mj-attributes>
    <mj-style>.sums td {{ color: {{{{ brand.accent }}}}; padding: 3px }}
      @media (max-width: 400px) {{ p {{ color: red }} }}</mj-style>
  </mj-head>
  <mj-body background-color="{{{{ brand.colour }}}}">
    <!-- a note to whoever comes next -->
    {{% if gold %}}
    <mj-section><mj-column>
      <mj-text>Gold, {{{{ name }}}} &amp; <b>only</b> if 2 < 3<br>really</mj-text>
    </mj-column></mj-section>
    {{% else %}}
    <mj-section><mj-column><mj-text>Plain</mj-text></mj-column></mj-section>
    {{% endif %}}
    <mj-section><mj-column>
      <mj-table css-class="sums">{ROWS}</mj-table>
      <mj-button href="https://shop.example/?a=1&amp;b={{{{ name }}}}">Look</mj-button>
      <mj-text>
        <ul><li>one</li><li>two</li></ul>
        <p>Write to <a href="mailto:{{{{ contact }}}}">{{{{ contact }}}}</a>, or <a href="https://shop.example/">shop.example</a></p>
      </mj-text>
    </mj-column></mj-section>
  </mj-body>
</mjml>"""
VIEW = {
    "lang": "en",
    "subject": "S",
    "name": "Ann <b>",
    "gold": True,
    "contact": "shop@shop.example",
    "brand": {"colour": "#0b6e4f", "accent": "#123456"},
    "lines": [{"name": "Milk", "sum": "1.20"}, {"name": "Bread", "sum": "0.80"}],
}


def filled(source: str, **changed: object) -> tuple[str, str]:
    page = mjml.compiled(source)
    env = Environment(
        templates={"letter.html": page.html, "letter.txt": page.text},
        undefined_behavior="strict",
        auto_escape_callback=lambda name: name.endswith(".html"),
    )
    view = VIEW | changed
    return env.render_template("letter.html", **view), env.render_template("letter.txt", **view)


def test_tags_stand_where_they_stood() -> None:
    html, text = filled(LETTER)
    assert "Ann &lt;b&gt; &amp; <b>only</b> if 2 &lt; 3<br" in html
    assert "Plain" not in html
    assert re.findall(r"<td[^>]*>(Milk|1.20|Bread|0.80)</td>", html) == ["Milk", "1.20", "Bread", "0.80"]
    assert html.index("<tbody><tr><td") < html.index("Milk") < html.index("</tbody>", html.index("Bread"))
    assert "a note to whoever" not in html
    assert 'lang="en"' in html
    assert "{" not in re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)
    assert "tagq" not in html + text


def test_styles_are_inlined_and_what_a_phone_needs_stays() -> None:
    html, _text = filled(LETTER)
    assert html.count('style="color: #123456;padding: 3px') == 4
    assert "@media (max-width: 400px)" in html
    assert "color:#123456" in html
    assert "background-color:#0b6e4f" in html


def test_the_plain_part_reads_as_a_letter() -> None:
    _html, text = filled(LETTER)
    assert text == (
        "Gold, Ann <b> & only if 2 < 3\nreally\n\n"
        "Milk: 1.20\nBread: 0.80\n \n"
        "Look: https://shop.example/?a=1&b=Ann <b>\n\n"
        "- one\n- two\n\n"
        "Write to shop@shop.example, or shop.example"
    )
    assert filled(LETTER, gold=False)[1].startswith("Plain\n\nMilk")


def test_no_font_server_learns_who_reads() -> None:
    html, _text = filled(
        "<mjml><mj-body><mj-section><mj-column><mj-text>Hi</mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    assert "http" not in html.replace("http-equiv", "").replace("http://www.w3.org/1999/xhtml", "")


def letter(inside: str, head: str = "") -> str:
    return (
        f"<mjml><mj-head>{head}</mj-head><mj-body><mj-section><mj-column><mj-text>{inside}</mj-text>"
        "</mj-column></mj-section></mj-body></mjml>"
    )


DEEP = "<div>" * 5_000 + "</div>" * 5_000
MANY_STYLES = "<mj-style>" + ".a { color: red }" * 2_000 + "</mj-style>"

HOSTILE = {
    "a file of the server": (
        letter("").replace("<mj-column>", '<mj-include path="/etc/passwd" /><mj-column>'),
        Fault.ELEMENT,
    ),
    "a file as css": (letter("", '<mj-include path="/etc/passwd" type="css" />'), Fault.ELEMENT),
    "a remote sheet": (
        letter("", '<mj-raw><link rel="stylesheet" href="https://x.example/a.css" /></mj-raw>'),
        Fault.ELEMENT,
    ),
    "an import": (letter("", "<mj-style>@import url(https://x.example/a.css);</mj-style>"), Fault.STYLE),
    "an import in disguise": (letter("", r"<mj-style>@\69mport 'https://x.example/a.css';</mj-style>"), Fault.STYLE),
    "a font": (letter("", '<mj-font name="X" href="https://x.example/a.css" />'), Fault.ELEMENT),
    "a script": (letter("<script>alert(1)</script>"), Fault.ELEMENT),
    "a SCRIPT": (letter("<SCRIPT SRC=https://x.example/a.js></SCRIPT>"), Fault.ELEMENT),
    "a handler": (letter('<img src="https://x.example/a.png" onerror="alert(1)">'), Fault.ATTRIBUTE),
    "a handler after a slash": (letter('<img/onerror="alert(1)"/src="https://x.example/a.png">'), Fault.ATTRIBUTE),
    "a link that runs": (letter('<a href="javascript:alert(1)">x</a>'), Fault.ADDRESS),
    "a link that runs, spelt": (letter('<a href="&#106;avascript:alert(1)">x</a>'), Fault.ADDRESS),
    "a page in a link": (letter('<a href="data:text/html,x">x</a>'), Fault.ADDRESS),
    "a link to nowhere": (letter('<a href="/cart">x</a>'), Fault.ADDRESS),
    "a frame": (letter('<iframe src="https://x.example"></iframe>'), Fault.ELEMENT),
    "a form": (letter('<form action="https://x.example"><input></form>'), Fault.ELEMENT),
    "a drawing that runs": (letter('<svg onload="alert(1)"></svg>'), Fault.ELEMENT),
    "a refresh": (
        letter("", '<mj-raw><meta http-equiv="refresh" content="0;url=https://x.example" /></mj-raw>'),
        Fault.ELEMENT,
    ),
    "a base": (letter('<base href="https://x.example/">'), Fault.ELEMENT),
    "an entity": ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + letter("&b;"), Fault.BROKEN),
    "a section of data": (letter("<![CDATA[<script>]]>"), Fault.BROKEN),
    "somebody's pictures": (
        letter("").replace("<mj-text>", '<mj-social><mj-social-element name="x" /></mj-social><mj-text>'),
        Fault.ATTRIBUTE,
    ),
    "somebody's arrows": (letter("").replace("<mj-text>", "<mj-accordion></mj-accordion><mj-text>"), Fault.ELEMENT),
    "an old Internet Explorer": (letter('<p style="width: expression(alert(1))">x</p>'), Fault.STYLE),
    "5 MB": (letter("a" * 5_000_000), Fault.TOO_LARGE),
    "very deep": (letter(DEEP), Fault.TOO_DEEP),
    "very many": (letter("<b>x</b>" * 5_000), Fault.TOO_LARGE),
    "styles by the yard": (letter("", MANY_STYLES), Fault.TOO_LARGE),
    "many small sheets": (letter("", "<mj-style>.a { color: red }</mj-style>" * 1_500), Fault.TOO_LARGE),
    "tags by the yard": (letter("{{ a }}" * 5_000), Fault.TOO_LARGE),
    "an open tag": (letter("{{ name"), Fault.BROKEN),
    "an open block": (letter("{% if x"), Fault.BROKEN),
    "an open element": (letter("<b>x"), Fault.BROKEN),
    "an open quote": (letter('<a href="x>'), Fault.BROKEN),
    "an open comment": (letter("<!-- x"), Fault.BROKEN),
    "no MJML": ("Hello", Fault.BROKEN),
    "HTML": ("<p>Hello</p>", Fault.BROKEN),
    "nothing": ("", Fault.BROKEN),
}


@pytest.mark.parametrize(("source", "fault"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_reaches_out_or_breaks_is_refused(source: str, fault: Fault) -> None:
    with pytest.raises(Unfit) as refused:
        mjml.compiled(source)
    assert refused.value.fault is fault, refused.value


def test_what_hides_in_a_comment_for_outlook_is_left_out() -> None:
    html, _text = filled(letter("a<!--[if mso]><script>alert(1)</script><![endif]-->b"))
    assert "<script" not in html
    assert ">ab<" in html


@pytest.mark.parametrize("piece", ["{{", "{%", "<", "<a ", "<!--", "<b>", '<a b="', "{{ a }}", "a{", "</", "&", "\\"])
def test_no_source_takes_long(piece: str) -> None:
    source = letter(piece * (190_000 // len(piece)))
    began = time.perf_counter()
    with suppress(Unfit):
        mjml.compiled(source)
    assert time.perf_counter() - began < 2


def test_a_page_is_not_much_larger_than_its_source() -> None:
    styles = ".a { background: url(https://x.example/" + "a" * (scanning.LONGEST_STYLES - 200) + ") }"
    with pytest.raises(Unfit, match="characters of HTML"):
        mjml.compiled(letter('<b class="a">x</b>' * 1_000, f"<mj-style>{styles}</mj-style>"))


def test_a_word_that_looks_like_ours_is_a_word() -> None:
    html, _text = filled(letter("tagqe0z {{ name }}"))
    assert "tagqe0z Ann" in html
