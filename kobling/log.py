"""Log lines for operators: key=value on the error stream, quiet unless a worker runs."""

from __future__ import annotations

import logging
import sys

import structlog


def set_up(verbose: bool) -> None:
    """Say everything from information up, or only warnings. Nothing secret is ever passed to a logger."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"], drop_missing=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO if verbose else logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
