"""Who has a second factor and was seen when: what the library for signing in knows of people."""

from __future__ import annotations

from enum import IntEnum

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Case, Exists, F, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from kobling.access.models import FirmMember


class Factor(IntEnum):
    """What stands beside a password, the safest last."""

    NONE = 0
    CODE = 1
    PASSKEY = 2


TYPES = {Factor.CODE: Authenticator.Type.TOTP, Factor.PASSKEY: Authenticator.Type.WEBAUTHN}
"""Recovery codes alone are none: they are for the day that the real one is gone."""


def with_factors(members: QuerySet[FirmMember]) -> QuerySet[FirmMember]:
    """Each with ``factor``, and ``seen_at``: when they last used Kobling."""
    kept = Authenticator.objects.filter(user=OuterRef("person"))
    whens = [When(Exists(kept.filter(type=TYPES[each])), then=Value(int(each))) for each in sorted(TYPES, reverse=True)]
    sessions = UserSession.objects.filter(user=OuterRef("person")).order_by("-last_seen_at").values("last_seen_at")
    return members.annotate(
        factor=Case(*whens, default=Value(int(Factor.NONE)), output_field=IntegerField()),
        seen_at=Coalesce(Subquery(sessions[:1]), F("person__last_login")),
    )


def protected(members: QuerySet[FirmMember]) -> frozenset[int]:
    """The people among these who have one."""
    kept = Authenticator.objects.filter(type__in=TYPES.values(), user__in=members.order_by().values("person"))
    return frozenset(kept.values_list("user", flat=True))


def lacks_one(person: int) -> bool:
    """Whether somebody works in a firm that demands a second factor, and has none."""
    demanded = FirmMember.objects.filter(person=person, firm__demands_second_factor=True)
    return demanded.exists() and not Authenticator.objects.filter(user=person, type__in=TYPES.values()).exists()
