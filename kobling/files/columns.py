"""Which columns of an answer hold the document's number, the verdict and the reason: by what a profile says, else by
headings that people use in Danish, Swedish, Norwegian and English. Two that could be meant are none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kobling.files.profile import AnswerForm
from kobling.files.tables import Row

_NOT_WORD = re.compile(r"[\W_]+")
_COUNTED = ("", "nr", "no", "nummer", "number")


def _named(*names: str) -> frozenset[str]:
    return frozenset(f"{name}{ending}" for name in names for ending in _COUNTED)


_OF_INVOICES = _named("faktura", "invoice")
_OF_DOCUMENTS = frozenset({"nummer", "number"}) | _named(
    *("bilag", "bilags", "dokument", "document", "verifikat", "verifikation", "verifikations", "voucher")
)
"""Told less surely: taken only where no heading speaks of invoices."""
_VERDICTS = frozenset({"status", "resultat", "result", "utfall", "udfald", "outcome", "verdict"})
_REASONS = frozenset(
    {"melding", "meddelelse", "besked", "meddelande", "message", "reason", "årsak", "årsag", "orsak", "begrundelse"}
    | {"feilmelding", "fejlmeddelelse", "fejlbesked", "felmeddelande", "errormessage", "error", "begrunnelse"}
    | {"kommentar", "comment"}
)
NUMBER_HEADINGS = ("Faktura", "Fakturanr", "Invoice", "Nummer", "Bilag", "Dokument")
VERDICT_HEADINGS = ("Status", "Resultat", "Result")


@dataclass(frozen=True, slots=True)
class Columns:
    """Places of columns, from 0. ``width`` is how many there are, None where no headings tell."""

    number: int
    verdict: int
    reasons: tuple[int, ...]
    width: int | None

    @property
    def headed(self) -> bool:
        return self.width is not None


def named(first: Row, form: AnswerForm) -> Columns | None:
    """The columns that a profile names, where the first row has each once."""
    head = [_bare(each) for each in first.texts]
    wanted = [_bare(str(each)) for each in (form.number, form.verdict, form.reason) if each != ""]
    if any(head.count(each) != 1 for each in wanted):
        return None
    number, verdict, *reasons = (head.index(each) for each in wanted)
    return Columns(number, verdict, tuple(reasons), _width(first))


def placed(form: AnswerForm) -> Columns:
    """The columns whose places a profile tells."""
    number, verdict, *reasons = (int(each) - 1 for each in (form.number, form.verdict, form.reason) if each != "")
    return Columns(number, verdict, tuple(reasons), None)


def usual(first: Row) -> Columns | None:
    """The columns that the first row calls by usual headings; None where one is missing or two could be meant."""
    head = [_bare(each) for each in first.texts]
    numbers = _places(head, _OF_INVOICES) or _places(head, _OF_DOCUMENTS)
    verdicts = _places(head, _VERDICTS)
    if len(numbers) != 1 or len(verdicts) != 1:
        return None
    return Columns(numbers[0], verdicts[0], tuple(_places(head, _REASONS)), _width(first))


def _places(head: Sequence[str], names: frozenset[str]) -> list[int]:
    return [at for at, each in enumerate(head) if each in names]


def _bare(heading: str) -> str:
    return _NOT_WORD.sub("", heading.casefold())


def _width(row: Row) -> int:
    return max((at for at, each in enumerate(row.texts, start=1) if each), default=0)
