"""Unimicro's refusals, in the three shapes it has for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kobling_simulators.wire import Reply, json_reply

_ERROR = 30


class ApiError(Exception):
    """A refusal with a plain message.

    Fidelity: known unimicro §6 – 400 is {Message}, {Messages: [...]} or the graph with _validationResults
    Fidelity: known unimicro §6 – 401 for a bad or expired token
    Fidelity: inferred unimicro §6 – 403 lacks a role
    Fidelity: assumed unimicro §6 – 404 and 405 are {Message} too
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status

    def reply(self) -> Reply:
        """The refusal as an answer."""
        return json_reply({"Message": self.message}, self.status)


class RuleBroken(ApiError):
    """A rule of the books forbids it.

    Fidelity: assumed unimicro §6 – which rule answers in which shape, and all texts
    """

    def __init__(self, message: str, entity: str, field: str = "", key: int = 0) -> None:
        super().__init__(message)
        self.entity, self.field, self.key = entity, field, key

    def reply(self) -> Reply:
        """{Messages}."""
        told = {"Message": self.message, "Level": _ERROR, "PropertyName": self.field or None}
        return json_reply({"Messages": [{**told, "EntityType": self.entity, "EntityID": self.key}]}, 400)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with one property of a posted (sub)entity."""

    entity: str
    field: str
    message: str


class Invalid(ApiError):
    """A graph with wrong properties; it is sent back with what is wrong written into it."""

    def __init__(self, graph: Any, findings: Mapping[int, list[Finding]]) -> None:
        first = next(iter(findings.values()))[0]
        super().__init__(f"{first.entity}.{first.field}: {first.message}")
        self._graph = graph
        self._findings = findings

    def reply(self) -> Reply:
        """The graph with _validationResults."""
        return json_reply(self._marked(self._graph), 400)

    def _marked(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._marked(each) for each in value]
        if not isinstance(value, dict):
            return value
        graph = {name: self._marked(each) for name, each in value.items()}
        results: dict[str, list[dict[str, Any]]] = {}
        for finding in self._findings.get(id(value), ()):
            told = {"Message": finding.message, "EntityType": finding.entity, "Level": _ERROR}
            results.setdefault(finding.field, []).append({**told, "PropertyName": finding.field})
        return {**graph, "_validationResults": results} if results else graph


def unauthorized() -> ApiError:
    """401."""
    return ApiError("Authorization has been denied for this request.", 401)


def not_found(entity: str, key: object) -> ApiError:
    """404."""
    return ApiError(f"{entity} with ID {key} was not found", 404)
