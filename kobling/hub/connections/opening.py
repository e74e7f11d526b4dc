"""Opens connectors for stored connections, once per worker, and knows the pair types."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from kobling.hub import vault
from kobling.hub.connections import describing
from kobling.hub.connections.budget import allowance, budget_for
from kobling.hub.models import Connection, Pair
from kobling.hub.planning.workbench import Workbench, open_workbenches
from kobling.mapping import Direction, Side, TableMapping
from kobling.pairs.base import PairType
from kobling.records import N_, SettingsError, to_json
from kobling.sdk.context import ConnectorContext, GrantData, MemoryGrants
from kobling.sdk.extensions import LeftOut
from kobling.sdk.http import Transport
from kobling.sdk.outcomes import WhoAmI
from kobling.sdk.protocols import Clock, Connector, ConnectorType, Resource
from kobling.sync.waiting import LoopThread

GROUP_WITH_BUDGET = 25
GROUP_WITHOUT = 500
"""Writes journaled together: few where the vendor is slow, so that little has to be looked up after a crash."""


@dataclass(slots=True)
class Opener:
    """Connectors of one worker, opened when first needed and again when their settings changed."""

    waiting: LoopThread
    clock: Clock
    transport: Transport
    connector_types: Mapping[str, ConnectorType]
    pair_types: Mapping[str, PairType]
    allow_hosts: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    _open: dict[int, tuple[str, Connector]] = field(default_factory=dict)

    def connector(self, connection: Connection) -> Connector:
        """The opened connector of a connection. Raises SettingsError when it is of an unknown kind."""
        if connection.revoked_at is not None:
            raise SettingsError(
                N_("The key of “%(name)s” was revoked. Connect it again."), name=connection.name, code="revoked"
            )
        settings = {**connection.settings, **vault.open_secrets(connection.secrets)}
        mark = hashlib.sha256(to_json(settings)).hexdigest()
        known = self._open.get(connection.pk)
        if known is not None and known[0] == mark:
            return known[1]
        opened = self.type_of(connection.connector).open(settings, self.context(connection))
        self._open[connection.pk] = (mark, opened)
        return opened

    def type_of(self, name: str) -> ConnectorType:
        """A connector type by name. Raises SettingsError listing those there are."""
        try:
            return self.connector_types[name]
        except KeyError:
            self.explain(name)
            raise SettingsError(
                N_("There is no connector “%(name)s”. Known: %(known)s."),
                name=name,
                known=", ".join(self.connector_types),
            ) from None

    def named(self, title: object) -> list[str]:
        """Connectors that call themselves so, as errors do."""
        return [name for name, kind in self.connector_types.items() if kind.title == title]

    def resource(self, pair: Pair, table: str, mapping: TableMapping, side: Side) -> Resource:
        """The resource that a table is written to: by the pair's own connection, or the one named for that table."""
        return self.connector(self.connection_of(pair, table, side)).resources[mapping.resource(side)]

    def who_am_i(self, pair: Pair, table: str, side: Side) -> WhoAmI | None:
        """How to ask whether the connection that a table is written by is still welcome."""
        return getattr(self.connector(self.connection_of(pair, table, side)), "check", None)

    def connection_of(self, pair: Pair, table: str, side: Side) -> Connection:
        """The connection that a table is written by. Raises SettingsError for a name that there is none of."""
        connection = pair.left if side is Side.LEFT else pair.right
        name = str(pair.options.get(f"{table}_connection") or "")
        if not name:
            return connection
        other = Connection.objects.filter(client=pair.client_id, name=name).first()
        if other is None:
            raise SettingsError(N_("There is no connection “%(name)s”."), name=name, field=f"{table}_connection")
        return other if other.connector == connection.connector else connection

    def pair_type_named(self, name: str) -> PairType:
        """A pair type by name. Raises SettingsError listing those there are."""
        try:
            return self.pair_types[name]
        except KeyError:
            self.explain(name)
            raise SettingsError(
                N_("There is no pair “%(name)s”. Known: %(known)s."), name=name, known=", ".join(self.pair_types)
            ) from None

    def pair_type(self, pair: Pair) -> PairType:
        """The pair's type. Raises SettingsError where the package that offered it is gone or broken."""
        return self.pair_type_named(pair.pair_type)

    def explain(self, name: str) -> None:
        """Raises why an offer of that name is not used, where there is one."""
        for each in self.left_out:
            if each.name == name:
                raise each.error

    def mappings(self, pair: Pair) -> Mapping[str, TableMapping]:
        """The pair's table mappings, shaped by its options and by what both installations have."""
        kind = self.pair_type(pair)
        return kind.mappings(kind.with_defaults(pair.options), describing.schemas(pair))

    def direction(self, pair: Pair) -> str:
        """Where what the pair is for flows to: both, to_right or to_left."""
        return flow_of(self.mappings(pair))

    def benches(self, pair: Pair) -> dict[str, Workbench]:
        """The pair's tables opened for work, in dependency order."""
        references = {side: self.reference_resources(pair, side) for side in Side}
        return open_workbenches(pair, self.mappings(pair), references)

    def reference_resources(self, pair: Pair, side: Side) -> tuple[str, ...]:
        """Resources that are read for look-ups alone."""
        return self.pair_type(pair).references(side)

    def group(self, pair: Pair) -> int:
        """How many writes are journaled together for this pair."""
        return min(self._group_of(each) for each in (pair.left, pair.right))

    def _group_of(self, connection: Connection) -> int:
        kind = self.type_of(connection.connector)
        if kind.group:
            return kind.group
        return GROUP_WITH_BUDGET if allowance(connection, kind) else GROUP_WITHOUT

    def passing_context(self, grant: GrantData | None = None) -> ConnectorContext:
        """The world around a connector that is used once: nothing of it is stored."""
        grants = MemoryGrants(grant)
        return ConnectorContext(
            transport=self.transport,
            clock=self.clock,
            allow_hosts=self.allow_hosts,
            load_grant=grants.load,
            save_grant=grants.save,
        )

    def context(self, connection: Connection) -> ConnectorContext:
        """The world around a connection's connector."""
        kind = self.type_of(connection.connector)
        grants = vault.Grants(connection.pk)
        return ConnectorContext(
            transport=self.transport,
            clock=self.clock,
            budget=budget_for(connection, kind, self.clock),
            allow_hosts=self.allow_hosts,
            load_grant=grants.load,
            save_grant=grants.save,
            seed=f"connection-{connection.pk}",
        )


def flow_of(tables: Mapping[str, TableMapping]) -> str:
    """The way of the tables that all the others serve (documents, mostly), which is both where one of those that they
    need goes both ways."""
    served = {name for each in tables.values() for name in each.depends_on}
    last = [name for name, each in tables.items() if name not in served and each.depends_on] or list(tables)
    needed, todo = set[str](), list(last)
    while todo:
        name = todo.pop()
        if name in tables and name not in needed:
            needed.add(name)
            todo += tables[name].depends_on
    ways = {tables[name].direction for name in last}
    both = any(tables[name].direction is Direction.BOTH for name in needed)
    return Direction.BOTH.value if both or len(ways) != 1 else ways.pop().value
