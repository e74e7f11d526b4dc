"""Options that an administrator adds to a choice column, and publishing them."""

from __future__ import annotations

from typing import Any

from kobling_simulators.dataverse.context import Context
from kobling_simulators.dataverse.errors import bad_request
from kobling_simulators.dataverse.facts import CHOICES
from kobling_simulators.dataverse.roles import ADMINISTRATOR, CUSTOMIZER
from kobling_simulators.dataverse.writing import Writer

_FIRST = 727_000_000


class ChoiceOptions:
    """InsertOptionValue and PublishXml.

    Fidelity: assumed dataverse §4 – InsertOptionValue(EntityLogicalName, AttributeLogicalName, Value?, Label) answers
    {NewOptionValue}; without Value the publisher's prefix numbers it; definitions show it after publishing
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def insert(self, body: Any, context: Context) -> dict[str, Any]:
        """A new option. Raises ApiError."""
        self._writer.roles.require_admin(context, ADMINISTRATOR, CUSTOMIZER)
        if not isinstance(body, dict):
            raise bad_request("The parameter 'Label' is missing.")
        logical, name = body.get("EntityLogicalName"), body.get("AttributeLogicalName")
        table = self._writer.store.schema.tables.get(str(logical))
        column = table.columns.get(str(name)) if table else None
        if column is None or column.type not in CHOICES or not isinstance(column.options, dict):
            raise bad_request(f"'{logical}.{name}' is no choice column.")
        label = _label(body.get("Label"))
        value = body.get("Value")
        if value is None:
            value = max([_FIRST - 1, *(each for each in column.options if each >= _FIRST)]) + 1
        if not isinstance(value, int) or isinstance(value, bool) or value in column.options:
            raise bad_request(f"The option value '{value}' is taken already or no whole number.")
        column.options[value] = label
        self._writer.unpublished.add((table.logical if table else "", column.name, value))
        return {"NewOptionValue": value}

    def publish(self, body: Any, context: Context) -> None:
        """PublishXml: what was added is there for everyone. Raises ApiError."""
        self._writer.roles.require_admin(context, ADMINISTRATOR, CUSTOMIZER)
        text = body.get("ParameterXml") if isinstance(body, dict) else None
        if not isinstance(text, str) or not text.startswith("<importexportxml>"):
            raise bad_request("The parameter 'ParameterXml' is missing.")
        self._writer.unpublished = {each for each in self._writer.unpublished if f">{each[0]}<" not in text}


def _label(given: Any) -> str:
    labels = given.get("LocalizedLabels") if isinstance(given, dict) else None
    if not isinstance(labels, list) or not labels or not isinstance(labels[0], dict):
        raise bad_request("Label needs LocalizedLabels.")
    text, language = labels[0].get("Label"), labels[0].get("LanguageCode")
    if not isinstance(text, str) or not text or not isinstance(language, int):
        raise bad_request("A label needs Label and LanguageCode.")
    return text
