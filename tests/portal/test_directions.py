"""Which way a pair flows, as its row shows it: by what the pair is for, not by what it looks up."""

from __future__ import annotations

from typing import Any

import pytest

from kobling.access.models import Client
from kobling.hub.connections.opening import Opener
from kobling.hub.models import Connection, Pair
from kobling.pairs.registry import pair_types

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "options", "wanted"),
    [
        ("simply-crm-dinero", {}, "both"),
        ("dynamics-sales-business-central", {}, "both"),
        ("pleo-business-central", {}, "to_right"),
        ("recman-unimicro", {}, "to_right"),
        ("simply-crm-business-central", {"direction": "to_left"}, "to_left"),
    ],
)
def test_a_pair_flows_to_where_its_last_tables_do(name: str, options: dict[str, Any], wanted: str) -> None:
    client = Client.objects.create(name="Test ApS")
    kind = pair_types()[name]
    sides = [
        Connection.objects.create(client=client, connector=side, name=f"{at} {side}")
        for at, side in enumerate((kind.left, kind.right))
    ]
    pair = Pair(client=client, pair_type=name, name="p", left=sides[0], right=sides[1], options=options)
    assert Opener(None, None, None, {}, pair_types()).direction(pair) == wanted  # type: ignore[arg-type]
