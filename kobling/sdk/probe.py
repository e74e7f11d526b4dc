"""Shared questions of probes: how far the clocks are apart, whether an answer is as the contract says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from kobling.records import KoblingError
from kobling.sdk.protocols import Clock, Finding
from kobling.sdk.status import http_date

_WORTH_SAYING = 5.0


def clock_finding(headers: Mapping[str, str], clock: Clock) -> Finding:
    """Compare the vendor's Date header with our clock; more than 5 s apart is worth saying."""
    theirs = http_date(headers.get("Date"))
    if theirs is None:
        return Finding("clock", "no Date header", ok=None)
    skew = (theirs - clock.now()).total_seconds()
    return Finding("clock", f"{skew:+.0f} s from ours", "within 5 s", abs(skew) <= _WORTH_SAYING)


def limit_finding(headers: Mapping[str, str]) -> Finding:
    """Say which headers speak of limits; names and values only, they hold nothing secret."""
    told = {name: value for name, value in headers.items() if "limit" in name.lower() or name.lower() == "retry-after"}
    return Finding("limit headers", ", ".join(f"{name}: {value}" for name, value in told.items()) or "none")


async def asked(topic: str, question: Callable[[], Awaitable[Finding]]) -> Finding:
    """Ask one question; an error becomes the finding, so that one closed door does not end the probe."""
    try:
        return await question()
    except KoblingError as error:
        code = f" {error.code}" if error.code else ""
        return Finding(topic, f"{error.kind}{code}: {error.vendor_text or error}", ok=False)
