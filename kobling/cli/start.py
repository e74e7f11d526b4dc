"""Starts what a command needs: Django with an up-to-date schema, who asks, and a worker when one is wanted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import django
from django.conf import settings
from django.core.management import call_command
from rich.markup import escape

from kobling import log
from kobling.hub.told.said import filled
from kobling.records import N_

if TYPE_CHECKING:
    from kobling.access.policy import Actor
    from kobling.hub.connections.opening import Opener
    from kobling.storage import Home


FIRST_ACTS = ("", "init", "demo", "connect", "setup", "market", "serve", "web")
"""Commands that may begin in a data folder that somebody named and that is not there yet."""
WITH_PAGES = ("serve", "web", "demo")
"""Commands that show pages; the others start quicker without."""
FOR_GOOD = ("serve", "web", "worker")
"""Commands that run until they are stopped, and renew by themselves what has changed."""
WITHOUT_DATA = ("simulate", "help")
KEYS = "keys"
"""The command that mends missing key files, so that it must not be stopped by them."""
_WITH_VALUE = ("--client", "--as")


def command_of(arguments: Sequence[str]) -> str:
    """The command that the arguments name; ``help`` where only help is wanted, empty without any."""
    if {"--help", "--version", "--install-completion", "--show-completion"} & set(arguments):
        return "help"
    before = ""
    for each in arguments:
        if not each.startswith("-") and before not in _WITH_VALUE:
            return each
        before = each
    return ""


def start_django(command: str) -> None:
    """Set Django up, make sure that the data folder is the right one, and bring the database's schema up to date.

    Raises StorageError.
    """
    log.set_up(verbose=False)
    # Whoever has Django running already, as tests have, keeps it; what the environment says is not ours to follow.
    if not settings.configured:
        os.environ["DJANGO_SETTINGS_MODULE"] = "kobling.web.settings" if command in WITH_PAGES else "kobling.settings"
    django.setup()
    if command not in WITHOUT_DATA:
        _open(command)


def _open(command: str) -> None:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from kobling import storage
    from kobling.hub import vault

    home: storage.Home = settings.HOME
    new = home.open(first_act=command in FIRST_ACTS, worker=command == "worker")
    _said(home, new, home.tighten())
    executor = MigrationExecutor(connection)
    if new or (home.elsewhere and not executor.loader.applied_migrations):
        storage.make_web_key(home.folder)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
    if command != KEYS:
        storage.web_key(home.folder)
        vault.require_key()


def _said(home: Home, new: bool, open_to_others: list[str]) -> None:
    """A folder that was begun, or had been open to others, is said once."""
    from kobling.cli import output

    told = {"folder": str(home.folder), "names": ", ".join(open_to_others)}
    if new and home.named:
        output.err.print(escape(filled(N_("A new Kobling was begun in %(folder)s."), told)))
    elif not new and open_to_others:
        text = N_("Others on this machine could read %(names)s. From now on only the owner can.")
        output.err.print(escape(filled(text, told)))


def actor(name: str = "", client: str = "") -> Actor:
    """Who asks: the operator of this machine, or the person named; for the client named, and then for no other.

    Raises NotFound where there is no such person or client.
    """
    who = _somebody(name)
    if not client:
        return who
    from kobling.hub.services import clients

    return who.within(clients.find(who, client))


def _somebody(name: str) -> Actor:
    from kobling.access.models import Person
    from kobling.access.policy import Actor, NotFound

    if not name:
        return Actor.operator(os.environ.get("USER") or "operator")
    person = Person.objects.filter(username=name, is_active=True).first()
    if person is None:
        raise NotFound(N_("There is no person “%(name)s”."), name=name, code="not_found")
    return Actor.of(person)


@contextmanager
def vendors() -> Iterator[Opener]:
    """An opener for commands that talk to vendors without a run."""
    from kobling.engine.worker import opened
    from kobling.sdk.clock import SystemClock
    from kobling.sync.waiting import LoopThread

    with LoopThread() as waiting, opened(waiting, SystemClock()) as opener:
        yield opener
