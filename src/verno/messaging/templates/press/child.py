"""The press itself: reads a request, answers it, until nobody asks any more. Run as a process of its own."""

import os
import resource
import sys
from collections import OrderedDict
from collections.abc import Callable

import msgspec
from minijinja import Environment, TemplateError

from verno.messaging.templates.press import compiling, engine
from verno.messaging.templates.press.protocol import (
    READY,
    AllRendered,
    Broken,
    Compile,
    Compiled,
    Missing,
    Render,
    RenderAll,
    Rendered,
    Reply,
    Request,
    frame,
    unframe,
)

MEMORY = 384 * 1024 * 1024
"""Bytes of address space, the interpreter's own included."""
CPU_SECONDS = 1
"""Whole seconds of one request; the kernel counts them, so it takes between one and two."""
KEPT = 128
"""Blocks that are kept ready."""

_decoder: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)


class Press:
    """What is known from earlier requests: the ready blocks, the last asked last."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._ready: OrderedDict[str, Environment] = OrderedDict()

    def answer(self, request: Request) -> Reply:
        """Return what is asked, or why not."""
        if isinstance(request, RenderAll):
            return AllRendered([self._rationed(one) for one in request.renders])
        return self._guarded(request)

    def _rationed(self, request: Render) -> Rendered | Missing | Broken:
        ration()
        reply = self._guarded(request)
        return reply if isinstance(reply, Rendered | Missing | Broken) else Broken("", "no answer")

    def _guarded(self, request: Compile | Render) -> Reply:
        try:
            return self._compile(request) if isinstance(request, Compile) else self._render(request)
        except MemoryError:
            return Broken("", "takes too much memory")
        except TemplateError as error:
            return Broken("", engine.said(error))
        except Exception as error:  # noqa: BLE001 whatever a source makes of plain data is a fault of the source
            return Broken("", f"{type(error).__name__}: {error}"[:300])

    def _compile(self, request: Compile) -> Compiled | Broken:
        out = compiling.compiled(request.blocks, track=request.track, texts=request.texts)
        if isinstance(out, Broken):
            return out
        for block in out.blocks:
            try:
                engine.environment(block.subject, block.html, block.text)
            except TemplateError as error:
                return Broken(f"{block.channel}/{block.locale}", engine.said(error))
        return out

    def _render(self, request: Render) -> Reply:
        made = self._ready.get(request.key)
        if made is None:
            if request.sources is None:
                return Missing()
            made = engine.environment(*request.sources)
            self._ready[request.key] = made
            while len(self._ready) > KEPT:
                self._ready.popitem(last=False)
        self._ready.move_to_end(request.key)
        return engine.render(made, request.view)


def limit() -> None:
    """Take from this process what a template has no use for: memory, files, core dumps."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def ration() -> None:
    """Give the next request its seconds; past them the kernel ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def serve(read: Callable[[int], bytes], write: Callable[[bytes], object]) -> None:
    """Answer one request after the other until the stream ends."""
    press = Press()
    while (body := unframe(read)) is not None:
        ration()
        write(frame(press.answer(_decoder.decode(body))))


def main() -> None:
    """Serve the process that started this one."""
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)

    def write(data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[sink.write(view) or 0 :]

    limit()
    write(READY)
    serve(source.read, write)


if __name__ == "__main__":
    main()
