"""A JSON value into what a column holds, as strictly as the column's type says."""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from kobling_simulators.dataverse.errors import BAD_OPTION, OUT_OF_RANGE, TOO_LONG, ApiError, bad_request
from kobling_simulators.dataverse.facts import CHOICES, Column, Table
from kobling_simulators.odata.scanning import instant

_GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?(?:[Zz]|[+-]\d\d:\d\d)")
_EDM = {
    "String": "Edm.String",
    "Memo": "Edm.String",
    "EntityName": "Edm.String",
    "Boolean": "Edm.Boolean",
    "Integer": "Edm.Int32",
    "BigInt": "Edm.Int64",
    "Double": "Edm.Double",
    "Decimal": "Edm.Decimal",
    "Money": "Edm.Decimal",
    "DateTime": "Edm.DateTimeOffset",
    "Uniqueidentifier": "Edm.Guid",
    "Lookup": "Edm.Guid",
    "Owner": "Edm.Guid",
    "Customer": "Edm.Guid",
    "Picklist": "Edm.Int32",
    "State": "Edm.Int32",
    "Status": "Edm.Int32",
}
SCALE = Decimal("1E-10")
MEMO_LENGTH = 2000
CENT = Decimal("0.01")


def edm_type(column: Column) -> str:
    """The OData type of a column."""
    return "Edm.Date" if column.date_only else _EDM[column.type]


def guid(text: object) -> str | None:
    """A GUID in lower case, or None when the text is none."""
    return text.lower() if isinstance(text, str) and _GUID.fullmatch(text) else None


def rounded(amount: Decimal, decimals: int = 2) -> Decimal:
    """An amount as the database keeps it.

    Fidelity: assumed dataverse §4 – amounts are rounded half up to the currency's decimals, prices to the org's
    """
    return amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def taken(table: Table, column: Column, value: Any, price_decimals: int = 2) -> Any:
    """What the column holds for a JSON value. Raises ApiError."""
    if value is None:
        return None
    kind = column.type
    if kind in ("String", "Memo", "EntityName"):
        return _text(table, column, value)
    if kind == "Boolean":
        if not isinstance(value, bool):
            raise _refusal(column, value)
        return value
    if kind in CHOICES:
        return _choice(table, column, value)
    if kind in ("Integer", "BigInt"):
        return _integer(table, column, value)
    if kind in ("Decimal", "Money", "Double"):
        return _number(table, column, value, price_decimals)
    if kind == "DateTime":
        return _moment(column, value)
    found = guid(value)
    if found is None:
        raise _refusal(column, value)
    return found


def _refusal(column: Column, value: Any) -> ApiError:
    return bad_request(
        f"Error identified in Payload provided by the user: Cannot convert the value '{str(value)[:100]}' "
        f"of '{column.name}' to the expected target type '{edm_type(column)}'."
    )


def _text(table: Table, column: Column, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _refusal(column, value)
    allowed = column.length or (MEMO_LENGTH if column.type == "Memo" else 4000)
    if _length(value) > allowed:
        raise bad_request(
            f"A validation error occurred. The length of the '{column.name}' attribute of the '{table.logical}' "
            f"entity exceeded the maximum allowed length of '{allowed}'.",
            TOO_LONG,
        )
    return value or None


def _length(text: str) -> int:
    """UTF-16 units, as the database counts: an emoji is two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _choice(table: Table, column: Column, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refusal(column, value)
    if column.options is not None and value not in column.options:
        accepted = ",".join(str(one) for one in column.options)
        raise bad_request(
            f"A validation error occurred. The value {value} of '{column.name}' on record of type '{table.logical}' "
            f"is outside the valid range. Accepted Values: {accepted}",
            BAD_OPTION,
        )
    return value


def _integer(table: Table, column: Column, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refusal(column, value)
    _in_range(table, column, Decimal(value))
    return value


def _number(table: Table, column: Column, value: Any, price_decimals: int) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _refusal(column, value)
    number = Decimal(value)
    _in_range(table, column, number)
    try:
        if column.type == "Money":
            return rounded(number, price_decimals if column.name in ("priceperunit", "price", "amount") else 2)
        return number.quantize(SCALE, ROUND_HALF_UP) if column.type == "Decimal" else number
    except InvalidOperation:
        raise _out_of_range(table, column) from None


def _in_range(table: Table, column: Column, number: Decimal) -> None:
    low = column.low if column.low is not None else Decimal(-(10**12))
    high = column.high if column.high is not None else Decimal(10**12)
    if column.type == "Integer":
        low, high = max(low, Decimal(-(2**31))), min(high, Decimal(2**31 - 1))
    if not low <= number <= high:
        raise _out_of_range(table, column)


def _out_of_range(table: Table, column: Column) -> ApiError:
    return bad_request(
        f"A validation error occurred. The value of '{column.name}' on record of type '{table.logical}' "
        "is outside the valid range.",
        OUT_OF_RANGE,
    )


def _moment(column: Column, value: Any) -> str:
    """Dates as YYYY-MM-DD, instants in UTC to the second."""
    if not isinstance(value, str):
        raise _refusal(column, value)
    try:
        if column.date_only and _DAY.fullmatch(value):
            return date.fromisoformat(value).isoformat()
        if not column.date_only and _INSTANT.fullmatch(value):
            return instant(value).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        pass
    raise _refusal(column, value)
