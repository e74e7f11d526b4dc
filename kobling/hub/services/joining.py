"""How people come in: by a link that works once. The first of all gets it from the machine, all others by mail."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Exists, QuerySet

from kobling.access.actors import KOBLING
from kobling.access.models import (
    Client,
    ClientMember,
    Firm,
    FirmMember,
    FirmRole,
    Invitation,
    Onboarding,
    Person,
)
from kobling.access.naming import called
from kobling.access.policy import Actor, NotFound, require_installation
from kobling.hub.happened import What
from kobling.hub.services import stages
from kobling.hub.services.log import record
from kobling.hub.store import sql
from kobling.records import N_, SettingsError

FIRST_LIVES = timedelta(hours=24)
SIGN_IN_LIVES = timedelta(hours=12)
SIGNS_IN = "sign_in"
"""The role of a link that signs somebody in who is here already."""
_LONGEST = 150


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What somebody says who comes in. ``firm`` is named by the first of all."""

    name: str
    email: str
    password: str
    language: str = "da"
    firm: str = ""


def first_link(now: datetime) -> str | None:
    """The secret of a link for the first administrator; None once there is anybody. An older link ends with it."""
    with sql.together():
        if Person.objects.exists():
            return None
        Invitation.objects.filter(firm=None, client=None, used_at=None).delete()
        secret = secrets.token_urlsafe(32)
        Invitation.objects.create(
            secret_hash=_hash(secret), invited_by=KOBLING.key, invited_at=now, expires_at=now + FIRST_LIVES
        )
    return secret


def sign_in_link(actor: Actor, person: Person, now: datetime) -> str:
    """The secret of a link that signs somebody in once, for who has lost every other way. The operator alone.

    An older link of the same person ends with it.
    """
    require_installation(actor)
    secret = secrets.token_urlsafe(32)
    with sql.together():
        older = Invitation.objects.filter(role=SIGNS_IN, used_by=person, used_at=None, withdrawn_at=None)
        older.update(withdrawn_at=now)
        Invitation.objects.create(
            secret_hash=_hash(secret),
            role=SIGNS_IN,
            email=person.email,
            used_by=person,
            invited_by=actor.key,
            invited_at=now,
            expires_at=now + SIGN_IN_LIVES,
        )
        record(actor, None, What.SIGN_IN_LINK, person.called, after=Actor.of(person).key)
    return secret


def signs_in(secret: str, now: datetime) -> Person:
    """Whom a link signs in, while it holds. Raises NotFound."""
    found = _the_one(_open(secret, now).filter(role=SIGNS_IN, used_by__is_active=True))
    assert found.used_by is not None
    return found.used_by


def sign_in(secret: str, now: datetime) -> Person:
    """Use a link up. Raises NotFound for one that was used, also at the very same time."""
    person = signs_in(secret, now)
    with sql.together():
        if not _open(secret, now).filter(role=SIGNS_IN).update(used_at=now):
            raise NotFound(N_("This link is no longer valid. It works once, and not for ever."), code="link")
    return person


def open_invitation(secret: str, now: datetime) -> Invitation:
    """The invitation behind a link. Raises NotFound for one that is used, withdrawn, too old or was never there."""
    return _the_one(_open(secret, now))


