"""What an organisation says of its tables: columns, lengths, choices.

Fidelity: known dataverse §1 – EntityDefinitions tells columns and whether a table tracks changes
Fidelity: inferred – a text column's length and a choice's options stand on the derived types of attributes
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from kobling.records import N_, NotOffered, NotThere, Record, Refused
from kobling.sdk.odata.service import Service
from kobling.sdk.outcomes import Confirmed, Outcome
from kobling.sdk.protocols import Capabilities, FieldSchema, Operation, Report, Unread, Write
from kobling.sdk.readonly import ReadOnlyList
from kobling.sdk.writing import send_all

_CAST = "Microsoft.Dynamics.CRM"
_ENGLISH = 1033
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

    async def insert_choice(self, logical: str, column: str, value: int, label: str) -> None:
        """Add an option, in the organisation's own language. Raises as ``Service.send`` does."""
        told = await self._service.rows("/organizations", select="languagecode")
        language = int(told.rows[0].get("languagecode") or _ENGLISH) if told.rows else _ENGLISH
        labels = [{"Label": label, "LanguageCode": language}]
        body = {"EntityLogicalName": logical, "AttributeLogicalName": column, "Value": value}
        await self._service.send("POST", "/InsertOptionValue", {**body, "Label": {"LocalizedLabels": labels}})

    async def publish(self, logical: str) -> None:
        """Let everyone see what was added to a table."""
        entities = f"<entities><entity>{logical}</entity></entities>"
        body = {"ParameterXml": f"<importexportxml>{entities}</importexportxml>"}
        await self._service.send("POST", "/PublishXml", body)

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


_OURS = 727_600_000
_SPREAD = 100_000


class Choices(ReadOnlyList):
    """The options of a choice column as records (``value``, ``label``), so that they can be coupled, and made.

    Making one needs the role System Customizer. Its value is ours, so that a lost answer can be looked up.

    Fidelity: assumed dataverse §4 – InsertOptionValue and PublishXml are Microsoft's public actions
    """

    capabilities = Capabilities(create=True, idempotent_create=True, batch_size=1)

    def __init__(self, about: About, logical: str, column: str) -> None:
        super().__init__(f"{logical}.{column}", ("value", "label"), vendor="Dynamics 365 Sales")
        self._about, self._logical, self._column = about, logical, column

    async def describe(self) -> Mapping[str, FieldSchema]:
        """The value is given by us when an option is made; the label is free."""
        return {"value": FieldSchema("value", "value", read_only=True), "label": FieldSchema("label", "label")}

    async def write(self, writes: Sequence[Write], report: Report) -> None:
        """Make options, one by one, then show them to everyone."""
        made: list[str] = []

        def tell(outcome: Outcome) -> None:
            report(outcome)
            if isinstance(outcome, Confirmed):
                made.append(outcome.external_id)

        await send_all(writes, self._make, tell, concurrency=1)
        if made:
            await self._about.publish(self._logical)

    async def _make(self, write: Write) -> Outcome:
        if write.operation is not Operation.CREATE:
            raise Refused(N_("%(resource)s can only be added to."), resource=self.name)
        value, label = self._value(write), str(write.fields.get("label") or "")
        try:
            await self._about.insert_choice(self._logical, self._column, value, label)
        except NotOffered as lacking:
            # One option that may not be made must not stop the customers that have others.
            text = N_("The option “%(label)s” could not be made: %(reason)s")
            raise Refused(text, code=lacking.code, label=label, reason=str(lacking)) from None
        return Confirmed(write.key, str(value), self._record(str(value), label))

    async def find_created(self, write: Write) -> Record | None:
        """By the value that we chose; what was made but not shown yet is shown first."""
        await self._about.publish(self._logical)
        told = await self._about.choices(self._logical, self._column)
        value = str(self._value(write))
        return self._record(value, told[value]) if value in told else None

    def _value(self, write: Write) -> int:
        return _OURS + uuid5(NAMESPACE_URL, f"kobling/{self.name}/{write.key}").int % _SPREAD

    def _record(self, value: str, label: str) -> Record:
        return Record(self.name, value, {"value": value, "label": label})

    async def all(self) -> tuple[Sequence[Record], Sequence[Unread]]:
        """Every option."""
        told = await self._about.choices(self._logical, self._column)
        return [self._record(value, label) for value, label in told.items()], ()
