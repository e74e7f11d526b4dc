"""Forms of the accounts' pages."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from allauth.account.forms import LoginForm
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from kobling.access.models import Person, Theme

NEAR = ("Europe/Copenhagen", "Europe/Stockholm", "Europe/Oslo", "Europe/Helsinki", "Atlantic/Reykjavik")
"""Zones that stand first."""


def _zones() -> list[tuple[str, str]]:
    """Every zone there is, those near by first."""
    return [(each, each) for each in (*NEAR, *sorted(available_timezones() - {*NEAR}))]


class SignInForm(LoginForm):  # type: ignore[misc]
    """E-mail and password; labels say what a field is, so that nothing stands in it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in self.fields.values():
            each.widget.attrs.pop("placeholder", None)
        self.fields["login"].widget.attrs["autocomplete"] = "username webauthn"
        self.fields["password"].help_text = ""


class BeginForm(forms.Form):
    """The first administrator."""

    name = forms.CharField(label=_("Your name"), widget=forms.TextInput({"autocomplete": "name"}))
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput({"autocomplete": "username"}))
    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. A sentence is easier to remember than a word."),
    )
    firm = forms.CharField(
        label=_("Your firm"),
        widget=forms.TextInput({"autocomplete": "organization"}),
        help_text=_("The accounting firm, or the company itself."),
    )


class LikingForm(forms.ModelForm):  # type: ignore[type-arg]
    """Language, zone and looks of one's own."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=_zones)
    theme = forms.ChoiceField(
        label=_("Theme"),
        choices=[(Theme.SYSTEM, _("As the system")), (Theme.LIGHT, _("Light")), (Theme.DARK, _("Dark"))],
        required=False,
        widget=forms.RadioSelect,
    )
    shortcuts = forms.BooleanField(
        label=_("Shortcuts of one letter"),
        required=False,
        help_text=_("They work only where no field has the cursor. Switch them off if you speak to your computer."),
    )

    class Meta:
        model = Person
        fields = ("language", "time_zone", "theme", "shortcuts")
