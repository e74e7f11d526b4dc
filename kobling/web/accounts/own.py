"""What somebody's own access is, for their page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.http import HttpRequest

_PHONES = ("iPhone", "Android", "Mobile")
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_MACHINES = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey of one's own."""

    pk: int
    name: str
    made_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Session:
    """A place where somebody is signed in."""

    pk: int
    browser: str
    machine: str
    ip: str
    seen_at: datetime
    here: bool
    phone: bool


@dataclass(frozen=True, slots=True)
class Access:
    """Everything that one's own page shows."""

    passkeys: tuple[Passkey, ...]
    has_codes: bool
    has_recovery: bool
    has_password: bool
    sessions: tuple[Session, ...]

    @classmethod
    def of(cls, request: HttpRequest) -> Access:
        """The access of whoever asks."""
        assert request.user.is_authenticated
        kept = list(Authenticator.objects.filter(user=request.user).order_by("pk")[:SHOWN])
        kinds = {each.type for each in kept}
        return cls(
            tuple(_passkey(each) for each in kept if each.type == Authenticator.Type.WEBAUTHN),
            Authenticator.Type.TOTP in kinds,
            Authenticator.Type.RECOVERY_CODES in kinds,
            request.user.has_usable_password(),
            tuple(_sessions(request)),
        )


def _passkey(kept: Authenticator) -> Passkey:
    return Passkey(kept.pk, kept.wrap().name, kept.created_at, kept.last_used_at)


def _sessions(request: HttpRequest) -> list[Session]:
    rows = UserSession.objects.filter(user=request.user).order_by("-last_seen_at")[:SHOWN]
    here = request.session.session_key
    return [
        Session(
            each.pk,
            _named(each.user_agent, _BROWSERS),
            _named(each.user_agent, _MACHINES),
            each.ip,
            each.last_seen_at,
            each.session_key == here,
            any(mark in each.user_agent for mark in _PHONES),
        )
        for each in rows
    ]


def _named(agent: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in names if mark in agent), "?")
