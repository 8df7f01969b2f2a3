"""What can be seen of chats, pushes and texts without asking their providers."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from verno.kit import config
from verno.kit.errors import VernoError
from verno.messaging.channels.sms import channel as texts
from verno.wiring.doctor.house import DEFAULT_SENDER, is_loopback
from verno.wiring.doctor.types import Finding, Verdict

_TOKEN = re.compile(r"[0-9]{5,}:[A-Za-z0-9_-]{30,}")


def look() -> Iterator[Finding]:
    """Look at the settings of each channel but mail."""
    yield _telegram()
    yield _push()
    yield _texts()


def _telegram() -> Finding:
    token = config.telegram_token()
    if token is None:
        return Finding("telegram", Verdict.OK, "there is no bot, so nothing goes there")
    parts = urlsplit(config.telegram_url())
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        text = "the bot's token goes over the network in clear: VERNO_TELEGRAM_URL must be https://"
        return Finding("telegram", Verdict.BAD, text)
    if _TOKEN.search(config.public_url()) or _TOKEN.search(config.telegram_url()):
        text = "the bot's token stands in an address, where logs show it: it belongs into VERNO_TELEGRAM_TOKEN alone"
        return Finding("telegram", Verdict.BAD, text)
    if config.telegram_bot() is None:
        return Finding("telegram", Verdict.NOTE, "nobody can link a chat: set VERNO_TELEGRAM_BOT to the bot's name")
    if not config.public_url().startswith("https://"):
        text = "Telegram cannot call VERNO_PUBLIC_URL, which is not https://, so the worker asks it: answers come later"
        return Finding("telegram", Verdict.NOTE, text)
    text = "Telegram calls /hooks/telegram with a secret that follows from the master secret"
    return Finding("telegram", Verdict.OK, text)


def _push() -> Finding:
    if networks := config.push_networks():
        text = (
            f"pushes may go into private networks ({', '.join(map(str, networks))}) and without TLS, to whatever a"
            " browser names there: keep VERNO_PUSH_NETWORKS as small as your push service's"
        )
        return Finding("push", Verdict.NOTE, text)
    parts = urlsplit(config.public_url())
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        return Finding(
            "push", Verdict.NOTE, "no browser takes notifications of a page without TLS: set VERNO_PUBLIC_URL"
        )
    if parts.scheme == "https" and config.mail_from() == DEFAULT_SENDER:
        text = f"push services are told to write to {DEFAULT_SENDER} (VAPID), which some refuse: set VERNO_MAIL_FROM"
        return Finding("push", Verdict.NOTE, text)
    return Finding("push", Verdict.OK, "its key (VAPID) follows from the master secret; pushes go to public addresses")


def _texts() -> Finding:
    url = config.sms_url()
    if url is None:
        return Finding("texts", Verdict.OK, "there is no provider, so texts wait")
    try:
        paced = texts.provider()
    except VernoError as error:
        return Finding("texts", Verdict.BAD, str(error))
    parts = urlsplit(url)
    if parts.scheme in ("http", "smpp") and not is_loopback(parts.hostname or ""):
        text = f"texts and codes go to {parts.hostname} in clear: use {parts.scheme}s://, or a tunnel"
        return Finding("texts", Verdict.NOTE, text)
    if paced is not None and paced.per_second is None:
        text = "the provider's rate is not set, so that it may throttle codes too: add per_second to VERNO_SMS_URL"
        return Finding("texts", Verdict.NOTE, text)
    return Finding("texts", Verdict.OK, f"texts go to {parts.hostname}")
