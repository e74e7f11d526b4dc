"""Which client a file is of: the same one in every installation that it is taken to."""

from __future__ import annotations

from uuid import uuid4

from kobling.access.models import Client
from kobling.access.policy import Actor, known_to
from kobling.hub.exchange.refusing import NotTaken
from kobling.records import N_


def identify(client: Client) -> None:
    """Give a client its identity, once: whoever comes second finds it there."""
    Client.objects.filter(pk=client.pk, origin="").update(origin=str(uuid4()))
    client.refresh_from_db(fields=["origin"])


def require_new(actor: Actor, origin: str) -> None:
    """Raises NotTaken when the client is here already: under which name, where the actor may know that."""
    there = Client.objects.filter(origin=origin).first()
    if there is None:
        return
    if known_to(actor).filter(pk=there.pk).exists():
        raise NotTaken(
            N_("This client is here already: it is called “%(name)s”."), name=there.name, code="here_already"
        )
    raise NotTaken(N_("This client is in this installation already, and it is not yours."), code="here_already")
