"""Documents as a file: the same documents and profile always give the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from kobling.files import proof
from kobling.files.cells import as_cell, as_text, problem, rows, value_of
from kobling.files.documents import Document, Problem
from kobling.files.fields import Value
from kobling.files.profile import CSV, Column, Profile
from kobling.files.sheets import sheet
from kobling.records import N_

_Cell = TypeVar("_Cell")
_Spell = Callable[[Profile, Column, Value], _Cell]


def problems(profile: Profile, document: Document) -> list[Problem]:
    """What keeps a document out of a file of this profile, sums that do not add up included; empty: nothing does."""
    found: list[Problem] = []
    if not document.lines:
        found.append(Problem("lines", N_("It has no lines.")))
    for record, line in rows(profile, document):
        for column in record.columns:
            wrong = problem(profile, column, value_of(record, column, document, line))
            if wrong is not None and wrong not in found:
                found.append(wrong)
    return found or proof.problems(profile, document)


def write(profile: Profile, documents: Sequence[Document]) -> bytes:
    """The file. Raises ValueError for a document that ``problems`` speaks of, SettingsError for more than it holds."""
    head = [[each.heading or each.field for each in record.columns] for record in profile.records]
    if profile.is_sheet:
        return sheet(head if profile.headings else [], _body(profile, documents, as_cell), profile.day)
    told: list[Sequence[str]] = [*(head if profile.headings else []), *_body(profile, documents, as_text)]
    return "".join(f"{_joined(profile, each)}{profile.line_end}" for each in told).encode(profile.encoding)


def first_lines(profile: Profile, documents: Sequence[Document], most: int) -> list[str]:
    """What a file begins with, as text also where it is a spreadsheet."""
    plain = msgspec.structs.replace(profile, extension=CSV) if profile.is_sheet else profile
    return write(plain, documents[:most]).decode(plain.encoding).splitlines()[:most]


def _body(profile: Profile, documents: Sequence[Document], spelled: _Spell[_Cell]) -> Iterator[list[_Cell]]:
    parties: set[str] = set()
    for document in documents:
        if wrong := problems(profile, document):
            raise ValueError(f"{document.number}: {wrong[0].field}")
        for record, line in rows(profile, document):
            if record.level == "party":
                if document.party.number in parties:
                    continue
                parties.add(document.party.number)
            yield [spelled(profile, each, value_of(record, each, document, line)) for each in record.columns]


def _joined(profile: Profile, cells: Sequence[str]) -> str:
    return profile.separator.join(_quoted(profile, each) for each in cells)


def _quoted(profile: Profile, cell: str) -> str:
    if not profile.quotes or not (profile.separator in cell or '"' in cell):
        return cell
    return '"' + cell.replace('"', '""') + '"'
