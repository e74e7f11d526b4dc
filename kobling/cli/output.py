"""How commands speak: tables and sentences for people, one JSON document for scripts, exit codes for both."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

import msgspec
from babel.numbers import format_decimal
from django.utils.translation import get_language
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kobling.access.actors import Kind, Who
from kobling.cli import hints
from kobling.cli.words import word
from kobling.hub.told.said import Said, filled
from kobling.records import N_, NP_, KoblingError, Misunderstood, Refused, SettingsError, Temporary, Unsafe
from kobling.sdk.advice import advice


class Exit(IntEnum):
    """What scripts can trust."""

    OK = 0
    NOT_IN_STEP = 1
    SETTINGS = 2
    CONFIRM = 3
    TRY_LATER = 4
    FAULT = 5


_PIPED_WIDTH = 160
out = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
err = Console(stderr=True, highlight=False)


def translated(text: str) -> str:
    """A sentence of the command's own in the person's language."""
    return filled(text)


def failure(told: Mapping[str, Any] | None) -> str:
    """What a run failed of, as a sentence; empty where it did not."""
    return filled(str(told["summary"]), told.get("params") or {}) if told else ""


def in_words(said: Said) -> str:
    """A sentence in the person's language; what stands in it may be a word to translate as well."""
    params = {name: in_words(each) if isinstance(each, Said) else each for name, each in said.params.items()}
    return filled(said.text, params)


def shown(stored: str) -> str:
    """A stored word (a state, a counter, a kind, a side) in the person's language."""
    return filled(word(stored))


def who(found: Who) -> str:
    """Who did something; nobody is taken for the machine by being called like it."""
    told = {
        Kind.OPERATOR: N_("%(name)s (operator)"),
        Kind.SCHEDULE: N_("(the schedule)"),
        Kind.KOBLING: N_("(Kobling itself)"),
    }
    return filled(told[found.kind], {"name": found.name}) if found.kind in told else found.name


def as_json(*parts: Any) -> None:
    """Print one JSON document, made of one part or of the members of several; amounts stay exact numbers."""
    data = parts[0] if len(parts) == 1 else {name: value for each in parts for name, value in _members(each)}
    sys.stdout.write(msgspec.json.format(_encoder.encode(data), indent=2).decode() + "\n")


def _members(part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict):
        yield from part.items()
    else:
        yield from ((each.name, getattr(part, each.name)) for each in fields(part))


def _plain(value: Any) -> Any:
    if isinstance(value, Said):
        return in_words(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


_encoder = msgspec.json.Encoder(enc_hook=_plain, decimal_format="number")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], empty: str = "") -> None:
    """Print a table, or a sentence where there is nothing to show."""
    if not rows:
        out.print(escape(empty or translated("Nothing to show.")))
        return
    made = Table(title=escape(title) or None, title_justify="left", header_style="bold")
    for column in columns:
        made.add_column(escape(column))
    for row in rows:
        made.add_row(*(escape(cell(each)) for each in row))
    out.print(made)


def cell(value: Any) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Decimal):
        return amount(value)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return filled(NP_("%(number)s line", "%(number)s lines"), {"number": len(value)})
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict):
        return filled(value[0], value[1])
    if isinstance(value, list | dict):
        return msgspec.json.encode(value, enc_hook=_plain, order="deterministic").decode()[:200]
    return str(value)


def amount(value: Decimal) -> str:
    """An amount as people of the language write it, with at least two decimals and none rounded away."""
    places = max(2, -int(value.normalize().as_tuple().exponent))
    pattern = f"#,##0.{'0' * places}"
    return format_decimal(value, pattern, locale=get_language() or "en")


def say(text: str, params: dict[str, Any] | None = None, style: str = "") -> None:
    """Say a translated sentence."""
    out.print(escape(filled(text, params)), style=style or None)


def tell_error(error: KoblingError, json_wanted: bool = False) -> int:
    """Say what happened, who can fix it and how; returns the exit code."""
    said = advice(error, filled)
    command = hints.for_error(error.code, error.kind, error.params)
    if json_wanted:
        as_json(
            {
                "error": {
                    "kind": error.kind,
                    "what_happened": said.what_happened,
                    "who_can_fix": said.who_can_fix,
                    "what_to_do": said.what_to_do,
                    "command": command,
                    "code": said.vendor_code,
                    "vendor_text": said.vendor_text,
                    "field": error.field,
                    "detail": error.detail,
                }
            }
        )
    else:
        err.print(f"[bold red]✗[/] {escape(said.what_happened)}")
        if said.vendor_text:
            err.print(f"  {escape(said.vendor_text)} ({escape(str(said.vendor_code or ''))})")
        err.print(f"  {escape(translated('Who can fix it'))}: {escape(said.who_can_fix)}")
        err.print(f"  {escape(said.what_to_do)}")
        if command:
            err.print(f"  {escape(command)}")
    return exit_code(error)


def exit_code(error: KoblingError) -> int:
    """The exit code that scripts see for an error."""
    if isinstance(error, Unsafe):
        return Exit.CONFIRM
    if isinstance(error, SettingsError):
        return Exit.SETTINGS
    if isinstance(error, Temporary):
        return Exit.TRY_LATER
    if isinstance(error, Misunderstood):
        return Exit.FAULT
    if isinstance(error, Refused):
        return Exit.NOT_IN_STEP
    return Exit.SETTINGS
