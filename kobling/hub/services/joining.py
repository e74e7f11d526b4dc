"""How people come in: by a link that works once. The first of all gets it from the machine, all others by mail."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Exists, QuerySet

from kobling.access.actors import KOBLING
from kobling.access.models import Firm, FirmMember, FirmRole, Invitation, Person
from kobling.access.policy import Actor, NotFound
from kobling.hub.happened import What
from kobling.hub.services.log import record
from kobling.hub.store import sql
from kobling.records import N_, SettingsError

FIRST_LIVES = timedelta(hours=24)
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
        first = _open(secret, now).filter(firm=None, client=None).exclude(Exists(Person.objects.all()))
        invitation = _the_one(first.select_for_update())
        person = _made(who, runs_installation=True)
        firm = Firm.objects.create(name=firm_name)
        FirmMember.objects.create(firm=firm, person=person, role=FirmRole.ADMIN)
        _used(invitation, person, now)
        record(Actor.of(person), None, What.BEGUN, firm.name, after=Actor.of(person).key)
    return person


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
