"""What a person wants in a file, and what it would hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from kobling.files import Document, Profile

NOT_ASKED, BEFORE, NOT_THERE = "not_asked", "before", "not_there"
IN_A_FILE, BY_A_PAIR = "in_a_file", "by_a_pair"
BY_CHOICE = frozenset({NOT_ASKED, BEFORE, IN_A_FILE, BY_A_PAIR})
"""Kinds of reasons that people chose, or that a document went another way; all others are its own."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a file is to hold: documents since a day, some by number alone, of some departments.

    ``again`` takes documents that are in a file already once more. ``vat_codes``: rate or code → code;
    ``customer_numbers``: the rule of the pair's option. Those two, and the day, are the pair's own where none is told.
    """

    profile: Profile
    since: date | None = None
    numbers: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    vat_codes: Mapping[str, str] = field(default_factory=dict)
    again: bool = False
    customer_numbers: str = ""


@dataclass(frozen=True, slots=True)
class Left:
    """A document that is not in the file, and why: a kind of reason, and a sentence with its parameters.

    ``amount`` is in ``currency``, as the file would have it; None where it cannot be told.
    """

    number: str
    kind: str
    reason: str
    params: Mapping[str, Any]
    source_id: str = ""
    who: str = ""
    amount: Decimal | None = None
    currency: str = ""


@dataclass(slots=True)
class Preview:
    """What a file would hold. ``digest`` tells two previews apart; ``totals`` are per currency and never added."""

    content: bytes
    digest: str
    documents: list[Document] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    totals: dict[str, Decimal] = field(default_factory=dict)
    repeated: set[str] = field(default_factory=set)

    @property
    def left_out(self) -> dict[str, int]:
        """How many were left out, by the kind of reason."""
        return dict(sorted(Counter(each.kind for each in self.left).items()))
