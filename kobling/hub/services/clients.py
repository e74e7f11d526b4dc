"""Clients and firms."""

from __future__ import annotations

from kobling.access.models import Client, Firm
from kobling.access.policy import Actor, Doing, NotFound, clients_of, firms_of
from kobling.hub.services.log import record
from kobling.records import N_

DEFAULT = "default"


def find(actor: Actor, name: str, doing: Doing = Doing.SEE) -> Client:
    """A client by name or number. Raises NotFound, also for clients of others."""
    allowed = clients_of(actor, doing)
    client = allowed.filter(name=name).first() or allowed.filter(number=name).exclude(number="").first()
    if client is None:
        raise NotFound(N_("There is no client “%(name)s”, or it is not yours."), name=name, code="not_found")
    return client


def add(actor: Actor, name: str, *, number: str = "", firm: Firm | None = None) -> Client:
    """Make a client, the operator any, a firm's people in their own firm."""
    if firm is not None and not firms_of(actor).filter(pk=firm.pk).exists():
        raise NotFound(N_("There is no such firm, or it is not yours."), code="not_found")
    if firm is None and not actor.is_operator:
        firm = firms_of(actor).first()
        if firm is None:
            raise NotFound(N_("There is no such firm, or it is not yours."), code="not_found")
    client = Client.objects.create(name=name, number=number, firm=firm)
    record(actor, client, "client added", name)
    return client


def find_or_add(actor: Actor, name: str) -> Client:
    """A client by name; the operator of a one-company installation need not make it first."""
    try:
        return find(actor, name, Doing.SET_UP)
    except NotFound:
        if not actor.is_operator:
            raise
        return add(actor, name)
