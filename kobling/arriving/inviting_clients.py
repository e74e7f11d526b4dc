"""A firm invites a company: the client is there from then on, and shows nothing before the company has answered."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from kobling.access.models import Access, Client, ClientMember, ClientRole, Firm, Invitation, Onboarding, Stage
from kobling.access.policy import Actor, InFirm, NotFound, Way, on_the_way, require_in_firm
from kobling.arriving import letters
from kobling.arriving.inviting import LIVES, Invited, Link, checked, hash_of, sender, unanswered
from kobling.hub.happened import What
from kobling.hub.services import clients, onboarding
from kobling.hub.services.log import record
from kobling.hub.services.stages import Step
from kobling.hub.store import sql
from kobling.mail import outbox
from kobling.records import N_, SettingsError

LONGEST_COMMENT = 2000
STEP_WORDS = {
    Step.ANSWERED: N_("Answer to the invitation"),
    Step.COMPANY: N_("Company"),
    Step.PERSON: N_("Person"),
    Step.ACCESS: N_("Access"),
    Step.POWER: N_("Power of attorney"),
    Step.BOOKKEEPER: N_("Bookkeeper"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """Which company to invite, whom to write to, and what the firm would like."""

    name: str
    email: str
    number: str = ""
    country: str = "dk"
    registered_number: str = ""
    contact_name: str = ""
    access: str = Access.LIMITED.value
    asks_power: bool = True
    language: str = "da"
    comment: str = ""
    start_day: date | None = None


def invite_client(actor: Actor, firm: int, wish: Wish, now: datetime, link: Link) -> int:
    """Invite a company; returns the client's number. Raises SettingsError for what does not do."""
    require_in_firm(actor, InFirm.ADD_CLIENT, firm)
    contact = checked(Invited(wish.contact_name, wish.email, language=wish.language))
    if wish.access not in Access.values:
        raise SettingsError(N_("Choose limited or extended access."), field="access", code="no_access")
    with sql.together():
        made = clients.add(actor, wish.name, number=wish.number, firm=Firm.objects.get(pk=firm))
        made.stage = Stage.INVITED
        made.save(update_fields=["stage"])
        Onboarding.objects.create(
            client=made,
            begun_by=actor.key,
            begun_at=now,
            contact_name=contact.name,
            contact_email=contact.email,
            language=contact.language,
            comment=wish.comment.strip()[:LONGEST_COMMENT],
            country=wish.country[:2],
            registered_number=wish.registered_number.strip()[:30],
            asked_access=wish.access,
            asks_power=wish.asks_power,
            start_day=wish.start_day,
        )
        _invite(actor, made, contact, now, link)
        record(actor, made, What.CLIENT_INVITED, made.name, after=contact.email)
    return made.pk


def _invite(actor: Actor, client: Client, contact: Invited, now: datetime, link: Link) -> None:
    secret = secrets.token_urlsafe(32)
    Invitation.objects.create(
        secret_hash=hash_of(secret),
        email=contact.email,
        name=contact.name,
        client=client,
        role=ClientRole.ADMIN,
        language=contact.language,
        invited_by=actor.key,
        invited_at=now,
        expires_at=now + LIVES,
    )
    by, reply_to = sender(actor)
    names = {"firm": client.firm.name if client.firm else "", "name": by, "company": client.name}
    comment = client.onboarding.comment
    letter = letters.client_invited(contact.email, contact.language, names, comment, link(secret), reply_to)
    outbox.put(letter, now, client=client)


def sent(actor: Actor) -> QuerySet[Invitation]:
    """Invitations of companies that nobody has answered; none for who may not see them."""
    asked = on_the_way(actor, Way.INVITES).filter(stage=Stage.INVITED)
    return unanswered().filter(client__in=asked).select_related("client__onboarding")


def remind(actor: Actor, client: int, now: datetime, link: str) -> Sequence[str]:
    """Mail the company what it still has to do, at most once a day; returns to whom.

    Raises NotFound for a client that is not on its way, SettingsError where the company has nothing to do.
    """
    if not on_the_way(actor, Way.ONBOARDING).filter(pk=client).exists():
        raise NotFound(N_("There is no such client, or it is not yours."), code="not_found")
    told = onboarding.told(actor, client)
    missing = told.progress.companys
    if not missing:
        raise SettingsError(N_("The company has done all it has to do. The rest is yours."), code="nothing_missing")
    by, reply_to = sender(actor)
    names = {"firm": told.firm, "name": by, "company": told.name}
    with sql.together():
        row = Client.objects.select_for_update().get(pk=client)
        people = company_admins(row)
        fresh = [
            email
            for email, language in people
            if outbox.put(
                letters.client_reminded(email, language, names, STEP_WORDS[missing[0]], link, reply_to),
                now,
                once=f"remind:{client}:{email}:{now.date().isoformat()}",
                client=row,
            )
        ]
        if not fresh:
            raise SettingsError(N_("The company was reminded today already. Wait until tomorrow."), code="reminded")
        Onboarding.objects.filter(client=row).update(reminded_at=now)
        record(actor, row, What.CLIENT_REMINDED, row.name, after=missing[0].value)
    return fresh


def company_admins(client: Client) -> list[tuple[str, str]]:
    """Address and language of those who answer for a company."""
    rows = ClientMember.objects.filter(client=client, role=ClientRole.ADMIN, person__is_active=True)
    people = [each.person for each in rows.select_related("person").order_by("pk")]
    return [(each.email, each.language) for each in people if each.email]
