"""What letters are built of: pieces of MJML, each readable by day and by night, on a desk and on a phone.

Words in ``[[ ]]`` are put in by the gallery; tags of the template stay for whoever is written to.
"""

from collections.abc import Callable, Mapping

HEAD = """<mjml lang="{{ lang }}">
  <mj-head>
    <mj-title>[[subject]]</mj-title>
    <mj-preview>[[preheader]]</mj-preview>
    <mj-attributes>
      <mj-all font-family="-apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif" />
      <mj-text font-size="16px" line-height="24px" color="#1d2329" padding="0 28px 12px" />
      <mj-section padding="0" />
      <mj-column padding="0" />
    </mj-attributes>
    <mj-raw>
      <meta name="color-scheme" content="light dark" />
      <meta name="supported-color-schemes" content="light dark" />
    </mj-raw>
    <mj-style>
      :root { color-scheme: light dark; supported-color-schemes: light dark; }
      .logo img { color: {{ brand.ink }}; font-size: 18px; line-height: 26px; font-weight: 600; }
      .rows td { padding: 10px 0; border-bottom: 1px solid #e6e9ec; font-size: 16px; line-height: 22px; }
      .rows td.value { text-align: right; white-space: nowrap; }
      .rows tr.sum td { border-bottom: 0; font-weight: 700; }
      .ink a, .box a { color: {{ brand.accent }}; }
      .quiet a { color: #5b6670; }
      .code div { letter-spacing: 2px; }
      @media (prefers-color-scheme: dark) {
        body, .page { background-color: #101418 !important; }
        .card, .card > table { background-color: #1a2027 !important; }
        .ink div, .rows td, .rows { color: #e9edf1 !important; }
        .ink a, .box a { color: {{ brand.accent_dark }} !important; }
        .rows td { border-bottom-color: #323b45 !important; }
        .box { background: #2a323b !important; }
        .box div { color: #e9edf1 !important; }
        .quiet div, .quiet a { color: #a3afba !important; }
      }
    </mj-style>
  </mj-head>
  <mj-body background-color="#eef1f3" css-class="page" width="600px">
    <mj-section padding="24px 0 0"><mj-column><mj-spacer height="1px" /></mj-column></mj-section>
"""
TOP = """    <mj-section background-color="{{ brand.colour }}" border-radius="14px 14px 0 0" padding="26px 0 24px">
      <mj-column>
        <mj-raw>{% if brand.logo_url %}</mj-raw>
        <mj-image css-class="logo" src="{{ brand.logo_url }}" alt="{{ program.name }}" align="left" width="120px"
          padding="0 28px 12px" />
        <mj-raw>{% else %}</mj-raw>
        <mj-text color="{{ brand.ink }}" font-size="15px" line-height="20px"
          padding="0 28px 6px">{{ program.name }}</mj-text>
        <mj-raw>{% endif %}</mj-raw>
        <mj-text color="{{ brand.ink }}" font-size="30px" line-height="38px" font-weight="700"
          padding="0 28px">[[big]]</mj-text>
        [[small]]
      </mj-column>
    </mj-section>
    <mj-section background-color="#ffffff" css-class="card" border-radius="0 0 14px 14px" padding="24px 0 14px">
      <mj-column>
"""
SMALL = (
    """<mj-text color="{{ brand.ink }}" font-size="16px" line-height="22px" padding="6px 28px 0">[[text]]</mj-text>"""
)
BOTTOM = """      </mj-column>
    </mj-section>
    <mj-section padding="20px 0 32px">
      <mj-column>
        <mj-text css-class="quiet" font-size="13px" line-height="20px" color="#5b6670"
          padding="0 28px 8px">[[why]]</mj-text>
        <mj-text css-class="quiet" font-size="13px" line-height="20px" color="#5b6670"
          padding="0 28px 8px">[[sender]]</mj-text>
        <mj-text css-class="quiet" font-size="13px" line-height="20px" color="#5b6670"
          padding="0 28px">[[ways_out]]</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""
SENDER = (
    "{% if advert %}{{ advert }}<br />{% endif %}{{ program.name }}"
    "{% if brand.legal_name %}<br />{{ brand.legal_name }}"
    "{% if brand.tax_id %} · [[tax_id]] {{ brand.tax_id }}{% endif %}{% endif %}"
    "{% if brand.address %}<br />{{ brand.address }}{% endif %}"
    "{% if brand.contact %}<br />{{ brand.contact }}{% endif %}"
)
TEXT = '        <mj-text css-class="ink">[[text]]</mj-text>\n'
TITLE = (
    '        <mj-text css-class="ink" font-size="18px" line-height="26px" font-weight="700" padding="8px 28px 8px">'
    "[[text]]</mj-text>\n"
)
QUIET = (
    '        <mj-text css-class="quiet" font-size="14px" line-height="21px" color="#5b6670" padding="4px 28px 12px">'
    "[[text]]</mj-text>\n"
)
BOX = (
    '        <mj-text css-class="box" container-background-color="#f2f4f6" padding="14px 28px" line-height="24px">'
    '[[text]]</mj-text>\n        <mj-spacer height="12px" />\n'
)
CODE = (
    '        <mj-text css-class="box code" container-background-color="#f2f4f6" align="center" font-size="26px"'
    ' line-height="34px" font-weight="700" padding="16px 28px">[[text]]</mj-text>\n'
    '        <mj-spacer height="12px" />\n'
)
BUTTON = (
    '        <mj-button href="[[link]]" background-color="{{ brand.colour }}" color="{{ brand.ink }}" font-size="16px"'
    ' font-weight="600" border-radius="10px" padding="8px 28px 16px" inner-padding="14px 24px" align="left">'
    "[[text]]</mj-button>\n"
)
TAG = "        <mj-raw>[[text]]</mj-raw>\n"
ROWS = """        <mj-table css-class="rows" padding="0 28px 16px" role="table" color="#1d2329" font-size="16px"
          line-height="22px">
[[text]]        </mj-table>
"""
ROW = '          <tr[[kind]]><td>[[label]]</td><td class="value" align="right">[[value]]</td></tr>\n'

Words = Mapping[str, str]


def put(piece: str, **words: str) -> str:
    """Put words in the places of a piece."""
    for name, text in words.items():
        piece = piece.replace(f"[[{name}]]", text)
    return piece


def button(text: str, link: str) -> str:
    """Return a button; one that leads to the program's site is left out where nobody has said which that is."""
    made = put(BUTTON, text=text, link=link)
    if link != "{{ brand.site }}":
        return made
    return put(TAG, text="{% if brand.site %}") + made + put(TAG, text="{% endif %}")


def rows(lines: str) -> str:
    """Return a table, of lines like ``label = value``; those of a tag alone stay, ``sum:`` makes the closing one."""
    out = ""
    for line in filter(None, map(str.strip, lines.splitlines())):
        if line.startswith("{%"):
            out += f"          <!--{line}-->\n"
            continue
        label, _, value = line.partition(" = ")
        is_sum = label.startswith("sum: ")
        out += put(ROW, kind=' class="sum"' if is_sum else "", label=label.removeprefix("sum: "), value=value)
    return put(ROWS, text=out)


def _simple(piece: str) -> Callable[[str], str]:
    return lambda text: put(piece, text=text)


PIECES: Mapping[str, Callable[[str], str]] = {
    "text": _simple(TEXT),
    "title": _simple(TITLE),
    "quiet": _simple(QUIET),
    "box": _simple(BOX),
    "code": _simple(CODE),
    "tag": _simple(TAG),
    "rows": rows,
}
