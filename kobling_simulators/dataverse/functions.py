"""The query functions of Dataverse that a $filter may call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

# What each takes beside PropertyName.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "In": ("PropertyValues",),
    "NotIn": ("PropertyValues",),
    "Between": ("PropertyValues",),
    "LastXHours": ("PropertyValue",),
    "LastXDays": ("PropertyValue",),
    "NextXDays": ("PropertyValue",),
    "OlderThanXDays": ("PropertyValue",),
    "Today": (),
    "Yesterday": (),
    "On": ("PropertyValue",),
    "OnOrAfter": ("PropertyValue",),
    "OnOrBefore": ("PropertyValue",),
    "EqualUserId": (),
    "NotEqualUserId": (),
}


def functions_of(now: datetime, user: str) -> dict[str, Callable[..., object]]:
    """The functions as they answer now, to a user; rows hold instants as text, whose order is that of time."""
    today = now.strftime("%Y-%m-%d")

    def past(value: object, span: timedelta) -> bool:
        return isinstance(value, str) and _text(now - span) <= value <= _text(now)

    def older(value: object, count: object) -> bool:
        return isinstance(value, str) and value < _text(now - timedelta(days=_count(count)))

    def ahead(value: object, count: object) -> bool:
        return isinstance(value, str) and _text(now) <= value <= _text(now + timedelta(days=_count(count)))

    def between(value: object, ends: object) -> bool:
        low, high = _texts(ends)
        return value is not None and low.casefold() <= str(value) <= high.casefold()

    found: dict[str, Callable[..., object]] = {
        "In": _is_one,
        "NotIn": lambda value, given: not _is_one(value, given),
        "Between": between,
        "LastXHours": lambda value, count: past(value, timedelta(hours=_count(count))),
        "LastXDays": lambda value, count: past(value, timedelta(days=_count(count))),
        "NextXDays": ahead,
        "OlderThanXDays": older,
        "Today": lambda value: _day(value) == today,
        "Yesterday": lambda value: _day(value) == (now - timedelta(days=1)).strftime("%Y-%m-%d"),
        "On": lambda value, day: _day(value) == _day(day),
        "OnOrAfter": lambda value, day: value is not None and _day(value) >= _day(day),
        "OnOrBefore": lambda value, day: value is not None and _day(value) <= _day(day),
        "EqualUserId": lambda value: value == user,
        "NotEqualUserId": lambda value: value is not None and value != user,
    }
    return {f"Microsoft.Dynamics.CRM.{name}": function for name, function in found.items()}


def _text(moment: datetime) -> str:
    """Texts are compared without regard to case, so in small letters as rows come to the functions."""
    return moment.strftime("%Y-%m-%dt%H:%M:%Sz")


def _day(value: object) -> str:
    return str(value)[:10] if value is not None else ""


def _count(value: object) -> int:
    try:
        return min(int(str(value)), 36_500)
    except ValueError:
        return 0


def _texts(given: object) -> tuple[str, str]:
    values = [str(one) for one in given] if isinstance(given, tuple) else []
    return (values[0], values[1]) if len(values) == 2 else ("", "")


def _is_one(value: object, given: object) -> bool:
    wanted = {str(one).casefold() for one in given} if isinstance(given, tuple) else set()
    return value is not None and str(value).casefold() in wanted
