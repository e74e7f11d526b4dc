"""What a person may answer to each kind of issue, and what the answer will do. Pure; every kind is here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kobling.mapping import Side, TableMapping
from kobling.records import N_


@dataclass(frozen=True, slots=True)
class Answer:
    """One choice. ``does`` says what happens; ``ends``: the question does not come back for the same values.

    ``coupled``: only for a coupled record (True), for one that is alone (False), or for either (None). ``names``: the
    other record must be named, unless the issue has one candidate alone.
    """

    choice: str
    does: str
    ends: bool = True
    coupled: bool | None = None
    names: bool = False


RETRY = Answer("retry", N_("The next run looks at the record again."), ends=False)
READ_AGAIN = Answer("retry", N_("The next run asks for the record once more."), ends=False)
LOOK_UP = Answer(
    "retry",
    N_("The next run plans the record anew from what both sides hold by then; nothing is sent twice."),
    coupled=True,
)
LEFT = Answer("left", N_("The values of the left side are written to the right side, this once."), coupled=True)
RIGHT = Answer("right", N_("The values of the right side are written to the left side, this once."), coupled=True)
ACCEPT = Answer("accept", N_("Both sides keep what they have; asked again when one of them changes it."), coupled=True)
ACCEPT_TOTALS = Answer(
    "accept",
    N_("The difference stays, and what waited for it goes on; asked again when one of the totals changes."),
    coupled=True,
)
SEEN = Answer("accept", N_("It stays as it is; told again only when the value changes."))
LOOKED = Answer("accept", N_("You have looked in the other system; told again when such a record comes again."))
KEEP_ON = Answer(
    "accept", N_("It is kept in step as before; asked again when it leaves for another reason."), coupled=True
)
DELETE_TOO = Answer("delete", N_("The record on the other side is deleted."), coupled=True)
UNCOUPLE = Answer(
    "uncouple", N_("Both records stay as they are and are no longer kept in step with each other."), coupled=True
)
RESTORE = Answer("restore", N_("The record is made anew on the side where it was deleted."), coupled=True)
DELETE = Answer("delete", N_("The record is deleted on the other side as well."), coupled=True)
COUPLE = Answer("couple", N_("The two are coupled; the next run brings them in step."), coupled=False, names=True)
CREATE = Answer("create", N_("It is a record of its own: the next run makes it on the other side."), coupled=False)
SEND_AGAIN = Answer("create", N_("You have looked and it was not made there: the next run makes it."), coupled=False)
NEVER = Answer("never", N_("These two are never taken for the same one again."), coupled=False, names=True)
IGNORE = Answer("ignore", N_("The record is left out of this pair until somebody couples or makes it."), coupled=False)

_LOOKALIKE = (COUPLE, NEVER, CREATE, IGNORE, RETRY)
_GONE = (RESTORE, DELETE, UNCOUPLE, RETRY)

ANSWERS: Mapping[str, tuple[Answer, ...]] = {
    "conflict": (LEFT, RIGHT, ACCEPT, UNCOUPLE, RETRY),
    "posted": (ACCEPT, UNCOUPLE, RETRY),
    "totals": (ACCEPT_TOTALS, UNCOUPLE, RETRY),
    "bad_value": (UNCOUPLE, IGNORE, RETRY),
    "deleted": _GONE,
    "deleted_but_changed": _GONE,
    "maybe_same": _LOOKALIKE,
    "ambiguous": _LOOKALIKE,
    "duplicate_identity": _LOOKALIKE,
    "partner_gone": (COUPLE, CREATE, IGNORE, RETRY),
    "made_elsewhere": (COUPLE, IGNORE, RETRY),
    "taken_back": (IGNORE, RETRY),
    "left_scope": (KEEP_ON, DELETE_TOO, UNCOUPLE, RETRY),
    "out_of_reach": (IGNORE, RETRY),
    "done_there": (CREATE, IGNORE, RETRY),
    "refused": (ACCEPT, UNCOUPLE, COUPLE, IGNORE, RETRY),
    "unreadable": (UNCOUPLE, IGNORE, READ_AGAIN),
    "nameless": (LOOKED,),
    "unknown_outcome": (LOOK_UP, UNCOUPLE, COUPLE, SEND_AGAIN, IGNORE),
    "waits": (UNCOUPLE, IGNORE, RETRY),
    "altered": (SEEN,),
    "doubtful_number": (SEEN,),
    "without_field": (SEEN,),
}

CHOICES = tuple(dict.fromkeys(each.choice for answers in ANSWERS.values() for each in answers))
"""Every choice that some kind of issue has, beside what a table permits for a value that is held back."""

DEFAULTS_TO_CANDIDATE = ("maybe_same", "ambiguous")
"""Kinds whose candidates are records of the other side, so that a single one need not be named."""


def answers(kind: str, mapping: TableMapping, *, coupled: bool, alone_on: Side, gone: Side | None) -> Iterator[Answer]:
    """Those that fit an issue: its record is coupled or alone on a side; ``gone`` is where a coupled one vanished, or
    left the scope."""
    for each in ANSWERS[kind]:
        if each.coupled is not None and each.coupled is not coupled:
            continue
        if each.choice == "create" and not mapping.may_create(alone_on.other):
            continue
        if each.choice == "restore" and (gone is None or not mapping.may_create(gone)):
            continue
        if each.choice == "delete" and (gone is None or not mapping.direction.allows(gone.other)):
            continue
        yield each
