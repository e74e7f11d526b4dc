"""serve, web: the pages."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from kobling import log
from kobling.cli import output
from kobling.records import N_, SettingsError

if TYPE_CHECKING:
    import uvicorn

    from kobling.engine.worker import Worker

app = typer.Typer()
Host = Annotated[str, typer.Option("--host", help="The address to listen at.")]
Port = Annotated[int, typer.Option("--port", help="The port to listen at.")]


@app.command()
def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Show the pages and do the work, in one process. On PostgreSQL, ‘web’ and ‘worker’ can be started apart."""
    from kobling.engine.worker import Worker

    log.set_up(verbose=True)
    with _listening(host, port) as door, Worker() as work:
        server = _server()
        with _working(work, server):
            _until_stopped(server, door)


@app.command()
def web(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Show the pages alone; workers do the work. Needs PostgreSQL."""
    from django.conf import settings

    if not settings.DATABASE_URL:
        raise SettingsError(N_("With SQLite, pages and work are one process: use ‘serve’."), code="serve")
    log.set_up(verbose=True)
    with _listening(host, port) as door:
        _until_stopped(_server(), door)


def _listening(host: str, port: int) -> socket.socket:
    """Listen before anything else: an address that is taken is told at once, and what is printed can be opened."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as fault:
        raise SettingsError(
            N_("Nobody can listen at %(address)s: %(why)s. Choose another one with --host and --port."),
            address=f"{host}:{port}",
            why=os.strerror(fault.errno) if fault.errno else type(fault).__name__,
            code="address",
        ) from None


def _server() -> uvicorn.Server:
    import uvicorn

    config = uvicorn.Config(
        "kobling.web.asgi:application",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config)


@contextmanager
def _working(work: Worker, server: uvicorn.Server) -> Iterator[None]:
    """The worker beside the pages; a fault of it that a person must mend ends both, and is told."""
    faults: list[BaseException] = []

    def works() -> None:
        try:
            work.serve()
        except BaseException as fault:  # noqa: BLE001 - told by the thread that started this one
            faults.append(fault)
        server.should_exit = True

    thread = threading.Thread(target=works, name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        work.stop()
        thread.join()
    if faults:
        raise faults[0]


def _until_stopped(server: uvicorn.Server, door: socket.socket) -> None:
    # uvicorn hands a signal on once it has stopped in good order; what is open here must be closed as well. It may
    # come as soon as the address is told, before uvicorn listens to signals.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        _tell_where(door)
        server.run(sockets=[door])
    except KeyboardInterrupt:
        return


def _tell_where(door: socket.socket) -> None:
    from django.conf import settings

    from kobling.hub.services import joining
    from kobling.sdk.clock import SystemClock

    host, port = door.getsockname()[:2]
    address = settings.PUBLIC_URL or f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if secret := joining.first_link(SystemClock().now()):
        link = f"{address}/begin/{secret}/"
        output.say(N_("Nobody is here yet. Begin at %(link)s within a day; the link works once."), {"link": link})
    output.say(N_("Pages at %(address)s. Stop with Ctrl+C."), {"address": address})
