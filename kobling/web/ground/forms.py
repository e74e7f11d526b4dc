"""How forms are drawn: label above, error before hint, both told to who listens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.template import engines

_CLASSES = {"select": "select", "textarea": "input"}
_PLAIN = ("checkbox", "radio", "hidden", "file")


class Renderer(DjangoTemplates):
    """Django's own widgets with our classes, our field and form around them."""

    field_template_name = "ground/field.html"
    form_template_name = "ground/form.html"

    def get_template(self, template_name: str) -> Any:
        """Ours where we have one, Django's otherwise."""
        if template_name.startswith("ground/"):
            return engines["django"].get_template(template_name)
        return super().get_template(template_name)

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        """As Django does; a widget gets the class that its kind has in the stylesheet."""
        widget = context.get("widget")
        if widget is not None and widget.get("type") not in _PLAIN:
            kind = template_name.rsplit("/", 1)[-1].removesuffix(".html")
            widget["attrs"].setdefault("class", _CLASSES.get(kind, "input"))
        return super().render(template_name, context, request)


class SampleForm(forms.Form):
    """One field of each kind, one of them refused, for the page of components."""

    name = forms.CharField(label="Name", help_text="As in the register.", initial="Ærø Værft ApS", required=False)
    number = forms.RegexField(r"^\d{8}$", label="Number", error_messages={"invalid": "8 digits; here are 7."})
    account = forms.ChoiceField(label="Account", choices=[("1", "6420 Telephone")], required=False)
    wins = forms.ChoiceField(
        label="Wins", choices=[("l", "Left"), ("r", "Right")], widget=forms.RadioSelect, required=False
    )
    chosen = forms.BooleanField(label="Chosen", required=False)
