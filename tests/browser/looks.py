"""Looks at a page: is it wider than its window, and a picture for who wants to see for themselves."""

import os
from pathlib import Path

from playwright.sync_api import Page


def wide(page: Page) -> bool:
    """Say whether a page is wider than its window.

    A click returns while the next page may not have its first element yet: the whole of it is waited for.
    """
    page.wait_for_load_state()
    return bool(page.locator("html").evaluate("html => html.scrollWidth > html.clientWidth"))


def keep(page: Page, name: str, *, by_night: bool = False, settle: int = 0) -> None:
    """Keep a picture where somebody wants to look (VERNO_TEST_PICTURES), after ``settle`` ms; by day and by night."""
    assert not wide(page), name
    folder = os.environ.get("VERNO_TEST_PICTURES")
    if not folder:
        return
    if not by_night:
        page.wait_for_timeout(settle)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
        return
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(400)  # colours fade
        page.screenshot(path=str(Path(folder) / f"{name}-{scheme}.png"), full_page=True)
    page.emulate_media(color_scheme="light")
