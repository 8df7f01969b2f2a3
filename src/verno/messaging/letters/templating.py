"""Templates: an MJML file compiled once per process to a letter's HTML, and a plain-text file beside it.

Safety: templates get plain copies of text and lists only, run on a ration of
``fuel``, escape what they print, and fail on a name they do not have.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

import css_inline
from minijinja import Environment
from mjml import mjml2html

from verno.messaging.types import Letter

_MJMLS_OWN = re.compile(r'(<style type="text/css")>(?!:root)')
"""MJML's resets work from the head; inlined into every cell they would make the letter half as large again."""

FUEL = 100_000
"""Template instructions of one letter; a statement of 60 rows takes under 5,000."""


def render(template: str, view: Mapping[str, object]) -> Letter:
    """Return the letter; ``view`` holds ``subject`` and the template's words. Raises ``TemplateError``."""
    environment = _environment(template)
    return Letter(
        subject=str(view["subject"]),
        html=environment.render_template("letter.html", **view),
        text=environment.render_template("letter.txt", **view),
    )


@lru_cache(maxsize=32)
def _environment(template: str) -> Environment:
    folder = resources.files("verno.messaging") / "templates"
    source = (folder / f"{template}.mjml").read_text(encoding="utf-8")
    text = (folder / f"{template}.txt").read_text(encoding="utf-8")
    return Environment(
        templates={"letter.html": compile_mjml(source), "letter.txt": text},
        fuel=FUEL,
        undefined_behavior="strict",
        trim_blocks=True,
        auto_escape_callback=lambda name: name.endswith(".html"),
    )


def compile_mjml(source: str) -> str:
    """Return a template of HTML with its styles inlined; what phones and dark mode need stays in a style element.

    Template tags travel through both tools inside comments, since an HTML parser would throw bare tags between
    table rows out of the table.
    """
    inliner = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
    marked = _MJMLS_OWN.sub(r'\1 data-css-inline="ignore">', mjml2html(source))
    inlined = inliner.inline(marked).replace(' data-css-inline="ignore"', "")
    return inlined.replace("<!--{%", "{%").replace("%}-->", "%}")
