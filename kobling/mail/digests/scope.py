"""Which clients a digest is of: looked up whenever one is made, so that who lost a client hears of it no more."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from kobling.access.models import Client
from kobling.access.policy import Actor, clients_of
from kobling.mail.models import Subscription
from kobling.portal.tabs import Tab, clients_in


def clients_for(actor: Actor, client: int | None) -> QuerySet[Client]:
    """That client, or all of one's own and those that mail was switched on for, without those it was switched off for.

    Only what the person may see now, who is active now.
    """
    seen = clients_of(actor)
    if client is not None:
        return seen.filter(pk=client)
    chosen = Subscription.objects.filter(person=actor.person).exclude(client=None)
    wanted = Q(pk__in=clients_in(actor, Tab.MINE).values("pk")) | Q(pk__in=chosen.filter(on=True).values("client"))
    return seen.filter(wanted).exclude(pk__in=chosen.filter(on=False).values("client"))
