"""HTML for mail readers, drawn by templates; styles are written into the elements, since some readers drop the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.template import Context, Engine

_FONT = "-apple-system, 'Segoe UI', Roboto, Arial, sans-serif"
STYLES: Mapping[str, str] = {
    "page": f"margin:0;padding:0;background:#f6f6f3;color:#191d21;font:15px/1.5 {_FONT}",
    "wrap": "width:100%;max-width:600px;background:#ffffff",
    "pad": "padding:24px 28px",
    "h1": "margin:0 0 6px;font-size:20px;line-height:1.3",
    "h2": "margin:0 0 8px;font-size:15px",
    "p": "margin:0 0 12px",
    "link": "color:#155e83",
    "s": "color:#5f666d;font-size:13px",
    "list": "width:100%;font-size:14px;border-collapse:collapse",
    "head": "padding:6px 8px;text-align:right;font-size:12px;font-weight:500;color:#5f666d;"
    "border-bottom:1px solid #cfcfc8;vertical-align:bottom",
    "cell": "padding:9px 8px;border-bottom:1px solid #e3e3de;vertical-align:top",
    "n": "text-align:left;padding-left:0",
    "r": "text-align:right;white-space:nowrap",
    "end": "padding-right:0",
    "after": "padding-top:16px",
    "low": "color:#825000;font-weight:600",
    "btn": "border-radius:6px",
    "press": "display:inline-block;padding:10px 18px;background:#155e83;color:#ffffff;border-radius:6px;"
    "text-decoration:none;font-weight:500",
    "foot": "padding:20px 28px;font-size:13px;color:#5f666d",
}
"""The design's sheet for mail, by class. What is true of narrow screens and in the dark stands in the templates."""

_CLASSES = re.compile(r'class="([a-z0-9 ]+)"')


def drawn(template: str, context: Mapping[str, Any]) -> str:
    """A mail in the language that is active."""
    made = _engine().get_template(f"mail/{template}").render(Context(dict(context)))
    return _CLASSES.sub(_styled, made)


def _styled(found: re.Match[str]) -> str:
    styles = ";".join(STYLES[each] for each in found[1].split() if each in STYLES)
    return f'{found[0]} style="{styles}"' if styles else found[0]


@cache
def _engine() -> Engine:
    # An engine of its own: workers have no pages' settings.
    return Engine(
        dirs=[str(Path(__file__).parent / "templates")],
        libraries={"i18n": "django.templatetags.i18n"},
        autoescape=True,
    )
