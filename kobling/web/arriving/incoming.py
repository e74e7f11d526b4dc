"""Companies that have asked the firm, as a list."""

from __future__ import annotations

from typing import Any

from kobling.hub.services.onboarding import ACCESS_WORDS
from kobling.records import N_
from kobling.web.clients.listing import NAME, search
from kobling.web.lists.listing import Column, Listing, Told

LEVEL_WORDS = {level.value: word for level, word in ACCESS_WORDS.items()} | {"": N_("Not said yet")}


def _asked(head: str, name: str) -> Told:
    return Told(head, lambda row: getattr(row.onboarding, name))


def _access(row: Any) -> str:
    level: str = row.onboarding.access
    return level


INCOMING = Listing(
    "incoming",
    (
        NAME,
        Column(
            "by",
            N_("Invited by"),
            "onboarding__begun_at",
            (_asked(N_("Invited by"), "contact_email"), _asked(N_("When"), "begun_at")),
            fixed=True,
            descending=True,
        ),
        Column("access", N_("Access they give"), file=(Told(N_("Access they give"), _access, LEVEL_WORDS),)),
        Column("answer", N_("Bookkeeper and answer"), fixed=True),
    ),
    (),
    search,
    "client",
)
