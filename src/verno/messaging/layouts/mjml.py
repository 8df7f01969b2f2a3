"""MJML with a template's tags in it, compiled once to a letter: HTML with its styles inlined, and plain text.

Tags (``{{ }}``, ``{% %}``) travel as words that neither compiler nor parser touches, and come back at the end; those
that stand between elements travel in comments, since an HTML parser throws words out of a table's rows. Styles are
inlined here, once: per letter it would be a hundred times as dear.
"""

import re
from functools import lru_cache

import css_inline
import msgspec
from mjml import mjml2html

from verno.messaging.layouts import plaintext, scanning
from verno.messaging.layouts.scanning import Fault, Unfit

LARGEST_PAGE = 512 * 1024
"""Characters of compiled HTML."""
KEPT = 64

_FONTS = re.compile(r"<link\b[^>]*>|@import url\([^)]*\);?")
"""MJML asks a font server for its favourite fonts: it would learn who reads."""
_MJMLS_OWN = re.compile(r'<style type="text/css">')
_HIDDEN = ' data-css-inline="ignore"'


class Page(msgspec.Struct, frozen=True):
    """A compiled letter; both still with the template's tags. Only ``html`` is to be escaped when they are filled."""

    html: str
    text: str


@lru_cache(maxsize=KEPT)
def compiled(source: str) -> Page:
    """Return a letter's two parts; raises ``Unfit`` for a source that is too large, broken or reaches outside."""
    masked = scanning.masked(source)
    html = _inlined(_converted(masked.source), masked.marker)
    if len(html) > LARGEST_PAGE:
        raise Unfit(Fault.TOO_LARGE, f"{len(html)} characters of HTML")
    return Page(masked.restored(html), masked.restored(plaintext.of(html, masked)))


def _converted(source: str) -> str:
    try:
        return _FONTS.sub("", mjml2html(source))
    except ValueError as error:
        raise Unfit(Fault.BROKEN, str(error)) from None


def _inlined(html: str, marker: str) -> str:
    """Inline the letter's own styles; MJML's resets work from the head and would make it half as large again."""
    inliner = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)
    hidden = _MJMLS_OWN.sub(f'<style type="text/css"{_HIDDEN}>', html)
    shown = hidden.replace(f'<style type="text/css"{_HIDDEN}>{marker}', '<style type="text/css">')
    try:
        return inliner.inline(shown).replace(_HIDDEN, "").replace(marker, "")
    except css_inline.InlineError as error:
        raise Unfit(Fault.BROKEN, str(error)) from None
