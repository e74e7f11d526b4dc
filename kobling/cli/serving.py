"""serve, web: the pages."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
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
_STOPPING = (signal.SIGTERM, signal.SIGINT)
Host = Annotated[str, typer.Option("--host", help="The address to listen at.")]
Port = Annotated[int, typer.Option("--port", help="The port to listen at.")]


@app.command()
def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Show the pages and do the work, in one process. On PostgreSQL, ‘web’ and ‘worker’ can be started apart."""
    with listening(host, port) as door:
        show(door)


@app.command(name="sign-in-link")
def sign_in_link(email: Annotated[str, typer.Argument(help="Their e-mail address.")]) -> None:
    """Make a link that signs somebody in once: for who has lost every other way in."""
    from django.conf import settings

    from kobling.access.models import Person
    from kobling.access.policy import NotFound
    from kobling.cli.asking import who_asks
    from kobling.hub.services import joining
    from kobling.sdk.clock import SystemClock

    person = Person.objects.filter(email__iexact=email, is_active=True).first()
    if person is None:
        raise NotFound(N_("Nobody here has the address %(email)s."), email=email, code="not_found")
    secret = joining.sign_in_link(who_asks(), person, SystemClock().now())
    address = settings.PUBLIC_URL or "http://127.0.0.1:8000"
    told = {"name": person.called, "link": f"{address}/sign-in/{secret}/", "hours": 12}
    output.say(N_("%(name)s signs in at %(link)s. It works once, within %(hours)s hours."), told)


def show(door: socket.socket, tell: Callable[[str], None] = lambda _address: None) -> None:
    """Pages and worker until they are stopped; ``tell`` says more of the address, once the pages can be opened."""
    from kobling.engine.worker import Worker

    log.set_up(verbose=True)
    with Worker() as work:
        server = _server()
        with _working(work, server):
            _until_stopped(server, door, tell)


@app.command()
def web(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Show the pages alone; workers do the work. Needs PostgreSQL."""
    from django.conf import settings

    if not settings.DATABASE_URL:
        raise SettingsError(N_("With SQLite, pages and work are one process: use ‘serve’."), code="serve")
    log.set_up(verbose=True)
    with listening(host, port) as door:
        _until_stopped(_server(), door)


def listening(host: str, port: int) -> socket.socket:
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


def _until_stopped(
    server: uvicorn.Server, door: socket.socket, tell: Callable[[str], None] = lambda _address: None
) -> None:
    # A signal may come as soon as the address is told, before uvicorn listens to any, and it hands each on once it has
    # stopped. A flag is never lost, as an exception can be that is raised wherever Python happens to be.
    before = {each: signal.signal(each, lambda *_: setattr(server, "should_exit", True)) for each in _STOPPING}
    tell(_tell_where(door))
    server.run(sockets=[door])
    # Whoever does not want to wait for the worker's end stops it once more.
    for each, handler in before.items():
        signal.signal(each, handler or signal.SIG_DFL)


def _tell_where(door: socket.socket) -> str:
    from django.conf import settings

    from kobling.hub.services import joining
    from kobling.sdk.clock import SystemClock

    host, port = door.getsockname()[:2]
    address = settings.PUBLIC_URL or f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if secret := joining.first_link(SystemClock().now()):
        link = f"{address}/begin/{secret}/"
        output.say(N_("Nobody is here yet. Begin at %(link)s within a day; the link works once."), {"link": link})
    output.say(N_("Pages at %(address)s. Stop with Ctrl+C."), {"address": address})
    return address
