"""Every operation of webservice.php: its method, its parameters, its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kobling_simulators.simply_crm.errors import Crash, denied
from kobling_simulators.simply_crm.installation import Installation
from kobling_simulators.simply_crm.modules import listtypes_facts
from kobling_simulators.simply_crm.querying import run_query
from kobling_simulators.simply_crm.records import Records
from kobling_simulators.simply_crm.related import Related
from kobling_simulators.simply_crm.sessions import Session
from kobling_simulators.simply_crm.syncing import sync
from kobling_simulators.wire import from_json

API_VERSION = "0.22"


@dataclass(frozen=True, slots=True)
class Request:
    """The parameters that an operation sees, and who asks; a parameter that is "0" is not among them."""

    given: Mapping[str, str]
    session: Session | None

    def text(self, name: str) -> str:
        """A parameter, "" when absent.

        Fidelity: known simply_crm §1 – any parameter whose value is the string "0" is dropped
        """
        value = self.given.get(name, "")
        return "" if value == "0" else value

    def element(self) -> dict[str, Any]:
        """The JSON parameter `element`.

        Fidelity: known simply_crm §5 – bad JSON reads as empty
        """
        try:
            value = from_json(self.text("element") or "{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def who(self) -> Session:
        """The session; operations that need none never ask."""
        if self.session is None:
            raise Crash
        return self.session


Handler = Callable[[Request], Any]


class Operations:
    """What webservice.php can do in one installation."""

    def __init__(self, place: Installation) -> None:
        self._place = place
        self.records = Records(place)
        self._related = Related(place, self.records)
        self.open = {"getchallenge": ("GET", self._challenge), "login": ("POST", self._login)}
        self.signed_in: dict[str, tuple[str, Handler]] = {
            "listtypes": ("GET", self._listtypes),
            "describe": ("GET", self._describe),
            "create": ("POST", self._create),
            "retrieve": ("GET", lambda asked: self._hide_keys(asked, [self.records.retrieve(asked.text("id"))])[0]),
            "update": ("POST", lambda asked: self.records.update(asked.who.user, asked.element())),
            "revise": ("POST", lambda asked: self.records.revise(asked.who.user, asked.element())),
            "delete": ("POST", self._delete),
            "query": ("GET", lambda asked: self._hide_keys(asked, run_query(place.store, asked.text("query")))),
            "sync": ("GET", self._sync),
            "extendsession": ("POST", self._extend),
            "logout": ("POST", self._logout),
            "relatedtypes": ("GET", lambda asked: self._related.types(asked.text("elementType"))),
            "retrieve_related": ("GET", self._retrieve_related),
            "query_related": ("GET", self._query_related),
            "add_related": ("POST", self._add_related),
        }

    def known(self, name: str) -> tuple[str, Handler, bool] | None:
        """Method, handler and whether a session is needed; None for an operation that does not exist."""
        if name in self.open:
            return (*self.open[name], False)
        if name == "revise" and not self._place.settings.list_revise:
            return None
        return (*self.signed_in[name], True) if name in self.signed_in else None

    def _challenge(self, asked: Request) -> Any:
        return self._place.sessions.challenge(asked.text("username"))

    def _login(self, asked: Request) -> Any:
        """Fidelity: known simply_crm §1 – 8.x also tells the user's name, formats and is_admin."""
        session = self._place.sessions.login(asked.text("username"), asked.text("accessKey"))
        user, version = session.user, self._place.settings.vtiger_version
        extended = {
            "username": user.name,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "email": user.email,
            "time_zone": "UTC",
            "hour_format": "12",
            "date_format": "yyyy-mm-dd",
            "is_admin": "on" if user.is_admin else "off",
            "call_duration": "5",
            "other_event_duration": "5",
        }
        return {
            **(extended if version.startswith("8") else {}),
            "sessionName": session.name,
            "userId": user.full_id,
            "version": API_VERSION,
            "vtigerVersion": version,
        }

    def _listtypes(self, asked: Request) -> Any:
        """Fidelity: assumed simply_crm §1 – fieldTypeList keeps modules that have a field of one of the types."""
        facts = listtypes_facts()
        try:
            wanted = from_json(asked.text("fieldTypeList") or "null")
        except ValueError:
            wanted = None
        if not isinstance(wanted, list) or not wanted:
            return facts
        kinds = {
            name: {column.kind for column in module.columns.values()}
            for name, module in self._place.store.modules.items()
        }
        names = [name for name in facts["types"] if kinds.get(name, set()) & set(wanted)]
        return {"types": names, "information": {name: facts["information"][name] for name in names}}

    def _describe(self, asked: Request) -> Any:
        """Fidelity: assumed simply_crm §1 – modules listed but never recorded cannot be described."""
        module = self._place.store.modules.get(asked.text("elementType"))
        if module is None:
            raise denied()
        return module.described

    def _create(self, asked: Request) -> Any:
        return self.records.create(asked.who.user, asked.text("elementType"), asked.element())

    def _delete(self, asked: Request) -> Any:
        self.records.delete(asked.text("id"))
        return {"status": "successful"}

    def _sync(self, asked: Request) -> Any:
        since, kind = asked.text("modifiedTime"), asked.text("elementType")
        return sync(self._place, asked.who.user, since, kind, asked.text("syncType") or "user")

    def _extend(self, asked: Request) -> Any:
        """Fidelity: known simply_crm §1 – the answer also tells version and vtigerVersion."""
        return {
            "sessionName": asked.who.name,
            "userId": asked.who.user.full_id,
            "version": API_VERSION,
            "vtigerVersion": self._place.settings.vtiger_version,
        }

    def _logout(self, asked: Request) -> Any:
        self._place.sessions.end(asked.who.name)
        return {"message": "successfull"}

    def _retrieve_related(self, asked: Request) -> Any:
        return self._related.retrieve(asked.text("id"), asked.text("relatedType"), asked.text("relatedLabel"))

    def _query_related(self, asked: Request) -> Any:
        return self._related.query(asked.text("query"), asked.text("id"), asked.text("relatedLabel"))

    def _add_related(self, asked: Request) -> Any:
        target, label = asked.text("relatedRecordId"), asked.text("relationIdLabel")
        return self._related.add(asked.text("sourceRecordId"), target, label)

    def _hide_keys(self, asked: Request, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Fidelity: known simply_crm §1 – an admin reads every access key; assumed: others read their own only."""
        user = asked.who.user
        if not user.is_admin:
            for row in rows:
                if row.get("accesskey") and row.get("id") != user.full_id:
                    row["accesskey"] = ""
        return rows
