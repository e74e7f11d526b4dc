"""Files, what a file would hold, and what was answered to one, as they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from kobling.files import Answer, Profile, Told
from kobling.hub.exports.wishes import Left, Preview
from kobling.hub.models import ExportedDocument, FileExport
from kobling.hub.told.said import Said


@dataclass(frozen=True, slots=True)
class DocumentTold:
    """A document that would be in the file."""

    number: str
    kind: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class LeftTold:
    """A document that would not, by what a person knows it, and why. ``amount`` is None where it cannot be told."""

    number: str
    kind: str
    reason: Said
    source_id: str
    who: str
    amount: Decimal | None
    currency: str

    @classmethod
    def of(cls, left: Left) -> LeftTold:
        """As it was left out."""
        params = {name: Said(str(value)) if name == "field" else value for name, value in left.params.items()}
        why = Said(left.reason, params)
        return cls(left.number, left.kind, why, left.source_id, left.who, left.amount, left.currency)


@dataclass(frozen=True, slots=True)
class PreviewTold:
    """What a file would hold, without its content."""

    digest: str
    documents: Sequence[DocumentTold]
    totals: Mapping[str, Decimal]
    left: Sequence[LeftTold]
    left_out: Mapping[str, int]
    bytes: int

    @classmethod
    def of(cls, shown: Preview) -> PreviewTold:
        """As it was shown."""
        documents = [DocumentTold(each.number, each.kind, each.amount, each.currency) for each in shown.documents]
        left = [LeftTold.of(each) for each in shown.left]
        return cls(shown.digest, documents, shown.totals, left, shown.left_out, len(shown.content))


@dataclass(frozen=True, slots=True)
class FileTold:
    """A file that was made, and what became of it."""

    file: int
    connection: str
    profile: str
    documents: int
    totals: Mapping[str, str]
    left_out: Mapping[str, int]
    sha256: str
    made_at: datetime
    transferred_at: datetime | None
    acknowledged_at: datetime | None
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, made: FileExport) -> FileTold:
        """As it stands now."""
        return cls(
            file=made.pk,
            connection=made.connection.name,
            profile=made.profile,
            documents=made.number_of_documents,
            totals=made.totals,
            left_out=made.left_out,
            sha256=made.sha256,
            made_at=made.made_at,
            transferred_at=made.transferred_at,
            acknowledged_at=made.acknowledged_at,
            withdrawn_at=made.withdrawn_at,
        )


@dataclass(frozen=True, slots=True)
class ExportedTold:
    """A document of a file, and what the other system said of it."""

    number: str
    source_id: str
    amount: Decimal
    currency: str
    state: str
    reason: str

    @classmethod
    def of(cls, row: ExportedDocument) -> ExportedTold:
        """As it stands now."""
        return cls(row.number, row.source_id, row.amount, row.currency, row.state, row.reason)


@dataclass(frozen=True, slots=True)
class ProfileTold:
    """A kind of file that comes along; ``note``: what is assumed of it; ``forms``: its own, then those to choose."""

    name: str
    title: str
    note: str
    forms: Sequence[str]

    @classmethod
    def of(cls, profile: Profile) -> ProfileTold:
        """As it is offered; in the words it is written in, since scripts depend on them."""
        return cls(profile.name, profile.title, profile.note, (profile.extension, *profile.forms))


@dataclass(frozen=True, slots=True)
class LineTold:
    """A line of an answer that nobody understands."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class AnswerTold:
    """What the other system answered to a file."""

    told: Sequence[Told]
    unknown: Sequence[LineTold]
    undecided: Sequence[str]

    @classmethod
    def of(cls, answer: Answer) -> AnswerTold:
        """As it was read."""
        return cls(answer.told, [LineTold(*each) for each in answer.unknown], answer.undecided)
