"""Connections: made, tested, described, probed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from django.utils import timezone

from kobling.access.models import Client
from kobling.access.naming import Ambiguous, told
from kobling.access.policy import Actor, Doing, NotFound, clients_of, may, require
from kobling.hub import runs, vault
from kobling.hub.connections import describing, identity
from kobling.hub.connections.opening import Opener
from kobling.hub.happened import What
from kobling.hub.models import Connection
from kobling.hub.services.log import record
from kobling.hub.store import figures, sql, stale
from kobling.hub.store.health import remember
from kobling.hub.told.connections import ConnectionTold
from kobling.records import N_, KoblingError, SettingsError
from kobling.sdk.context import GrantData, LoadGrant
from kobling.sdk.protocols import Connector, ConnectorType, FieldSchema, Finding, Health

EXTRA = frozenset({"requests_per_window"})
"""Settings that every connection has."""
_LONGEST_NAME = 200
_SIGN_IN = frozenset(
    {"client_id", "tenant", "sign_in", "authority", "base_url", "token_url", "address", "environment", "username"}
)
"""Settings that a sign-in depends on, beside the secret ones."""


@dataclass(frozen=True, slots=True)
class SigningIn:
    """How a person signs in on the vendor's page: shown its address, they give back the one they were sent to."""

    redirect_uri: str
    show_and_wait: Callable[[str], str]


def connect(
    actor: Actor,
    client: Client,
    opener: Opener,
    connector: str,
    settings: Mapping[str, str],
    name: str = "",
    signing_in: SigningIn | None = None,
    *,
    moved: bool = False,
) -> tuple[Connection, Health]:
    """Test a connection and store it; one that fails its test is not kept.

    Of a connection that there is, what is not named stays. Settings that open another account are refused, unless a
    person says that it ``moved``: the same company elsewhere, whose couplings stay. Raises SettingsError naming what is
    wrong, Unsafe while a run uses the connection.
    """
    require(actor, Doing.SET_UP, client)
    kind = opener.type_of(connector)
    name = name or connector
    known = Connection.objects.filter(client=client, name=name).first()
    if known is not None and known.connector != connector:
        raise SettingsError(N_("“%(name)s” is already the name of a connection to another system."), name=name)
    connection = known or Connection(client=client, connector=connector, name=name)
    old = {**_entered(connection, kind), **vault.open_secrets(connection.secrets)} if known else {}
    merged = {**old, **settings}
    grant = _still_good(connection, old, merged) if known else {}
    with _to_itself(known, opener.clock.now()):
        health = _try(opener, connection, merged, grant, signing_in, moved)
    record(
        actor, client, What.CONNECTED, name, after=connection.settings, why=N_("The account moved.") if moved else ""
    )
    return Connection.objects.defer(*Connection.SEALED).get(pk=connection.pk), health


def _still_good(connection: Connection, old: Mapping[str, str], new: Mapping[str, str]) -> GrantData:
    """The stored sign-in, where only settings changed that have no part in it; who changes nothing signs in anew."""
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    plain = set(connection.settings) | EXTRA
    if not changed or changed & _SIGN_IN or changed - plain:
        return {}
    return vault.open_secrets(connection.grant)


def _entered(connection: Connection, kind: ConnectorType) -> dict[str, str]:
    """Settings that a person entered; what a test found is found again."""
    names = {setting.name for setting in kind.settings} | EXTRA
    return {name: str(value) for name, value in connection.settings.items() if name in names}


def _try(
    opener: Opener,
    connection: Connection,
    settings: Mapping[str, str],
    grant: GrantData,
    way: SigningIn | None,
    moved: bool,
) -> Health:
    """Open with these settings, look whose account it is, and only then store all of it at once."""
    kind = opener.type_of(connection.connector)
    plain, secret = _sorted_settings(kind, settings)
    found = _opened(opener, kind, {**plain, **secret}, grant, way)
    if connection.pk is not None and not moved:
        identity.require_same(connection, found.health, found.connector, opener.waiting)
    connection.settings = {**plain, **found.health.settings}
    connection.secrets = vault.seal(secret)
    connection.grant = vault.seal(found.grant) if found.grant else ""
    connection.grant_version += 1
    connection.sign_in_until = vault.until(found.grant)
    connection.revoked_at = None
    _keep(connection, found.health, found.described, opener.clock.now())
    return found.health


