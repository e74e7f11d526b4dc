"""Starts what a command needs: Django with an up-to-date schema, who asks, and a worker when one is wanted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import django
from django.core.management import call_command

from kobling import log

if TYPE_CHECKING:
    from kobling.access.policy import Actor
    from kobling.hub.connections.opening import Opener


def start_django() -> None:
    """Set Django up and bring the database's schema up to date."""
    log.set_up(verbose=False)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kobling.settings")
    django.setup()
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)


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
    from kobling.records import N_

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
