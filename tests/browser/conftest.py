"""A real server on a free port, and Debian's Chromium that looks at it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, sync_playwright

from tests.cli.commands import free_port, get, wait_for
from tests.console import story
from tests.console.story import Story
from verno.kit import db

CHROMIUM = Path("/usr/bin/chromium")
STATIC = Path(__file__).resolve().parents[2] / "src" / "verno" / "static"
SCREENSHOTS = Path(__file__).parent / "screenshots"
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine cannot do, and say why."""
    reason = ""
    if not CHROMIUM.exists():
        reason = f"{CHROMIUM} is missing: apt install chromium"
    elif not (STATIC / "console.js").exists():
        reason = "the browser parts are not built: make setup"
    here = Path(__file__).parent
    for item in items:
        if reason and here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


@dataclass
class Site:
    """A served shop and a browser that keeps account of what went wrong."""

    address: str
    story: Story
    browser: Browser
    trouble: list[str] = field(default_factory=list)

    @contextmanager
    def visitor(self, **options: object) -> Iterator[Page]:
        """Open a page in a profile of its own."""
        context: BrowserContext = self.browser.new_context(base_url=self.address, **options)  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.trouble.append(f"script: {error}"))
        page.on("request", self._request)
        page.on("response", self._response)
        yield page
        context.close()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.trouble.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob", "about"} and not request.url.startswith(self.address):
            self.trouble.append(f"outside: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= HTTPStatus.BAD_REQUEST:
            self.trouble.append(f"{response.status}: {response.url}")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Start Chromium once; gone when the tests of this folder are done.

    Playwright's loop runs in this thread as long as it lives, and Django would refuse to use a database beside it.
    """
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        # The tests may run as root, where Chromium's own sandbox cannot start.
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def site(database: str, browser: Browser) -> Iterator[Site]:
    """Serve the story's shop as ``verno serve`` does, until the test is over."""
    now = datetime.now(UTC)
    with db.transaction() as conn:
        told = story.tell(conn, now=now)
    story.count_events(now)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "verno", "serve", "--port", str(port)]
    with subprocess.Popen(command, env={**os.environ, "VERNO_PUBLIC_URL": address}) as server:
        try:
            wait_for("the sign-in page", 30, lambda: get(port, "/console/sign-in/")[0] == HTTPStatus.OK)
            yield Site(address, told, browser)
        finally:
            server.terminate()
            server.wait(20)
