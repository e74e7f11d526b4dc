"""An error of a service on the form that caused it."""

from __future__ import annotations

from typing import Any

from django import forms

from kobling.hub.told.said import filled
from kobling.records import KoblingError


def put_on(form: forms.BaseForm, refused: KoblingError) -> None:
    """Say it at the field it is about, or over the form where there is none."""
    field: Any = refused.field if refused.field in form.fields else None
    form.add_error(field, filled(refused.summary, refused.params))
