"""What a file looks like: separator, numbers, dates, encoding, and the columns of each record type."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from kobling.files.fields import FIELDS
from kobling.records import N_, SettingsError

Level = Literal["party", "document", "line"]
CSV, XLSX, TXT = "csv", "xlsx", "txt"
_EXTENSIONS = (CSV, XLSX, TXT, "asc")


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One column: a field by its name, or a fixed text. ``longest`` counts characters, 0 meaning any length.

    A ``cut`` text is shortened; any other that is too long keeps the document out of the file.
    """

    field: str = ""
    heading: str = ""
    fixed: str = ""
    longest: int = 0
    required: bool = False
    cut: bool = False


class RecordType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of row, written for each party (once), document or line."""

    level: Level
    columns: tuple[Column, ...]


class AnswerForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the answer to a file looks: the columns of the document's number, of the verdict and of its reason.

    A column is told by its heading, or by its place (from 1) where the answer has no headings; ``taken`` and
    ``refused`` are the verdict's words, empty meaning the usual ones. ``separator`` and ``encoding``: empty means those
    of the profile.
    """

    number: str | int
    verdict: str | int
    reason: str | int = ""
    taken: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    separator: str = ""
    encoding: str = ""


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of file. ``strip`` are characters that texts may not hold; ``formulas``: whether texts that a spreadsheet
    would run are taken apart; ``note`` says what is assumed of the format.

    ``extension`` is the form it is made in: ``xlsx`` is a spreadsheet with cells, every other one is text; ``forms``
    are those that a person may choose beside it. ``answer`` is None where nothing is known of how it is answered.
    """

    name: str
    title: str
    records: tuple[RecordType, ...]
    separator: str = ";"
    decimal: str = ","
    day: str = "%d-%m-%Y"
    encoding: str = "utf-8-sig"
    line_end: str = "\r\n"
    headings: bool = True
    quotes: bool = True
    strip: str = ""
    formulas: bool = True
    extension: str = "csv"
    forms: tuple[str, ...] = ()
    note: str = ""
    answer: AnswerForm | None = None

    @property
    def is_sheet(self) -> bool:
        """Whether it is made of cells, not of text."""
        return self.extension == XLSX

    def made_as(self, form: str) -> Profile:
        """The same profile in another form; empty means its own. Raises SettingsError for one that it has not."""
        if form in ("", self.extension):
            return self
        if form not in self.forms:
            raise SettingsError(
                N_("“%(profile)s” is no file of the kind %(form)s. Choose one of: %(known)s."),
                field="form",
                profile=self.name,
                form=form,
                known=", ".join((self.extension, *self.forms)),
            )
        others = tuple(each for each in (self.extension, *self.forms) if each != form)
        return msgspec.structs.replace(self, extension=form, forms=others)


def profile_from_json(content: bytes, known: Mapping[str, Profile]) -> Profile:
    """A profile of one's own, as JSON; ``"like": name`` takes over what it does not say from a known one.

    Raises SettingsError naming the field that is wrong and what was expected.
    """
    try:
        told = msgspec.json.decode(content)
        if not isinstance(told, dict):
            raise msgspec.ValidationError("Expected an object")
        like = told.pop("like", None)
        base: dict[str, Any] = {}
        if like is not None:
            if like not in known:
                raise msgspec.ValidationError(f"“{like}” is no profile - at `$.like`")
            base = msgspec.to_builtins(known[like])
        found = msgspec.convert({**base, **told}, Profile)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise SettingsError(N_("The profile cannot be read: %(what)s."), field="profile", what=str(wrong)) from None
    check(found)
    return found


def check(profile: Profile) -> None:
    """Raises SettingsError for a profile that could not write a file that can be read again."""
    for wrong, what in (
        (not _separates(profile.separator), "separator"),
        (profile.decimal not in (",", "."), "decimal"),
        (profile.decimal == profile.separator and not profile.quotes and not profile.is_sheet, "decimal"),
        (profile.line_end not in ("\r\n", "\n"), "line_end"),
        (not profile.records, "records"),
        (not profile.name.replace("-", "").isalnum(), "name"),
        (not {profile.extension, *profile.forms} <= {*_EXTENSIONS}, "extension"),
        (not _is_encoding(profile.encoding), "encoding"),
        (profile.answer is not None and not _answerable(profile.answer), "answer"),
    ):
        if wrong:
            raise SettingsError(N_("The profile's %(what)s cannot be used."), field="profile", what=what)
    for record in profile.records:
        for column in record.columns:
            if column.field and column.field not in FIELDS[record.level]:
                raise SettingsError(
                    N_("The profile asks for “%(what)s”. There are: %(known)s."),
                    field="profile",
                    code="unknown_field",
                    what=column.field,
                    known=", ".join(FIELDS[record.level]),
                )


def _separates(separator: str) -> bool:
    return len(separator) == 1 and separator not in '"\r\n'


def _is_encoding(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def _answerable(answer: AnswerForm) -> bool:
    """Number and verdict are two columns that are told in the same way, and no word means both."""
    told = [each for each in (answer.number, answer.verdict, answer.reason) if each != ""]
    kinds = {type(each) for each in told}
    taken, refused = ({each.casefold() for each in words} for words in (answer.taken, answer.refused))
    return (
        len(told) >= 2
        and answer.number != ""
        and answer.verdict != ""
        and len(kinds) == 1
        and len({each.casefold() if isinstance(each, str) else each for each in told}) == len(told)
        and all(isinstance(each, str) or each >= 1 for each in told)
        and not taken & refused
        and (not answer.separator or _separates(answer.separator))
        and (not answer.encoding or _is_encoding(answer.encoding))
    )