@dataclass(frozen=True, slots=True)
class _Opened:
    """A connector opened on settings that are not stored yet, and what it said."""

    connector: Connector
    health: Health
    described: Mapping[str, Mapping[str, FieldSchema]]
    grant: GrantData | None


def _opened(
    opener: Opener, kind: ConnectorType, settings: Mapping[str, str], grant: GrantData, way: SigningIn | None
) -> _Opened:
    """With the sign-in there is, as long as it opens them; else with a new one."""
    if grant:
        try:
            return _asked(opener, kind, settings, grant)
        except SettingsError:
            if way is None or kind.sign_in is None or not kind.sign_in.needed(settings):
                raise
    return _asked(opener, kind, settings, sign_in(kind, opener, settings, way))


def _asked(opener: Opener, kind: ConnectorType, settings: Mapping[str, str], grant: GrantData | None) -> _Opened:
    context = opener.passing_context(grant)
    opened = kind.open(settings, context)
    health, described = _told(opener, opened)
    assert context.load_grant is not None
    return _Opened(opened, health, described, opener.waiting.run(_stored(context.load_grant)))


async def _stored(load: LoadGrant) -> GrantData | None:
    return await load()


def _told(opener: Opener, opened: Connector) -> tuple[Health, dict[str, Mapping[str, FieldSchema]]]:
    """What a test and the descriptions say; a connector without a test is healthy when it describes itself."""
    check = getattr(opened, "check", None)
    health = opener.waiting.run(check()) if check is not None else Health("")
    return health, {name: opener.waiting.run(each.describe()) for name, each in opened.resources.items()}


def _keep(
    connection: Connection, health: Health, described: Mapping[str, Mapping[str, FieldSchema]], now: datetime
) -> None:
    connection.account_name = health.account_name[:_LONGEST_NAME]
    connection.identity = health.identity or connection.identity
    connection.described = describing.as_data(described)
    remember(connection, None)
    connection.checked_at = timezone.now()
    with sql.together():
        connection.save()
        figures.works_again(connection.pk, now)
        stale.mark([connection.client_id])


@contextmanager
def _to_itself(connection: Connection | None, now: datetime) -> Iterator[None]:
    """No run begins on a connection whose settings change, and none changes under a run. Raises Unsafe."""
    if connection is None or connection.pk is None:
        yield
        return
    with runs.held_for_settings(connection.pk, now):
        connection.refresh_from_db()
        yield


def sign_in(
    kind: ConnectorType, opener: Opener, settings: Mapping[str, str], way: SigningIn | None
) -> GrantData | None:
    """Let a person sign in on the vendor's page; None where these settings do not ask for it. Raises SettingsError."""
    if kind.sign_in is None or not kind.sign_in.needed(settings):
        return None
    if way is None:
        raise SettingsError(N_("Signing in to %(system)s needs a person."), system=kind.title, code="sign_in_needed")
    begun = kind.sign_in.start(settings, way.redirect_uri)
    answer = parse_qs(urlsplit(way.show_and_wait(begun.url).strip()).query)
    if answer.get("state") != [begun.state] or not answer.get("code"):
        raise SettingsError(
            N_("That address does not belong to this sign-in. Start again and paste the whole address."),
            code="wrong_answer",
            detail=", ".join(answer.get("error", ())),
        )
    code = answer["code"][0]
    return opener.waiting.run(
        kind.sign_in.finish(settings, opener.passing_context(), code, begun.verifier, way.redirect_uri)
    )


def test(actor: Actor, connection: Connection, opener: Opener) -> Health:
    """Test the sign-in, keep what the system calls itself, and describe its fields.

    Raises SettingsError also when it opens another account by now.
    """
    require(actor, Doing.SPEND, connection.client)
    try:
        opened = opener.connector(connection)
        health, described = _told(opener, opened)
        identity.require_same(connection, health, opened, opener.waiting)
    except KoblingError as error:
        _remember_health(connection, error)
        raise
    connection.settings = {**connection.settings, **health.settings}
    _keep(connection, health, described, opener.clock.now())
    return health


