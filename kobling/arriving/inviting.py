"""Inviting colleagues: one by one or many from a sheet, by a link that works once; sent again, and withdrawn."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet

from kobling.access.models import Client, Firm, FirmMember, FirmRole, Invitation, Person, Stage
from kobling.access.naming import called_all
from kobling.access.policy import Actor, InFirm, NotFound, Way, firms_of, on_the_way, require_in_firm
from kobling.arriving import letters
from kobling.hub.happened import What
from kobling.hub.services.log import record
from kobling.hub.store import sql
from kobling.mail import outbox
from kobling.records import N_, SettingsError

LIVES = timedelta(days=14)
LONGEST = 150
Link = Callable[[str], str]
"""A secret → the address that is sent."""


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom to invite."""

    name: str
    email: str
    role: str = FirmRole.BOOKKEEPER.value
    language: str = "da"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An invitation that nobody has answered. ``company`` is empty for a colleague's; its number then, too."""

    pk: int
    name: str
    email: str
    role: str
    company: str
    country: str
    registered_number: str
    by: str
    sent_at: datetime
    expires_at: datetime
    opened_at: datetime | None
    expired: bool


def invite(actor: Actor, firm: int, who: Invited, now: datetime, link: Link) -> int:
    """Invite a colleague; the mail goes out with what is written here. Raises SettingsError for what does not do."""
    require_in_firm(actor, InFirm.PEOPLE, firm)
    who = checked(who)
    with sql.together():
        row = Firm.objects.select_for_update().get(pk=firm)
        problem = why_not(firm, who.email, now)
        if problem:
            raise SettingsError(problem, field="email", code="exists", email=who.email)
        secret = secrets.token_urlsafe(32)
        made = Invitation.objects.create(
            secret_hash=hash_of(secret),
            email=who.email,
            name=who.name,
            firm=row,
            role=who.role,
            language=who.language,
            invited_by=actor.key,
            invited_at=now,
            expires_at=now + LIVES,
        )
        _send(actor, made, secret, now, link)
        record(actor, None, What.COLLEAGUE_INVITED, who.email, after={"role": who.role, "firm": row.name})
    return made.pk


def checked(who: Invited) -> Invited:
    """As it is kept. Raises SettingsError for what cannot be a name, an address, a role or a language."""
    email, name = who.email.strip().lower(), who.name.strip()
    if len(name) > LONGEST:
        raise SettingsError(N_("A name has at most %(most)s characters."), field="name", most=LONGEST)
    try:
        validate_email(email)
    except ValidationError:
        raise SettingsError(N_("“%(email)s” is no e-mail address."), field="email", email=email) from None
    if who.role not in FirmRole.values:
        raise SettingsError(N_("There is no role “%(role)s”."), field="role", role=who.role, code="no_role")
    if who.language not in dict(settings.LANGUAGES):
        raise SettingsError(N_("There is no language “%(language)s”."), field="language", language=who.language)
    return Invited(name, email, who.role, who.language)


def why_not(firm: int, email: str, now: datetime) -> str:
    """Why an address cannot be invited to a firm, as a sentence; empty where it can."""
    if FirmMember.objects.filter(firm=firm, person__email__iexact=email).exists():
        return N_("%(email)s works in your firm already.")
    if unanswered().filter(firm=firm, email__iexact=email, expires_at__gt=now).exists():
        return N_("%(email)s is invited already. Send the invitation again instead.")
    return ""


def waiting(actor: Actor, firm: int) -> QuerySet[Invitation]:
    """Colleagues who were invited and have not answered; nobody for who may not invite."""
    return unanswered().filter(firm__in=firms_of(actor, InFirm.PEOPLE).filter(pk=firm))


def told(rows: Sequence[Invitation], now: datetime) -> tuple[Waiting, ...]:
    """Invitations as they stand, those of companies too. One query for who sent them, however many there are."""
    names = called_all(each.invited_by for each in rows)
    return tuple(_told(each, names[each.invited_by], now) for each in rows)


def _told(row: Invitation, by: str, now: datetime) -> Waiting:
    company = row.client
    return Waiting(
        row.pk,
        row.name,
        row.email,
        row.role,
        company.name if company else "",
        company.onboarding.country if company else "",
        company.onboarding.registered_number if company else "",
        by,
        row.invited_at,
        row.expires_at,
        row.opened_at,
        row.expires_at <= now,
    )


def send_again(actor: Actor, invitation: int, now: datetime, link: Link) -> str:
    """A new link by mail; the old one ends. Returns the address. Raises NotFound for one that is answered."""
    with sql.together():
        row = _locked(actor, invitation)
        secret = secrets.token_urlsafe(32)
        row.secret_hash, row.opened_at = hash_of(secret), None
        row.invited_at, row.expires_at = now, now + LIVES
        row.save(update_fields=["secret_hash", "opened_at", "invited_at", "expires_at"])
        _send(actor, row, secret, now, link)
        record(actor, row.client, What.INVITED_AGAIN, row.email)
    return row.email


def withdraw(actor: Actor, invitation: int, now: datetime) -> str:
    """The link ends; a client that was only asked is put away with it. Returns the address. Raises NotFound."""
    with sql.together():
        row = _locked(actor, invitation)
        row.withdrawn_at = now
        row.save(update_fields=["withdrawn_at"])
        record(actor, row.client, What.INVITATION_WITHDRAWN, row.email)
        if row.client is not None:
            client = Client.objects.select_for_update().get(pk=row.client.pk)
            client.stage = Stage.ARCHIVED
            client.save(update_fields=["stage"])
    return row.email


def unanswered() -> QuerySet[Invitation]:
    """Invitations of colleagues and companies that are neither used nor withdrawn, expired ones as well."""
    return Invitation.objects.filter(used_at=None, withdrawn_at=None).exclude(firm=None, client=None)


def hash_of(secret: str) -> str:
    """What is kept of a link's secret."""
    return sha256(secret.encode()).hexdigest()


def _locked(actor: Actor, invitation: int) -> Invitation:
    colleagues = unanswered().filter(firm__in=firms_of(actor, InFirm.PEOPLE))
    companies = unanswered().filter(client__in=on_the_way(actor, Way.INVITES))
    row = (colleagues | companies).filter(pk=invitation).first()
    if row is None or not unanswered().select_for_update().filter(pk=row.pk).exists():
        raise NotFound(N_("There is no such invitation, or it is answered."), code="not_found")
    return row


def _send(actor: Actor, row: Invitation, secret: str, now: datetime, link: Link) -> None:
    by, reply_to = sender(actor)
    where = link(secret)
    if row.client is not None:
        firm = row.client.firm.name if row.client.firm else ""
        names = {"firm": firm, "name": by, "company": row.client.name}
        comment = row.client.onboarding.comment
        letter = letters.client_invited(row.email, row.language, names, comment, where, reply_to)
    else:
        assert row.firm is not None
        letter = letters.colleague_invited(row.email, row.language, row.firm.name, by, where, reply_to)
    outbox.put(letter, now, client=row.client)


def sender(actor: Actor) -> tuple[str, str]:
    """What people call whoever asks, and where an answer to them goes."""
    person = Person.objects.filter(pk=actor.person).first() if actor.person is not None else None
    return (person.called, person.email) if person else ("Kobling", "")
