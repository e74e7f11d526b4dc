"""Forms of the people's pages."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from kobling.access.models import FirmRole

ROLES = [(FirmRole.BOOKKEEPER.value, _("Bookkeeper")), (FirmRole.ADMIN.value, _("Administrator"))]


class InviteForm(forms.Form):
    """A colleague."""

    name = forms.CharField(label=_("Name"), required=False, max_length=150)
    email = forms.EmailField(label=_("E-mail"), help_text=_("The link goes here, and only this address can use it."))
    role = forms.ChoiceField(
        label=_("Role"),
        choices=ROLES,
        help_text=_("A bookkeeper sees assigned clients. An administrator sees all, and invites."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, initial="da")


class PasteForm(forms.Form):
    """Many colleagues."""

    text = forms.CharField(
        label=_("Colleagues"),
        widget=forms.Textarea({"rows": 8, "spellcheck": "false"}),
        max_length=100_000,
        help_text=_("One a line: name and e-mail, or e-mail alone. Copied cells, semicolons and commas all do."),
    )
    role = forms.ChoiceField(label=_("Role"), choices=ROLES)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, initial="da")


class NewcomerForm(forms.Form):
    """Whoever accepts an invitation and is new here."""

    name = forms.CharField(label=_("Your name"), widget=forms.TextInput({"autocomplete": "name"}), max_length=150)
    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. A sentence is easier to remember than a word."),
    )
