"""Log lines for operators: key=value on the error stream, quiet unless a worker runs, and fit to be sent in.

No line holds a value of anybody's: an exception is told by its types and by the places it passed (file and line), never
by its message or by what its frames held; the message of a KoblingError is a sentence of ours, told without its
parameters. Lines of other libraries are told by the place that wrote them alone, since their text may quote anything.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

from kobling.records import KoblingError
from kobling.sdk.redaction import Redactor

_LONGEST = 4000
_PLACES = 30
_ROOT = Path(__file__).resolve().parent.parent
get = structlog.get_logger


def set_up(verbose: bool) -> None:
    """Say everything from information up, or only warnings; for every process that runs our code."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_values,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"], drop_missing=True),
            _redacted,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if verbose else logging.WARNING),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    if not any(isinstance(each, _Foreign) for each in root.handlers):
        root.addHandler(_Foreign(logging.WARNING))


def hook() -> None:
    """Exceptions that nobody caught are logged like all others, in this process."""
    sys.excepthook = lambda _kind, fault, _trace: get("kobling").error("a fault nobody caught", exc_info=fault)
    threading.excepthook = lambda told: get("kobling").error("a thread ended by a fault", exc_info=told.exc_value)
    sys.unraisablehook = lambda told: get("kobling").error("a fault while cleaning up", exc_info=told.exc_value)


def traced(fault: BaseException) -> str:
    """An exception and its causes: types and places, innermost first, without a value."""
    return " <- ".join(_told(each) for each in _chain(fault))


def _chain(fault: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while fault is not None and id(fault) not in seen:
        seen.add(id(fault))
        yield fault
        fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)


def _told(fault: BaseException) -> str:
    kind = type(fault)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    ours = f" ({fault.summary} code={fault.code})" if isinstance(fault, KoblingError) else ""
    return f"{name}{ours} at {' < '.join(_places(fault.__traceback__)) or 'nowhere'}"


def _places(trace: TracebackType | None) -> list[str]:
    found = []
    while trace is not None:
        found.append(f"{_short(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}")
        trace = trace.tb_next
    return found[::-1][:_PLACES]


def _short(name: str) -> str:
    """A file by its place in our code or in a library, never by where it lies on this machine."""
    path = Path(name)
    if path.is_relative_to(_ROOT) and "site-packages" not in path.parts:
        return str(path.relative_to(_ROOT))
    parts = path.parts
    for mark in ("site-packages", "dist-packages"):
        if mark in parts:
            return "/".join(parts[parts.index(mark) + 1 :])
    return "/".join(parts[-2:])


def _without_values(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    fault = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if fault is True:
        fault = sys.exc_info()[1]
    if isinstance(fault, tuple):
        fault = fault[1]
    if isinstance(fault, BaseException):
        event["trace"] = traced(fault)
    for name, value in event.items():
        if isinstance(value, BaseException):
            event[name] = traced(value)
    return event


def _redacted(_logger: Any, _method: str, line: Any) -> str:
    return Redactor()(str(line), limit=_LONGEST)


class _Foreign(logging.Handler):
    """Lines that other libraries log, told by their place alone."""

    def emit(self, record: logging.LogRecord) -> None:
        fault = record.exc_info[1] if record.exc_info else None
        place = f"{_short(record.pathname)}:{record.lineno}"
        level = logging.ERROR if record.levelno >= logging.ERROR else logging.WARNING
        get(record.name).log(
            level, "a library says", logger=record.name, at=place, **({"exc_info": fault} if fault else {})
        )
