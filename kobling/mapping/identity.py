"""Whether numbers of companies and payment references can be right, by their check digits. Nobody is asked.

A failed check digit is a doubt, never a refusal: registers have exceptions, and a person decides.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from stdnum import luhn
from stdnum.dk import cvr
from stdnum.eu import vat
from stdnum.no import mva, orgnr
from stdnum.se import orgnr as orgnr_se

from kobling.records.texts import as_key

_SHORTEST_KID, _LONGEST_KID = 2, 25
_MEMBERS = frozenset({*vat.MEMBER_STATES, "el"})
_WEIGHTS = (2, 3, 4, 5, 6, 7)


class Checked(StrEnum):
    """What the check digits say: they fit, they do not, or there is nothing that could be checked."""

    FITS = "fits"
    DOUBTFUL = "doubtful"
    NOT_CHECKED = "not_checked"


Check = Callable[[Any], Checked]


def _bare(value: Any) -> str:
    """Without blanks and what cannot be seen."""
    return as_key(str(value or "")).replace(" ", "")


def _by(is_valid: Callable[[str], bool], text: str) -> Checked:
    return Checked.FITS if is_valid(text) else Checked.DOUBTFUL


def vat_number(value: Any) -> Checked:
    """A VAT number with its country: DK12345674, NO974760673MVA, SE556703748501. Other countries' are not checked."""
    text = _bare(value).replace(".", "").replace("-", "").upper()
    if text.startswith("NO"):
        return _by(lambda each: bool(mva.is_valid(each)), text if text.endswith("MVA") else f"{text}MVA")
    if text[:2].lower() in _MEMBERS and any(each.isdigit() for each in text[2:]):
        return _by(lambda each: bool(vat.is_valid(each)), text)
    return Checked.NOT_CHECKED


def _of(digits: int, is_valid: Callable[[str], bool]) -> Check:
    """A country's own number; whatever is not made of digits may be another country's VAT number."""

    def check(value: Any) -> Checked:
        text = _bare(value).replace("-", "").replace(".", "")
        if not text:
            return Checked.NOT_CHECKED
        if not text.isdigit():
            return vat_number(text)
        return _by(lambda each: len(each) == digits and bool(is_valid(each)), text)

    return check


cvr_number = _of(8, cvr.is_valid)
"""A Danish CVR number: eight digits, modulus 11."""
organisation_number_no = _of(9, orgnr.is_valid)
"""A Norwegian organisasjonsnummer: nine digits, modulus 11."""
organisation_number_se = _of(10, orgnr_se.is_valid)
"""A Swedish organisationsnummer: ten digits, Luhn."""


def payment_reference_no(value: Any) -> Checked:
    """A Norwegian KID: 2 to 25 digits ending in a check digit of modulus 10, or modulus 11 (10 is written “-”).

    Which of the two a bank account uses is agreed with the bank, so that either will do (PAINS.md, Norway).
    """
    text = _bare(value)
    if not text:
        return Checked.NOT_CHECKED
    body, last = text[:-1], text[-1]
    if not body.isdigit() or not (last.isdigit() or last == "-") or not _SHORTEST_KID <= len(text) <= _LONGEST_KID:
        return Checked.DOUBTFUL
    by_ten = last.isdigit() and bool(luhn.is_valid(text))
    return Checked.FITS if by_ten or last == _modulus_11(body) else Checked.DOUBTFUL


def payment_reference_se(value: Any) -> Checked:
    """A Swedish OCR number: 2 to 25 digits ending in a Luhn check digit."""
    text = _bare(value)
    if not text:
        return Checked.NOT_CHECKED
    fits = text.isdigit() and _SHORTEST_KID <= len(text) <= _LONGEST_KID and bool(luhn.is_valid(text))
    return Checked.FITS if fits else Checked.DOUBTFUL


def _modulus_11(body: str) -> str:
    total = sum(int(digit) * _WEIGHTS[at % len(_WEIGHTS)] for at, digit in enumerate(reversed(body)))
    rest = (11 - total % 11) % 11
    return "-" if rest == 10 else str(rest)


def as_vat_number(value: Any) -> tuple[str, str] | None:
    """Country and number as the European register knows them; None for what it cannot know.

    Eight digits are Danish, as CVR and VAT number are one; other countries' numbers need their letters.
    """
    text = _bare(value).replace("-", "").replace(".", "").upper()
    if cvr.is_valid(text) and text.isdigit():
        return "DK", text
    if text[:2].lower() in _MEMBERS and any(each.isdigit() for each in text[2:]):
        return text[:2], text[2:]
    return None
