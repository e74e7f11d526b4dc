"""The memory connector keeps the contract."""

import pytest

from kobling.sdk.clock import FakeClock
from kobling.sdk.conformance import ConnectorContract, MemoryRig, Subject
from kobling.sdk.memory import ALL, MemoryResource
from kobling.sdk.protocols import Capabilities, Deletions, FieldSchema

FIELDS = ("name", "phone", "about")
SUBJECT = Subject(
    resource="customers",
    sample=lambda n: {"name": f"Kunde {n}", "phone": f"{n:08}", "about": f"En kunde, der hedder {n} og bor i Ærø " * 2},
    change={"name": "Bøgh & Søn"},
    clear="phone",
    text="about",
    page=10,
    refused={"name": ""},
    refused_field="name",
)
BY_SWEEP = Capabilities(create=True, update=True, delete=True, changed_since=True, deletions=Deletions.SWEEP)


class TestMemory(ConnectorContract):
    @pytest.fixture(params=[ALL, BY_SWEEP], ids=["feed, versions, own ids", "sweep, nothing else"])
    def rig(self, request):
        clock = FakeClock()
        schema = {name: FieldSchema(name, required=name == "name") for name in FIELDS}
        options = {"clock": clock, "schema": schema, "required": ["name"], "page_size": 10}
        return MemoryRig(MemoryResource("customers", capabilities=request.param, **options), SUBJECT, clock)