def amend(
    actor: Actor, connection: Connection, opener: Opener, changes: Mapping[str, str], names: Collection[str]
) -> Health:
    """Change some settings of a connection, of those named, and test it. A failed test changes nothing."""
    require(actor, Doing.SET_UP, connection.client)
    if strange := sorted(changes.keys() - set(names)):
        raise SettingsError(
            N_("This step has no option “%(name)s”. It has: %(known)s."), name=strange[0], known=", ".join(names)
        )
    kind = opener.type_of(connection.connector)
    settings = {**_entered(connection, kind), **vault.open_secrets(connection.secrets), **changes}
    with _to_itself(connection, opener.clock.now()):
        health = _try(opener, connection, settings, vault.open_secrets(connection.grant), None, moved=False)
    record(actor, connection.client, What.SETTINGS_CHANGED, connection.name, after=sorted(changes))
    return health


def find(actor: Actor, name: str, client: Client | None = None, doing: Doing = Doing.WORK) -> Connection:
    """A connection by name. Raises NotFound, and Ambiguous when several clients that are seen have one so called."""
    visible = Connection.objects.filter(client__in=clients_of(actor), name=name).defer(*Connection.SEALED)
    visible = visible.select_related("client__firm")
    found = list((visible.filter(client=client) if client else visible).order_by("client"))
    if len(found) > 1:
        raise Ambiguous(
            N_("Several clients have a connection “%(name)s”: %(candidates)s. Say which client."),
            name=name,
            candidates=told(each.client for each in found),
            code="ambiguous",
        )
    if not found or not may(actor, doing, found[0].client):
        raise NotFound(N_("There is no connection “%(name)s”, or it is not yours."), name=name, code="not_found")
    return found[0]


def listed(actor: Actor) -> list[ConnectionTold]:
    """Connections the actor may see, by client."""
    allowed = Connection.objects.filter(client__in=clients_of(actor, Doing.SEE))
    rows = allowed.select_related("client").defer(*Connection.SEALED).order_by("client__name", "name")
    return [ConnectionTold.of(each) for each in rows]


def probe(actor: Actor, connection: Connection, opener: Opener) -> list[Finding]:
    """Ask read-only questions; the findings, nothing secret among them."""
    require(actor, Doing.SPEND, connection.client)
    opened = opener.connector(connection)

    async def collect() -> list[Finding]:
        return [finding async for finding in opened.probe()]

    return opener.waiting.run(collect())


def _sorted_settings(kind: ConnectorType, given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    known = {setting.name: setting for setting in kind.settings}
    for name in given:
        if name not in known and name not in EXTRA:
            raise SettingsError(
                N_("%(connector)s has no setting “%(name)s”. Known: %(known)s."),
                field=name,
                connector=kind.title,
                name=name,
                known=", ".join(known),
            )
    plain = {name: value.strip() for name, value in given.items() if name in EXTRA}
    secret: dict[str, str] = {}
    for name, setting in known.items():
        value = given.get(name, setting.default).strip()
        if setting.required and not value:
            raise SettingsError(
                N_("%(connector)s needs the setting “%(name)s”: %(label)s."),
                field=name,
                connector=kind.title,
                name=name,
                label=setting.label,
            )
        if setting.choices and value and value not in setting.choices:
            raise SettingsError(
                N_("“%(value)s” is not a choice for %(option)s. Choose one of: %(choices)s."),
                field=name,
                value=value,
                option=name,
                choices=", ".join(setting.choices),
            )
        if value:
            (secret if setting.secret else plain)[name] = value
    return plain, secret


def _remember_health(connection: Connection, error: KoblingError) -> None:
    columns = remember(connection, error)
    connection.checked_at = timezone.now()
    with sql.together():
        connection.save(update_fields=[*columns, "checked_at", "account_name"])
        stale.mark([connection.client_id])
