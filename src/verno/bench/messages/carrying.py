"""Letters and texts from their rows to a sink, one worker, beside the bare client with the same bytes and no rows."""

import asyncio
import multiprocessing as mp
import os
import time
from collections.abc import Awaitable, Sequence
from datetime import datetime
from multiprocessing.synchronize import Barrier

import aiosmtplib
import django
import msgspec
import smpp34
from cryptography.hazmat.primitives.asymmetric import rsa

from verno.bench import scratch
from verno.bench.messages import crowd, sinks
from verno.bench.messages.crowd import Crowd
from verno.kit import config
from verno.kit.errors import VernoError
from verno.messaging.channels.email import smtp
from verno.messaging.channels.email.channel import Email
from verno.messaging.channels.email.dkim import Signer
from verno.messaging.channels.port import Channel, P
from verno.messaging.channels.sms import smpp
from verno.messaging.channels.sms.channel import Smpp
from verno.messaging.sender import send_due
from verno.messaging.types import CHANNEL_SMS

RSA_BITS = 2048
NUMBER = "79161234567"
LINE = 76
CONNECTIONS = 48
"""Letters under way at once, as a relay of one's own takes them."""
PATIENCE = 120.0
WINDOW = 128
"""Texts under way at once: at 40 ms an answer, an operator's usual distance, no fewer carry 3,000 a second."""


class Rate(msgspec.Struct, frozen=True):
    """Messages a second with their rows, the worker's own share of a processor, and the bare client's rate."""

    per_second: float
    worker_cpu: float
    bare_per_second: float
    size: int = 0
    """Bytes of the last letter."""

    @property
    def ratio(self) -> float:
        """Return our rate for each message of the bare client."""
        return self.per_second / self.bare_per_second


def letters(people: Crowd, count: int, template: str, *, now: datetime) -> Rate:
    """Send letters: rendered, built, signed, handed over, each with its row."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    signer = Signer(key, config.mail_from().rpartition("@")[2], "bench")
    crowd.plan(people, people.holders[:count], f"bench/letters/{template}", now=now, template=template)
    scratch.settle()
    with sinks.mail() as sink:
        channel = Email(smtp.Settings(sinks.HOST, sink.port, connections=CONNECTIONS), signer)
        rate, cpu = _sent(channel, count, sink, now)
        size, line = sink.size(), b"x" * LINE + b"\r\n"
        envelope = smtp.Envelope("bench@example.com", "member@example.com", line * (size // len(line)))
        bare = asyncio.run(_bare_mail(sink.port, channel.lines, count, envelope))
    return Rate(rate, cpu, bare, size)


def texts(people: Crowd, count: int, template: str, *, now: datetime) -> Rate:
    """Send texts over SMPP, each with its row."""
    crowd.plan(people, people.holders[:count], "bench/texts", now=now, channel=CHANNEL_SMS, template=template)
    scratch.settle()
    with sinks.texts() as sink:
        channel = _centre(sink.port)
        rate, cpu = _sent(channel, count, sink, now)
        bare = asyncio.run(_bare_texts(sink.port, channel.lines, count))
    return Rate(rate, cpu, bare)


def texts_by_workers(people: Crowd, count: int, template: str, *, now: datetime, workers: int) -> float:
    """Return how many texts a second so many worker processes send together, each over a session of its own."""
    crowd.plan(people, people.holders[:count], "bench/shared", now=now, channel=CHANNEL_SMS, template=template)
    scratch.settle()
    there = mp.get_context("spawn")
    start = there.Barrier(workers + 1)
    with sinks.texts() as sink, there.Pool(workers, _prepare, (start,)) as pool:
        done = [pool.apply_async(_share, (sink.port, now)) for _ in range(workers)]
        start.wait(PATIENCE)
        began = time.monotonic()
        accepted = sum(one.get(PATIENCE) for one in done)
        took = time.monotonic() - began
        if accepted != count or sink.taken() < count:
            message = f"of {count} texts {accepted} were accepted, the sink has {sink.taken()}"
            raise VernoError(message)
    return count / took


def _prepare(start: Barrier) -> None:
    """Load in a worker process what a text needs, before the clock runs."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "verno.wiring.settings")
    django.setup()
    globals()["_start"] = start


def _share(port: int, now: datetime) -> int:
    start: Barrier = globals()["_start"]
    start.wait(PATIENCE)
    return send_due(_centre(port), lambda: now, worker_name=f"bench-{os.getpid()}").accepted


def _centre(port: int) -> Smpp:
    return Smpp(smpp.settings(f"smpp://bench:bench@{sinks.HOST}:{port}?window={WINDOW}", "Bench"))


def _sent(channel: Channel[P], count: int, sink: sinks.Sink, now: datetime) -> tuple[float, float]:
    """Return messages a second and the share of a processor; all must have arrived, each once."""
    began, before = time.monotonic(), os.times()
    counts = send_due(channel, lambda: now, worker_name="bench")
    took, after = time.monotonic() - began, os.times()
    if counts.accepted != count or sink.taken() < count:
        message = f"of {count} messages {counts.accepted} were accepted, the sink has {sink.taken()}"
        raise VernoError(message)
    return count / took, (after.user + after.system - before.user - before.system) / took


async def _bare_mail(port: int, lines: int, count: int, envelope: smtp.Envelope) -> float:
    left = iter(range(count))

    async def carry() -> None:
        client = aiosmtplib.SMTP(hostname=sinks.HOST, port=port, start_tls=False)
        await client.connect()
        for _ in left:
            await client.sendmail(envelope.sender, [envelope.recipient], envelope.letter)
        await client.quit()

    return await _timed([carry() for _ in range(lines)], count)


async def _bare_texts(port: int, lines: int, count: int) -> float:
    left = iter(range(count))
    client = smpp34.Client(sinks.HOST, port, "bench", "bench", bind_type="TX", window_size=lines)
    centre = await client.connect()

    async def carry() -> None:
        for _ in left:
            await centre.submit_sm(NUMBER, b"x" * 140, source_addr="Bench")

    try:
        return await _timed([carry() for _ in range(lines)], count)
    finally:
        await client.stop()


async def _timed(work: Sequence[Awaitable[None]], count: int) -> float:
    began = time.monotonic()
    await asyncio.gather(*work)
    return count / (time.monotonic() - began)
