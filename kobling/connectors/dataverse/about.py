"""What an organisation says of its tables: columns, lengths, choices.

Fidelity: known dataverse §1 – EntityDefinitions tells columns and whether a table tracks changes
Fidelity: inferred – a text column's length and a choice's options stand on the derived types of attributes
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kobling.records import NotThere, Record
from kobling.sdk.odata.service import Service
from kobling.sdk.protocols import FieldSchema
from kobling.sdk.readonly import ReadOnlyList

_CAST = "Microsoft.Dynamics.CRM"
_COMMON = "LogicalName,AttributeType,RequiredLevel,IsValidForCreate,IsValidForUpdate"


class About:
    """Metadata of one organisation, each table asked for once."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._columns: dict[str, Mapping[str, FieldSchema]] = {}

    async def columns(self, logical: str) -> Mapping[str, FieldSchema]:
        """Columns of a table by name; empty for a table that is not there."""
        if logical not in self._columns:
            try:
                self._columns[logical] = await self._ask(logical)
            except NotThere:
                self._columns[logical] = {}
        return self._columns[logical]

    async def choices(self, logical: str, column: str) -> dict[str, str]:
        """Value → label of a choice column."""
        path = f"{_of(logical)}/Attributes(LogicalName='{column}')/{_CAST}.PicklistAttributeMetadata"
        told = await self._service.get(path, select="LogicalName", expand="OptionSet($select=Options)")
        return {str(each["Value"]): _label(each) for each in (told.get("OptionSet") or {}).get("Options") or ()}

    async def _ask(self, logical: str) -> Mapping[str, FieldSchema]:
        told = await self._service.rows(f"{_of(logical)}/Attributes", select=_COMMON)
        lengths = await self._service.rows(
            f"{_of(logical)}/Attributes/{_CAST}.StringAttributeMetadata", select="LogicalName,MaxLength"
        )
        longest = {str(each["LogicalName"]): each.get("MaxLength") for each in lengths.rows}
        return {str(each["LogicalName"]): _schema(each, longest) for each in told.rows}


def _of(logical: str) -> str:
    return f"/EntityDefinitions(LogicalName='{logical}')"


def _schema(each: Mapping[str, Any], longest: Mapping[str, Any]) -> FieldSchema:
    name = str(each["LogicalName"])
    level = (each.get("RequiredLevel") or {}).get("Value", "None")
    return FieldSchema(
        name,
        name,
        type=str(each.get("AttributeType", "String")).lower(),
        required=level == "ApplicationRequired",
        read_only=not (each.get("IsValidForCreate", True) or each.get("IsValidForUpdate", True)),
        max_length=longest.get(name),
    )


def _label(option: Mapping[str, Any]) -> str:
    label = (option.get("Label") or {}).get("UserLocalizedLabel") or {}
    return str(label.get("Label") or option["Value"])


class Choices(ReadOnlyList):
    """The options of a choice column as records (``value``, ``label``), so that they can be coupled.

    An administrator of Dynamics 365 makes them.
    """

    def __init__(self, about: About, logical: str, column: str) -> None:
        super().__init__(f"{logical}.{column}", ("value", "label"), vendor="Dynamics 365 Sales")
        self._about, self._logical, self._column = about, logical, column

    async def all(self) -> list[Record]:
        """Every option."""
        told = await self._about.choices(self._logical, self._column)
        return [Record(self.name, value, {"value": value, "label": label}) for value, label in told.items()]
