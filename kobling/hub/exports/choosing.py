"""Which documents go into a file, and why each of the others does not. Pure but for what it is told."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from kobling.files import Document, problems, write
from kobling.hub.exports.gathering import Gathered
from kobling.hub.exports.wishes import BEFORE, BY_A_PAIR, IN_A_FILE, NOT_ASKED, NOT_THERE, Left, Preview, Wish
from kobling.pairs.file_exports import HELD, About, Held
from kobling.records import N_


@dataclass(frozen=True, slots=True)
class GoneBefore:
    """Documents by id at their source that went already: in a file (its number), over a pair."""

    in_a_file: Mapping[str, int]
    by_a_pair: set[str]


def choose(gathered: Gathered, wish: Wish, gone: GoneBefore) -> Preview:
    """What the file would hold, and everything that it would not, each with its reason."""
    made = Preview(b"", "")
    for each in gathered.found:
        if reason := _why_not(each, gathered.since, wish, gone):
            made.left.append(_left(each, *reason, gathered.permitted))
        elif isinstance(each, Document):
            made.documents.append(each)
    made.left += _nowhere(gathered, wish)
    made.left.sort(key=lambda each: (each.kind, each.number, each.source_id))
    made.documents.sort(key=lambda each: (each.day, each.number, each.source_id))
    made.repeated = {each.source_id for each in made.documents if each.source_id in gone.in_a_file}
    for document in made.documents:
        made.totals[document.currency] = made.totals.get(document.currency, Decimal("0.00")) + document.amount
    made.content = write(wish.profile, made.documents)
    made.digest = hashlib.sha256(made.content).hexdigest()
    return made


Reason = tuple[str, str, Mapping[str, Any]]
"""Its kind, and a sentence with its places."""


def _why_not(each: Document | Held, since: date | None, wish: Wish, gone: GoneBefore) -> Reason | None:
    """What a person chose comes first, since then nobody asks about the rest."""
    day = each.about.day if isinstance(each, Held) else each.day
    if wish.numbers and each.number not in wish.numbers:
        return NOT_ASKED, N_("Its number was not asked for."), {}
    if since is not None and day is not None and day < since:
        return BEFORE, N_("It is from before %(day)s."), {"day": since.isoformat()}
    if isinstance(each, Held):
        return each.kind, each.reason, dict(each.params)
    if each.source_id in gone.by_a_pair:
        return BY_A_PAIR, N_("A pair has sent it already."), {}
    if each.source_id in gone.in_a_file and not wish.again:
        return IN_A_FILE, N_("It is in file %(file)s already."), {"file": str(gone.in_a_file[each.source_id])}
    found = problems(wish.profile, each)
    return (HELD, found[0].text, found[0].params) if found else None


def _left(each: Document | Held, kind: str, reason: str, params: Mapping[str, Any], permitted: frozenset[str]) -> Left:
    about = each.about if isinstance(each, Held) else About(each.party.name, each.amount, each.currency)
    if permitted and isinstance(each, Held) and about.department not in permitted:
        # Whoever was given no access to a department hears that there is a document, and nothing of it.
        about = About()
    return Left(each.number, kind, reason, params, each.source_id, about.who, about.amount, about.currency)


def _nowhere(gathered: Gathered, wish: Wish) -> Iterator[Left]:
    """Numbers that were asked for and that no document has."""
    known = {each.number for each in gathered.found}
    for number in dict.fromkeys(wish.numbers):
        if number not in known:
            yield Left(number, NOT_THERE, N_("There is no document of this number."), {})
