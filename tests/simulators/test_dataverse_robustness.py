"""Whatever a client sends, a simulated Dataverse answers as the vendor would and never breaks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kobling_simulators
from kobling_simulators import Clock, build
from kobling_simulators.dataverse.facts import schema
from kobling_simulators.entra.tokens import issue
from kobling_simulators.wire import Call, from_json, to_json

MARK = re.compile(r"Fidelity: (known|inferred|assumed) (dataverse|business_central) §\d+(\.\d+)? – \S.*")

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
    st.text(max_size=20),
    st.sampled_from(["2026-11-22", "9999-12-31T23:59:59Z", "0f0e9d8c-1111-4222-8333-444455556666"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=1),
)


class Direct:
    """A Dataverse without a socket, for many calls."""

    def __init__(self) -> None:
        self.simulator: Any = build("dataverse", clock=Clock(), seed=1, records=20)
        self.simulator.set_limits({"enabled": False})
        self.simulator.configure({"business_central_solution": True, "read_only_columns": "ignore"})
        who = self.simulator.gate.directory
        self.token = issue(
            1,
            audience="http://localhost",
            tenant=who.tenant,
            kind="app",
            app_id=who.app.client_id,
            object_id="x",
            name="",
            now=self.simulator.clock.now(),
            life=10_000,
            token_id="x",
        )

    def do(self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> int:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = b"" if body is None else to_json(body)
        reply = self.simulator.answer(Call(method, f"/api/data/v9.2/{path}", query or {}, headers, data))
        from_json(reply.body or b"null")
        return int(reply.status)


DIRECT = Direct()


@pytest.mark.parametrize("entity_set", list(schema(True).sets))
def test_any_body_is_taken_or_refused(entity_set: str) -> None:
    table = schema(True).sets[entity_set]
    bound = [f"{name}@odata.bind" for name in table.singles]
    names = st.sampled_from([*table.by_read_name, *table.singles, *table.collections, *bound, "@odata.type", "x@y"])

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.dictionaries(names, values, max_size=6))
    def sent(body: dict[str, Any]) -> None:
        assert DIRECT.do("POST", entity_set, body) in (204, 400, 403, 404, 412)
        row = next(iter(DIRECT.simulator._store.shelves[table.logical].rows), "")
        assert DIRECT.do("PATCH", f"{entity_set}({row})", body) in (204, 400, 403, 404, 412)

    sent()


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["$filter", "$select", "$orderby", "$expand", "$top", "$count", "$skiptoken", "$deltatoken"]),
        st.text(max_size=30) | st.sampled_from(["name", "name desc", "primarycontactid", "contains(name,'a')", "true"]),
    )
)
def test_any_question_is_answered_or_refused(query: dict[str, str]) -> None:
    assert DIRECT.do("GET", "accounts", None, query) in (200, 400)
    assert DIRECT.do("GET", "EntityDefinitions", None, query) in (200, 400)


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=40) | st.lists(st.sampled_from(["accounts", "(", ")", "/", "'", "name", "$ref", "="])).map("".join)
)
def test_any_address_is_answered_or_refused(path: str) -> None:
    for method in ("GET", "DELETE"):
        assert DIRECT.do(method, path) in (200, 204, 400, 404, 405)


def test_every_fidelity_mark_can_be_collected() -> None:
    folder = Path(kobling_simulators.__file__).parent
    marks = [
        line.strip().strip('"').rstrip()
        for vendor in ("dataverse", "entra")
        for path in (folder / vendor).glob("*.py")
        for line in path.read_text().splitlines()
        if "Fidelity:" in line
    ]
    assert len(marks) > 60
    assert [mark for mark in marks if not MARK.fullmatch(mark)] == []
