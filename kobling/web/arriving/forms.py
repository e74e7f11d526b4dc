"""Forms of clients on their way in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kobling.hub.services.onboarding import ACCESS_WORDS

COUNTRIES = [
    ("dk", _("Denmark (CVR)")),
    ("no", _("Norway (organisation number)")),
    ("se", _("Sweden (organisation number)")),
]
LARGEST = 256 * 1024 * 1024
"""Of a file that comes over a page; a larger one goes in by the command."""
LEVELS = [(level.value, _(word)) for level, word in ACCESS_WORDS.items()]


class InviteClientForm(forms.Form):
    """A company, and whom to write to."""

    name = forms.CharField(label=_("Company"), max_length=200, widget=forms.TextInput({"autocomplete": "off"}))
    number = forms.CharField(
        label=_("Number with you"),
        max_length=100,
        required=False,
        help_text=_("Any text; leave it empty if you have none."),
    )
    country = forms.ChoiceField(label=_("Registered in"), choices=COUNTRIES)
    registered_number = forms.CharField(label=_("Registered number"), max_length=30, required=False)
    contact_name = forms.CharField(label=_("Contact person"), max_length=150, required=False)
    email = forms.EmailField(label=_("E-mail"), help_text=_("The link goes here, and only this address can use it."))
    access = forms.ChoiceField(label=_("Access you would like"), choices=LEVELS)
    asks_power = forms.BooleanField(
        label=_("Ask for power of attorney"),
        required=False,
        initial=True,
        help_text=_("The client is active once it is given."),
    )
    start_day = forms.DateField(
        label=_("Start-up agreed for"), required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, initial="da")
    comment = forms.CharField(
        label=_("Comment"),
        required=False,
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Stands in the mail."),
    )


class DeclineForm(forms.Form):
    """Why not."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("Whoever asked gets it by mail, word for word."),
    )


class CompanyForm(forms.Form):
    """That the company is this one."""

    country = forms.ChoiceField(label=_("Registered in"), choices=COUNTRIES)
    registered_number = forms.CharField(label=_("Registered number"), max_length=30)


class PersonForm(forms.Form):
    """What whoever answers is in the company."""

    title = forms.CharField(
        label=_("What you are in the company"), max_length=100, help_text=_("For example managing director or owner.")
    )


class AccessForm(forms.Form):
    """Which access the firm gets."""

    access = forms.ChoiceField(label=_("Access"), choices=LEVELS, widget=forms.RadioSelect)


class PowerForm(forms.Form):
    """Power of attorney under a typed name."""

    power_name = forms.CharField(
        label=_("Your full name"), max_length=150, widget=forms.TextInput({"autocomplete": "name"})
    )
    agreed = forms.BooleanField(
        label=_("I may sign for the company, and give the firm power of attorney"), required=False
    )


class CodeForm(forms.Form):
    """The code of the firm to add."""

    code = forms.CharField(
        label=_("Code of the accounting firm"),
        max_length=40,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("The firm's administrator finds it under Clients, Invites."),
    )


class BringForm(forms.Form):
    """A file of a client."""

    file = forms.FileField(
        label=_("File of the client"),
        widget=forms.ClearableFileInput({"accept": ".zip"}),
        help_text=_("It comes from “Export” in another Kobling. Take only files from people you trust."),
    )

    def clean_file(self) -> UploadedFile[Any]:
        """Not larger than a page takes."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST:
            said = gettext("The file is larger than %(most)s. Whoever runs Kobling can import it by a command.")
            raise forms.ValidationError(said % {"most": filesizeformat(LARGEST)})
        return file


class TakeInForm(forms.Form):
    """Under which name a client comes."""

    name = forms.CharField(label=_("Name here"), max_length=200, widget=forms.TextInput({"autocomplete": "off"}))


class ListForm(forms.Form):
    """Many clients, pasted or from a file, and what all of them are asked for."""

    text = forms.CharField(
        label=_("Clients"),
        required=False,
        strip=False,
        max_length=500_000,
        widget=forms.Textarea({"rows": 10, "spellcheck": "false"}),
        help_text=_("One a line: name; number with you; registered number; contact person; e-mail."),
    )
    file = forms.FileField(
        label=_("Or a file (CSV)"), required=False, widget=forms.ClearableFileInput({"accept": ".csv,.txt"})
    )
    country = forms.ChoiceField(label=_("Registered in"), choices=COUNTRIES)
    access = forms.ChoiceField(label=_("Access you would like"), choices=LEVELS)
    asks_power = forms.BooleanField(
        label=_("Ask for power of attorney"),
        required=False,
        initial=True,
        help_text=_("The client is active once it is given."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, initial="da")

    def clean(self) -> dict[str, object]:
        """What a file holds goes into the box, where it can be corrected."""
        given = self.cleaned_data
        file = given.get("file")
        if file is not None:
            given["text"] = self._text_of(file)
        if not self.errors and not str(given.get("text", "")).strip():
            self.add_error("text", gettext("Paste some lines, or choose a file."))
        return given

    def _text_of(self, file: UploadedFile[Any]) -> str:
        if (file.size or 0) > 1024 * 1024:
            self.add_error("file", gettext("The file is too large for a list of clients."))
            return ""
        content: bytes = file.read()
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            # As spreadsheets here write it; every byte is a letter there.
            return content.decode("cp1252", errors="replace")
