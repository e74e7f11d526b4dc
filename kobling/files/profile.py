"""What a file looks like: separator, numbers, dates, encoding, and the columns of each record type."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from kobling.files.fields import FIELDS
from kobling.records import N_, SettingsError

Level = Literal["party", "document", "line"]


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


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of file. ``strip`` are characters that texts may not hold; ``formulas``: whether texts that a spreadsheet
    would run are taken apart; ``note`` says what is assumed of the format."""

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
    note: str = ""


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
        (len(profile.separator) != 1 or profile.separator in '"\r\n', "separator"),
        (profile.decimal not in (",", "."), "decimal"),
        (profile.decimal == profile.separator and not profile.quotes, "decimal"),
        (profile.line_end not in ("\r\n", "\n"), "line_end"),
        (not profile.records, "records"),
        (not profile.name.replace("-", "").isalnum(), "name"),
    ):
        if wrong:
            raise SettingsError(N_("The profile's %(what)s cannot be used."), field="profile", what=what)
    try:
        codecs.lookup(profile.encoding)
    except LookupError:
        raise SettingsError(N_("The profile's %(what)s cannot be used."), field="profile", what="encoding") from None
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
