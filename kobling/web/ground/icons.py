"""Lucide's icons as our pages draw them: inline, 16 px by the stylesheet, hidden from who listens."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from io import BytesIO
from zipfile import ZipFile

from django.utils.safestring import SafeString, mark_safe

BRAND = (
    "M3 4h4v6.2L13.4 4H19l-7.6 7.3L19.4 20H14l-5.4-6.1L7 15.4V20H3z",
    "M19 9.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z",
)


_INNER = re.compile(r"<svg[^>]*>|</svg>|<!--.*?-->", re.DOTALL)


@cache
def _all() -> ZipFile:
    return ZipFile(BytesIO((files("lucide") / "lucide.zip").read_bytes()))


@cache
def icon(name: str, extra: str = "") -> SafeString:
    """The icon of that name, from the package's data alone. Raises KeyError where there is none."""
    inner = _INNER.sub("", _all().read(f"{name}.svg").decode()).strip()
    inner = re.sub(r">\s+<", "><", inner)
    classes = f"icon {extra}".strip()
    return mark_safe(f'<svg class="{classes}" viewBox="0 0 24 24" aria-hidden="true">{inner}</svg>')  # noqa: S308


@cache
def brand() -> SafeString:
    """Kobling's mark."""
    paths = "".join(f'<path d="{each}"/>' for each in BRAND)
    return mark_safe(f'<svg viewBox="0 0 24 24" aria-hidden="true">{paths}</svg>')  # noqa: S308
