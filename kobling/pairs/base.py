"""What a pair type is: an offer in the marketplace, made of mappings and options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from kobling.mapping import Side, TableMapping
from kobling.mapping.translate import STUMBLES
from kobling.records import N_, SettingsError
from kobling.sdk.protocols import FieldSchema, Setting

Schemas = Mapping[Side, Mapping[str, Mapping[str, FieldSchema]]]
"""Side → resource → field → what the installation says of it; empty while nothing was described yet."""

FULL, CSV = "full", "csv"
"""How an integration is used: kept in step by itself, or through files that people carry."""


@dataclass(frozen=True, slots=True)
class Named:
    """What an option's value must name: a record of a side's resource, by one of its fields."""

    side: Side
    resource: str
    field: str


@dataclass(frozen=True, slots=True)
class Option:
    """One choice a person makes for a pair. ``choices`` empty: free text. ``help`` and ``label`` are translatable.

    ``reads`` reads a text; a value that it raises for is refused when it is set, the default apart.
    ``names``: a value is refused when it is set unless there is such a record.
    """

    name: str
    label: str
    default: str
    choices: tuple[str, ...] = ()
    help: str = ""
    names: Named | None = None
    reads: Callable[[str], object] | None = None

    def check(self, value: Any) -> None:
        """Raises SettingsError for a value that this option cannot have."""
        if self.choices and value not in self.choices:
            raise SettingsError(
                N_("“%(value)s” is not a choice for %(option)s. Choose one of: %(choices)s."),
                field=self.name,
                value=value,
                option=self.name,
                choices=", ".join(self.choices),
            )
        if self.reads is None or value == self.default:
            return
        try:
            self.reads(str(value))
        except STUMBLES as wrong:
            raise SettingsError(
                N_("“%(value)s” does not fit the option %(option)s."),
                field=self.name,
                value=value,
                option=self.name,
                code="no_fit",
                detail=str(wrong),
            ) from wrong


class StepKind(StrEnum):
    """What a step of the set-up asks of a person."""

    CONFIRM = "confirm"
    CONNECT = "connect"
    OPTIONS = "options"
    SETTINGS = "settings"
    PREPARE = "prepare"
    SYNC = "sync"
    ACTIVATE = "activate"


@dataclass(frozen=True, slots=True)
class SetUpStep:
    """One step of the assisted set-up.

    ``about`` says what is needed and why. ``side`` is the system it concerns; ``names`` are the options (of the pair)
    or settings (of the connection) that it asks for, empty meaning all; ``more`` is asked for once and never stored.
    ``optional`` ones may be skipped. ``modes`` are the ways of use that it belongs to, empty meaning all.
    """

    name: str
    title: str
    about: str
    kind: StepKind
    side: Side | None = None
    names: tuple[str, ...] = ()
    optional: bool = False
    more: tuple[Setting, ...] = ()
    modes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bill:
    """A booked invoice as the right system tells it: amounts in its own currency, major units, VAT included."""

    customer: str
    customer_name: str
    number: int
    day: str
    due: str | None
    currency: str
    total: Decimal
    paid: Decimal
    open: Decimal


@dataclass(frozen=True, slots=True)
class Bills:
    """Where the right system keeps its booked invoices, and how one is read (None: it is not booked).

    ``credited_by`` is the resource of credit notes, ``credit_of`` its field that names the invoice; empty: none.
    """

    resource: str
    read: Callable[[Mapping[str, Any]], Bill | None]
    credited_by: str = ""
    credit_of: str = ""


@dataclass(frozen=True, slots=True)
class PairType:
    """Two connectors, the mappings between them, and the options that shape the mappings.

    ``about`` is what the marketplace says of it, ``modes`` the ways it can be used (full, csv), ``departments`` the
    left system's resource of departments where access is given to some of them, ``bills`` what the right one's booked
    invoices say of their payment.
    """

    name: str
    title: str
    left: str
    right: str
    mappings: Callable[[Mapping[str, Any], Schemas], Mapping[str, TableMapping]]
    options: tuple[Option, ...] = ()
    left_references: tuple[str, ...] = ()
    right_references: tuple[str, ...] = ()
    single_record: Callable[[Mapping[str, Any]], bool] = field(default=lambda _options: True)
    set_up: tuple[SetUpStep, ...] = ()
    about: str = ""
    modes: tuple[str, ...] = (FULL,)
    departments: str = ""
    bills: Bills | None = None

    def references(self, side: Side) -> tuple[str, ...]:
        """Resources that are only looked things up in, never coupled."""
        return self.left_references if side is Side.LEFT else self.right_references

    def with_defaults(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """The chosen options with defaults for the others. Raises SettingsError naming a wrong one."""
        known = {option.name: option for option in self.options}
        for name, value in chosen.items():
            option = known.get(name)
            if option is None and name not in {"fields", "policies", "tables"}:
                raise SettingsError(
                    N_("There is no option “%(option)s”. Known: %(known)s."),
                    field=name,
                    option=name,
                    known=", ".join(known),
                )
            if option is not None:
                option.check(value)
        return {option.name: option.default for option in self.options} | dict(chosen)
