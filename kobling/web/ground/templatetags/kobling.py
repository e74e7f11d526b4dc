"""What every template may use without loading it: icons, states, people, systems, numbers, times."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from kobling.hub.told.said import filled
from kobling.records import N_, KoblingError
from kobling.web.ground import icons, spoken
from kobling.web.ground.words import STATE_ICONS, STATE_WORDS, system

register = template.Library()
_NONE = "–"


def _language() -> str:
    return get_language() or "en"


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """An icon of Lucide's."""
    return icons.icon(name, extra)


@register.simple_tag
def brand() -> SafeString:
    """Kobling's mark."""
    return icons.brand()


@register.simple_tag
def state(key: str, after: str = "", word: str = "") -> SafeString:
    """A state: icon, word and colour; ``after`` is what stands behind the dot, ``word`` another word for the same."""
    said = word or filled(STATE_WORDS[key])
    text = f"{said} · {after}" if after else said
    return format_html('<span class="st {}">{}{}</span>', key, icons.icon(STATE_ICONS[key]), text)


@register.simple_tag
def person(name: str) -> SafeString:
    """A person's initials, with the whole name for who points or listens."""
    return format_html(
        '<span class="av" title="{0}"><span aria-hidden="true">{1}</span><span class="vh">{0} </span></span>',
        name,
        initials(name),
    )


@register.simple_tag
def initials(name: str) -> str:
    """The first letters of a name's first and last word."""
    parts = name.split()
    return "".join(part[:1] for part in parts[:1] + parts[1:][-1:]).upper() or "?"


@register.simple_tag
def pair_of(left: str, right: str, direction: str = "both", broken: bool = False) -> SafeString:
    """Two systems with the arrow between them, and in words."""
    if direction == "to_left":
        left, right = right, left
    two_way = direction == "both"
    names = system(left), system(right)
    sentence = N_("%(left)s and %(right)s") if two_way else N_("%(left)s to %(right)s")
    told = filled(sentence, {"left": names[0][1], "right": names[1][1]})
    if broken:
        told = filled(N_("%(pair)s, the connection is broken"), {"pair": told})
    arrow = icons.icon("unplug" if broken else "arrow-left-right" if two_way else "arrow-right")
    return format_html(
        '<span class="pair{}" title="{}"><span class="sys" aria-hidden="true">{}</span>{}'
        '<span class="sys" aria-hidden="true">{}</span><span class="vh">{}</span></span>',
        " broken" if broken else "",
        told,
        names[0][0],
        arrow,
        names[1][0],
        told,
    )


@register.filter
def num(value: int | Decimal | None) -> str:
    """A whole number, or a dash for none."""
    return _NONE if value is None else spoken.number(value, _language())


@register.filter
def kroner(value: Decimal | None, currency: str = "") -> str:
    """Money in major units, with the code of its currency where one is given."""
    return _NONE if value is None else spoken.amount(value, _language(), currency)


@register.filter
def on_day(value: date | None) -> str:
    """A day."""
    return _NONE if value is None else spoken.day(value, _language())


@register.simple_tag(takes_context=True)
def when(context: dict[str, Any], value: datetime | None) -> SafeString | str:
    """An instant as people say it, the full one for who points at it."""
    if value is None:
        return _NONE
    zone, language = timezone.get_current_timezone(), _language()
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(timespec="minutes"),
        spoken.instant(value, language, zone),
        spoken.spoken(value, language, zone, context["request"].now),
    )


@register.simple_tag
def say(text: str, **params: Any) -> str:
    """A kept English sentence in the reader's language."""
    return filled(text, params)


@register.simple_tag
def say_error(fault: KoblingError) -> str:
    """What an error says, in the reader's language."""
    return filled(fault.summary, fault.params)
