"""What stands in columns, as JSON tells it, and read back with a column's own bounds."""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from django.db import connection, models

from kobling.records import exact

Field: TypeAlias = "models.Field[Any, Any]"


def told(value: Any) -> Any:
    """A column's value for a line of JSON."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return b64encode(bytes(value)).decode()
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value


def read(field: Field, value: Any) -> Any:
    """A value for a column, from a line that anybody may have written. Raises ValueError."""
    if value is None:
        if not field.null:
            raise ValueError(field.name)
        return None
    if isinstance(field, models.JSONField):
        return _plain(value)
    if isinstance(field, models.BooleanField):
        return _is(value, bool)
    if isinstance(field, models.IntegerField):
        return _number(field, value)
    return _from_text(field, _is(value, str))


def _from_text(field: Field, value: str) -> Any:
    if isinstance(field, models.DateTimeField):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(field.name)
        return moment
    if isinstance(field, models.DateField):
        return date.fromisoformat(value)
    if isinstance(field, models.DecimalField):
        return _amount(field, value)
    if isinstance(field, models.BinaryField):
        return b64decode(value, validate=True)
    if isinstance(field, models.UUIDField):
        return UUID(value)
    if "\x00" in value or (field.max_length is not None and len(value) > field.max_length):
        raise ValueError(field.name)
    return value


def _is(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise ValueError(value)
    return value


def _number(field: Field, value: Any) -> int:
    least, most = connection.ops.integer_field_range(field.get_internal_type())
    number: int = _is(value, int)
    if (least is not None and number < least) or (most is not None and number > most):
        raise ValueError(field.name)
    return number


def _amount(field: models.DecimalField[Any, Any], value: str) -> Decimal:
    amount = exact(value)
    if abs(amount) >= Decimal(10) ** (field.max_digits - field.decimal_places):
        raise ValueError(field.name)
    return round(amount, field.decimal_places)


def _plain(value: Any) -> Any:
    """JSON that both databases hold. PostgreSQL has no NUL, and neither has a number that is none."""
    if isinstance(value, str) and "\x00" in value:
        raise ValueError("NUL")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("no number")
    if isinstance(value, dict):
        return {_plain(name): _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
