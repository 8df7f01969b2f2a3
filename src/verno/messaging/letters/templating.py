"""Templates: an MJML file compiled once per process to a letter's HTML, and a plain-text file beside it.

Safety: templates get plain copies of text and lists only, run on a ration of
``fuel``, escape what they print, and fail on a name they do not have.
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

from minijinja import Environment

from verno.messaging.layouts import mjml
from verno.messaging.types import Letter

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
        templates={"letter.html": mjml.compiled(source).html, "letter.txt": text},
        fuel=FUEL,
        undefined_behavior="strict",
        trim_blocks=True,
        auto_escape_callback=lambda name: name.endswith(".html"),
    )
