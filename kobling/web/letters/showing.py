"""What the templates of the pages about mail are given: finished values, one object a page."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import get_language

from kobling.access import spoken
from kobling.hub.told.said import filled
from kobling.mail import phrases
from kobling.mail.digests.preferences import Preferences
from kobling.mail.digests.times import WORDS as FREQUENCIES
from kobling.mail.digests.times import Frequency
from kobling.mail.kinds import WORDS as KINDS
from kobling.mail.kinds import Kind
from kobling.mail.reminders.reminding import Choice, Outlook, Preview
from kobling.records import N_
from kobling.web.letters.forms import PreferencesForm, ReminderForm


@dataclass(frozen=True, slots=True)
class Ticked:
    """One choice of several. ``beside``: what stands behind it. ``can``: it can be chosen."""

    key: str
    label: str
    on: bool
    number: int = 0
    beside: str = ""
    can: bool = True


@dataclass(frozen=True, slots=True)
class PreferencesPage:
    """The form of what somebody wants of a client: for a page of its own, or for a part of another one.

    ``after``: where to go once it is saved; empty: the page itself.
    """

    told: Preferences
    form: PreferencesForm
    frequencies: tuple[Ticked, ...]
    kinds: tuple[Ticked, ...]
    after: str = ""


@dataclass(frozen=True, slots=True)
class ReminderPage:
    """The form of a reminder. ``several``: names of the clients where there is more than one."""

    told: Outlook
    form: ReminderForm
    name: str
    number: str
    several: tuple[str, ...]
    choices: tuple[Ticked, ...]
    names: str
    preview: Preview | None
    paragraphs: tuple[str, ...]


def preferences_page(told: Preferences, form: PreferencesForm | None = None, after: str = "") -> PreferencesPage:
    """What was said last, or what stands there already."""
    form = form or PreferencesForm(initial=PreferencesForm.told(told))
    chosen, often = form["kinds"].value() or (), form["frequency"].value()
    language, zone = get_language() or "en", timezone.get_current_timezone()
    return PreferencesPage(
        told,
        form,
        tuple(
            Ticked(
                each, filled(FREQUENCIES[each]), each == often, beside=spoken.whole(told.coming[each], language, zone)
            )
            for each in Frequency
        ),
        tuple(Ticked(each, filled(KINDS[each]), each in chosen) for each in Kind),
        after,
    )


def reminder_page(told: Outlook, form: ReminderForm, preview: Preview | None) -> ReminderPage:
    """With everything that is outstanding ticked, until somebody has chosen."""
    chosen = form["kinds"].value() if form.is_bound else [each.kind for each in told.choices]
    names = [each.name for each in told.clients]
    return ReminderPage(
        told,
        form,
        names[0],
        told.clients[0].number,
        tuple(names) if len(names) > 1 else (),
        tuple(_ticked(each, each.kind in (chosen or ())) for each in told.choices),
        phrases.listed(told.recipients),
        preview,
        tuple(preview.letter.text.strip().split("\n\n")) if preview else (),
    )


def _ticked(each: Choice, on: bool) -> Ticked:
    can = each.number > 0
    return Ticked(each.kind, filled(KINDS[each.kind]), on and can, each.number, _beside(each), can)


def _beside(each: Choice) -> str:
    language = get_language() or "en"
    if each.kind is Kind.WALLET:
        return _balance(each, language)
    if not each.number:
        return filled(N_("nothing outstanding"))
    if each.kind is Kind.READY and each.sums:
        return phrases.sums(each.sums, language)
    if each.oldest_at is not None:
        day = spoken.day(timezone.localtime(each.oldest_at).date(), language)
        return filled(N_("oldest of %(day)s"), {"day": day})
    return ""


def _balance(each: Choice, language: str) -> str:
    if each.balance is None:
        return "" if each.number else filled(N_("no balance under its limit"))
    balance = spoken.amount(each.balance, language, each.currency)
    if each.limit is None:
        return filled(N_("%(balance)s, and no limit is set"), {"balance": balance})
    limit = spoken.amount(each.limit, language, each.currency)
    sentence = (
        N_("%(balance)s is under the limit of %(limit)s")
        if each.number
        else N_("%(balance)s is over the limit of %(limit)s")
    )
    return filled(sentence, {"balance": balance, "limit": limit})
