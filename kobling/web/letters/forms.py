"""Forms of the pages about mail. Templates draw their fields, since each choice says something of its own."""

from __future__ import annotations

from typing import Any

from babel.numbers import NumberFormatError, parse_decimal
from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kobling.access import spoken
from kobling.hub.told.said import filled
from kobling.mail.digests.preferences import Preferences
from kobling.mail.digests.preferences import Wish as WantedMail
from kobling.mail.digests.times import WORDS as FREQUENCIES
from kobling.mail.digests.times import Frequency
from kobling.mail.kinds import WORDS as KINDS
from kobling.mail.kinds import known
from kobling.mail.reminders.reminding import LONGEST_COMMENT
from kobling.mail.reminders.reminding import Wish as Reminder
from kobling.records import N_, exact


class AmountField(forms.CharField):
    """An amount as the reader's language writes it, and no other way: a point may stand between thousands."""

    def clean(self, value: Any) -> Any:
        """The number; None where nothing stands there."""
        text, language = str(super().clean(value)).strip(), get_language() or "en"
        if not text:
            return None
        try:
            # Where thousands stand apart by a space, people type a plain one.
            told = text.replace(" ", "\xa0") if language in ("sv", "nb") else text
            return exact(str(parse_decimal(told, locale=spoken.locale_of(language), strict=True)))
        except (NumberFormatError, ValueError):
            example = spoken.number(5000, language, 2)
            refused = filled(
                N_("“%(value)s” is no amount. Write it like %(example)s."), {"value": text, "example": example}
            )
            raise forms.ValidationError(refused) from None


class PreferencesForm(forms.Form):
    """What somebody wants of a client."""

    on = forms.BooleanField(required=False)
    frequency = forms.ChoiceField(choices=list(FREQUENCIES.items()))
    kinds = forms.MultipleChoiceField(choices=list(KINDS.items()), required=False)
    together = forms.BooleanField(required=False)
    threshold = AmountField(required=False, max_length=30)

    @property
    def wish(self) -> WantedMail:
        """What was said."""
        told = self.cleaned_data
        return WantedMail(told["on"], Frequency(told["frequency"]), known(told["kinds"]), told["together"])

    @staticmethod
    def told(preferences: Preferences) -> dict[str, Any]:
        """What stands in it at first."""
        wish, language = preferences.wish, get_language() or "en"
        threshold = preferences.threshold
        return {
            "on": wish.on,
            "frequency": wish.frequency.value,
            "kinds": [each.value for each in wish.kinds],
            "together": wish.together,
            "threshold": "" if threshold is None else spoken.number(threshold, language, 2),
        }


class ReminderForm(forms.Form):
    """What a reminder is about."""

    kinds = forms.MultipleChoiceField(choices=list(KINDS.items()), required=False)
    comment = forms.CharField(
        label=_("Comment"), required=False, max_length=LONGEST_COMMENT, widget=forms.Textarea({"rows": 3})
    )
    token = forms.CharField(max_length=64, widget=forms.HiddenInput)

    @property
    def wish(self) -> Reminder:
        """What was said so far, also where the rest does not do."""
        told = getattr(self, "cleaned_data", {})
        return Reminder(known(told.get("kinds", ())), told.get("comment", ""))
