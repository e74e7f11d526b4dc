"""An error of a service on the form that caused it, or over the next page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from kobling.hub.told.said import filled
from kobling.records import KoblingError


def put_on(form: forms.BaseForm, refused: KoblingError) -> None:
    """Say it at the field it is about, or over the form where there is none."""
    field: Any = refused.field if refused.field in form.fields else None
    form.add_error(field, filled(refused.summary, refused.params))


def tell_refused(request: HttpRequest, refused: KoblingError) -> None:
    """Say over the next page what could not be done, and what to do."""
    said = [filled(refused.summary, refused.params), filled(refused.advice)]
    messages.error(request, " ".join(each for each in said if each))
