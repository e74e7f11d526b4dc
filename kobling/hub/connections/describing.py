"""What both installations of a pair say of their fields, kept with the connection since set-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from kobling.hub.models import Connection, Feed, Pair
from kobling.mapping import Side
from kobling.sdk.protocols import FieldSchema


def schemas(pair: Pair) -> dict[Side, dict[str, dict[str, FieldSchema]]]:
    """Side → resource → field → schema, as last described."""
    return {Side.LEFT: of(pair.left), Side.RIGHT: of(pair.right)}


def of(connection: Connection) -> dict[str, dict[str, FieldSchema]]:
    """Resource → field → schema of one connection."""
    return {
        resource: {name: _schema(each) for name, each in fields.items()}
        for resource, fields in connection.described.items()
    }


def label_of(feed: int, field: str) -> str:
    """How people know a field of a feed's resource, as last described; empty where that is not known."""
    row = Feed.objects.select_related("connection").get(pk=feed)
    told = row.connection.described.get(row.resource, {}).get(field, {})
    return str(told.get("label") or "")


def as_data(described: Mapping[str, Mapping[str, FieldSchema]]) -> dict[str, Any]:
    """What an installation said of its fields, as it is kept."""
    return {resource: {name: asdict(each) for name, each in fields.items()} for resource, fields in described.items()}


def _schema(data: Mapping[str, Any]) -> FieldSchema:
    return FieldSchema(**{**data, "choices": tuple(data["choices"]), "refers_to": tuple(data["refers_to"])})
