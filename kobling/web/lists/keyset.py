"""A page of a list by the place of its last row: as quick at the end as at the beginning, and no row twice."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, Model, Q, QuerySet

Place = tuple[Any, Any]


def ordered(rows: QuerySet[Any], field: str, *, descending: bool) -> QuerySet[Any]:
    """By a field, rows without a value last either way; rows that are alike by their id."""
    # Said of a field that is never empty, an index of it would not be used.
    last = True if _may_be_empty(rows.model, field) else None
    place = F(field).desc(nulls_last=last) if descending else F(field).asc(nulls_last=last)
    return rows.order_by(place, "pk")


def _may_be_empty(model: type[Model], field: str) -> bool:
    """Also what is reckoned, and what another table has: a row may have none there."""
    try:
        return bool(model._meta.get_field(field).null)
    except FieldDoesNotExist:
        return True


def behind(rows: QuerySet[Any], field: str, token: str, *, descending: bool) -> QuerySet[Any]:
    """The rows behind the one that a token names; all of them where the token is none."""
    place = _read(token)
    if place is None:
        return rows
    value, pk = place
    if value is None:
        return _tried(rows, Q(**{f"{field}__isnull": True, "pk__gt": pk}))
    further = Q(**{f"{field}__{'lt' if descending else 'gt'}": value}) | Q(**{field: value, "pk__gt": pk})
    return _tried(rows, further | Q(**{f"{field}__isnull": True}) if _may_be_empty(rows.model, field) else further)


def first(rows: QuerySet[Any], whole: QuerySet[Any], most: int) -> list[Any]:
    """The first rows, in their order. Only their ids are sorted: a server carries whole rows through a sort slowly.

    ``whole``: what the rows are fetched from, with all that they show.
    """
    ids = list(rows.values_list("pk", flat=True)[:most])
    found = whole.in_bulk(ids)
    return [found[each] for each in ids if each in found]


def token(row: Model, field: str) -> str:
    """The place of a row, for a URL."""
    value: Any = row
    for part in field.split("__"):
        # What was not reckoned yet has no row there, and stands last like what has no value.
        value = getattr(value, part, None)
    told = json.dumps([_typed(value), row.pk], separators=(",", ":"))
    return urlsafe_b64encode(told.encode()).decode().rstrip("=")


def _typed(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal | datetime | date) else value


def _read(given: str) -> Place | None:
    try:
        found = json.loads(urlsafe_b64decode(given + "=" * (-len(given) % 4)))
        value, pk = found
    except (ValueError, TypeError):
        return None
    fits = isinstance(pk, int) and isinstance(value, str | int | None) and "\x00" not in str(value)
    return (value, pk) if fits else None


def _tried(rows: QuerySet[Any], wanted: Q) -> QuerySet[Any]:
    """A token of another order holds what does not fit the field: then the list begins anew."""
    try:
        return rows.filter(wanted)
    except (ValueError, TypeError, ValidationError):
        return rows
