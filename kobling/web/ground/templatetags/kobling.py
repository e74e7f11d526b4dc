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

from kobling.access import spoken
from kobling.hub.told.said import Said, filled
from kobling.records import N_, KoblingError
from kobling.web.ground import icons
from kobling.web.ground.words import STATE_ICONS, STATE_WORDS, WHAT_ICONS, system

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
def room(value: int | None) -> str:
    """So many bytes, as people say it: ``7,3 GB``."""
    if value is None:
        return _NONE
    for unit, size in (("GB", 10**9), ("MB", 10**6)):
        if value >= size:
            return f"{spoken.number(Decimal(value) / size, _language(), 1)}\xa0{unit}"
    return f"{spoken.number(-(-value // 1000), _language())}\xa0kB"


@register.filter
def kroner(value: Decimal | None, currency: str = "") -> str:
    """Money in major units, with the code of its currency where one is given."""
    return _NONE if value is None else spoken.amount(value, _language(), currency)


@register.filter
def whole(value: Decimal | None) -> str:
    """Money without its small coins where there are none."""
    if value is None:
        return _NONE
    return spoken.number(value, _language(), 0 if value == value.to_integral_value() else 2)


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


@register.simple_tag(takes_context=True)
def when_under(context: dict[str, Any], value: datetime) -> SafeString:
    """An instant for a narrow column: the time, and the day under it."""
    return time_under(value, context["request"].now)


def time_under(value: datetime, now: datetime) -> SafeString:
    """As ``when_under`` draws it."""
    zone, language = timezone.get_current_timezone(), _language()
    local, today = value.astimezone(zone), now.astimezone(zone).date()
    day = spoken.said_day(local.date(), language, today) or spoken.day(local.date(), language)
    return format_html(
        '<time datetime="{}" title="{}">{}<span class="sub">{}</span></time>',
        value.isoformat(timespec="minutes"),
        spoken.instant(value, language, zone),
        spoken.clock(local, language),
        day,
    )


@register.simple_tag
def say(text: str, **params: Any) -> str:
    """A kept English sentence in the reader's language."""
    return filled(text, params)


@register.filter
def state_icon(key: str) -> str:
    """The icon of a state."""
    return STATE_ICONS[key]


@register.filter
def what_icon(what: str) -> str:
    """The icon of something that was done."""
    return WHAT_ICONS.get(what, "settings-2")


@register.filter
def system_name(connector: str) -> str:
    """What a system is called."""
    return system(connector)[1]


@register.simple_tag
def lasting(seconds: int) -> str:
    """How long something took: ``2 min. 14 s.``"""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return filled(N_("%(hours)s h %(minutes)s min."), {"hours": hours, "minutes": minutes})
    if minutes:
        return filled(N_("%(minutes)s min. %(seconds)s s."), {"minutes": minutes, "seconds": rest})
    return filled(N_("%(seconds)s s."), {"seconds": rest})


@register.simple_tag
def marked(text: str, words: str) -> SafeString:
    """A text with the letters that were looked for marked, where they stand in it as they were written."""
    at = text.casefold().find(words.casefold()) if words else -1
    if at < 0 or len(text) != len(text.casefold()):
        return format_html("{}", text)
    end = at + len(words)
    return format_html("{}<mark>{}</mark>{}", text[:at], text[at:end], text[end:])


@register.simple_tag
def share(done: int, total: int) -> str:
    """Of so many so many, in per cent: ``31 %``."""
    return f"{min(100, done * 100 // total)}\xa0%"


@register.simple_tag
def said(kept: Said) -> str:
    """A kept sentence with what belongs in it, in the reader's language."""
    return filled(kept.text, kept.params)


@register.simple_tag
def say_line(line: Any) -> str:
    """What is wrong with a line of something pasted, in the reader's language."""
    return filled(line.problem, line.params)


@register.simple_tag
def say_error(fault: KoblingError) -> str:
    """What an error says, in the reader's language."""
    return filled(fault.summary, fault.params)