def _open(secret: str, now: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(secret_hash=_hash(secret), used_at=None, withdrawn_at=None, expires_at__gt=now)


def _the_one(found: QuerySet[Invitation]) -> Invitation:
    invitation = found.first()
    if invitation is None:
        raise NotFound(N_("This link is no longer valid. It works once, and not for ever."), code="link")
    return invitation


def begin(secret: str, who: Newcomer, now: datetime) -> Person:
    """Let the first administrator in: a person who runs the installation, with the firm they name.

    Raises NotFound for a link that is no longer valid, SettingsError for what does not do.
    """
    firm_name = who.firm.strip()
    if not firm_name or len(firm_name) > _LONGEST:
        raise SettingsError(N_("A name has 1 to %(most)s characters."), field="firm", most=_LONGEST)
    with sql.together():
        # Whoever else uses it meanwhile holds the lock; afterwards it is no longer open.
        first = _open(secret, now).filter(firm=None, client=None, role="").exclude(Exists(Person.objects.all()))
        invitation = _the_one(first.select_for_update())
        person = _made(who, runs_installation=True)
        firm = Firm.objects.create(name=firm_name)
        FirmMember.objects.create(firm=firm, person=person, role=FirmRole.ADMIN)
        _used(invitation, person, now)
        record(Actor.of(person), None, What.BEGUN, firm.name, after=Actor.of(person).key)
    return person


@dataclass(frozen=True, slots=True)
class InvitationTold:
    """What somebody is told who opens a link: who invites them, to what, and whether their address is known here.

    ``client`` is set for people of a company; then ``to`` is the company and ``firm_name`` who asked it.
    """

    name: str
    email: str
    role: str
    to: str
    by: str
    firm_name: str
    client: int | None
    comment: str
    has_account: bool


def invitation(secret: str, now: datetime) -> InvitationTold:
    """What an invitation says. Raises NotFound for one that is used, withdrawn, too old or was never there."""
    return _told(_the_one(_for_somebody(secret, now)))


def opened(secret: str, now: datetime) -> None:
    """Note that somebody has looked at an invitation, the first time."""
    _for_somebody(secret, now).filter(opened_at=None).update(opened_at=now)


def accept(secret: str, who: Newcomer, now: datetime) -> Person:
    """Somebody who is new comes in under the address that the invitation went to.

    Raises NotFound for a link that is no longer valid, SettingsError for what does not do.
    """
    with sql.together():
        found = _the_one(_for_somebody(secret, now).select_for_update())
        person = _made(replace(who, email=found.email, language=found.language))
        _taken_in(found, person, now)
    return person


def join(actor: Actor, secret: str, now: datetime) -> InvitationTold:
    """Somebody who has an account already accepts. Raises NotFound for a link that is over, or not theirs."""
    with sql.together():
        found = _for_somebody(secret, now).select_for_update().first()
        person = Person.objects.filter(pk=actor.person, is_active=True).first() if actor.person else None
        if found is None or person is None or person.email.lower() != found.email.lower():
            raise NotFound(N_("This link is no longer valid, or it was sent to somebody else."), code="not_found")
        _taken_in(found, person, now)
    return _told(found)


def _for_somebody(secret: str, now: datetime) -> QuerySet[Invitation]:
    """The invitation of a link, unless it is the first one of all, which the machine printed."""
    return _open(secret, now).exclude(firm=None, client=None)


def _told(found: Invitation) -> InvitationTold:
    client = found.client
    firm = found.firm or (client.firm if client else None)
    asked = Onboarding.objects.filter(client=client).first() if client else None
    return InvitationTold(
        name=found.name,
        email=found.email,
        role=found.role,
        to=client.name if client else firm.name if firm else "",
        by=called(found.invited_by),
        firm_name=firm.name if firm else "",
        client=client.pk if client else None,
        comment=asked.comment if asked else "",
        has_account=Person.objects.filter(email__iexact=found.email).exists(),
    )


def _taken_in(found: Invitation, person: Person, now: datetime) -> None:
    """In a transaction: the person gets the place that the invitation names, unless they have one there already."""
    actor = Actor.of(person)
    if found.client is not None:
        ClientMember.objects.get_or_create(client=found.client, person=person, defaults={"role": found.role})
        client = Client.objects.select_for_update().get(pk=found.client.pk)
        Onboarding.objects.filter(client=client, answered_at=None).update(answered_at=now, answered_by=actor.key)
        record(actor, client, What.JOINED, person.called, after=found.role)
        stages.advance(actor, client)
    elif found.firm is not None:
        FirmMember.objects.get_or_create(firm=found.firm, person=person, defaults={"role": found.role})
        record(actor, None, What.JOINED, person.called, after={"role": found.role, "firm": found.firm.name})
    _used(found, person, now)


def _made(who: Newcomer, *, runs_installation: bool = False) -> Person:
    email, name = who.email.strip().lower(), who.name.strip()
    if not name or len(name) > _LONGEST:
        raise SettingsError(N_("A name has 1 to %(most)s characters."), field="name", most=_LONGEST)
    try:
        validate_email(email)
    except ValidationError:
        raise SettingsError(N_("“%(email)s” is no e-mail address."), field="email", email=email) from None
    if Person.objects.filter(email__iexact=email).exists():
        raise SettingsError(N_("Somebody has this e-mail address already."), field="email", code="exists")
    first, _, last = name.rpartition(" ") if " " in name else (name, "", "")
    person = Person(username=email, email=email, first_name=first, last_name=last, language=who.language)
    person.is_superuser = runs_installation
    try:
        validate_password(who.password, person)
    except ValidationError as weak:
        raise SettingsError(" ".join(weak.messages), field="password", code="weak") from None
    person.set_password(who.password)
    person.save()
    return person


def _used(invitation: Invitation, person: Person, now: datetime) -> None:
    invitation.used_at, invitation.used_by = now, person
    invitation.save(update_fields=["used_at", "used_by"])


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
