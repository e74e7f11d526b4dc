"""Connections: made, tested, described, probed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from django.utils import timezone

from kobling.access.models import Client
from kobling.access.naming import Ambiguous, told
from kobling.access.policy import Actor, Doing, NotFound, clients_of, may, require
from kobling.hub import vault
from kobling.hub.connections import describing
from kobling.hub.connections.opening import Opener
from kobling.hub.models import Connection
from kobling.hub.services.log import record
from kobling.records import N_, KoblingError, SettingsError
from kobling.sdk.context import GrantData
from kobling.sdk.protocols import ConnectorType, FieldSchema, Finding, Health


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
) -> tuple[Connection, Health]:
    """Store a connection and test it at once; one that fails its test is not kept.

    A connection of that name gets the new settings instead. Raises SettingsError naming what is wrong.
    """
    require(actor, Doing.SET_UP, client)
    kind = opener.type_of(connector)
    plain, secret = _sorted_settings(kind, settings)
    name = name or connector
    known = Connection.objects.filter(client=client, name=name).first()
    if known is not None and known.connector != connector:
        raise SettingsError(N_("“%(name)s” is already the name of a connection to another system."), name=name)
    old = (known.settings, known.secrets, known.grant, known.revoked_at) if known else None
    connection = known or Connection(client=client, connector=connector, name=name)
    connection.settings, connection.secrets, connection.grant = plain, vault.seal(secret), ""
    connection.revoked_at = None
    connection.save()
    try:
        _sign_in(connection, kind, opener, {**plain, **secret}, signing_in)
        health = test(actor, connection, opener)
    except KoblingError:
        if old is None:
            connection.delete()
        else:
            connection.settings, connection.secrets, connection.grant, connection.revoked_at = old
            connection.save()
        raise
    record(actor, client, "connected", name, after=plain)
    return connection, health


def _sign_in(
    connection: Connection, kind: ConnectorType, opener: Opener, settings: Mapping[str, str], way: SigningIn | None
) -> None:
    grant = sign_in(kind, opener, settings, way)
    if grant is not None:
        connection.grant = vault.seal(grant)
        connection.save(update_fields=["grant"])


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
    """Test the sign-in, keep what the system calls itself, and describe its fields."""
    require(actor, Doing.SPEND, connection.client)
    try:
        opened = opener.connector(connection)
        health = opener.waiting.run(opened.check())
        described: dict[str, Mapping[str, FieldSchema]] = {
            name: opener.waiting.run(resource.describe()) for name, resource in opened.resources.items()
        }
    except KoblingError as error:
        _remember_health(connection, False, str(error))
        raise
    connection.account_name = health.account_name
    if health.settings:
        connection.settings = {**connection.settings, **health.settings}
        connection.save(update_fields=["settings"])
    describing.remember(connection, described)
    _remember_health(connection, True, "")
    return health


def amend(
    actor: Actor, connection: Connection, opener: Opener, changes: Mapping[str, str], names: Collection[str]
) -> Health:
    """Change some settings of a connection, of those named, and test it. A failed test changes nothing."""
    require(actor, Doing.SET_UP, connection.client)
    kind = opener.type_of(connection.connector)
    if strange := sorted(changes.keys() - set(names)):
        raise SettingsError(
            N_("This step has no option “%(name)s”. It has: %(known)s."), name=strange[0], known=", ".join(names)
        )
    found = {each.name for each in kind.settings} | {"requests_per_window"}
    before = (connection.settings, connection.secrets)
    extra = {name: value for name, value in connection.settings.items() if name not in found}
    old = {name: value for name, value in connection.settings.items() if name in found}
    plain, secret = _sorted_settings(kind, {**old, **vault.open_secrets(connection.secrets), **changes})
    connection.settings, connection.secrets = {**extra, **plain}, vault.seal(secret)
    connection.save(update_fields=["settings", "secrets"])
    try:
        health = test(actor, connection, opener)
    except KoblingError:
        connection.settings, connection.secrets = before
        connection.save(update_fields=["settings", "secrets"])
        raise
    record(actor, connection.client, "settings changed", connection.name, after=sorted(changes))
    return health


def find(actor: Actor, name: str, client: Client | None = None, doing: Doing = Doing.WORK) -> Connection:
    """A connection by name. Raises NotFound, and Ambiguous when several clients that are seen have one so called."""
    visible = Connection.objects.filter(client__in=clients_of(actor), name=name).select_related("client__firm")
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


def listed(actor: Actor) -> list[Connection]:
    """Connections the actor may see, by client."""
    allowed = Connection.objects.filter(client__in=clients_of(actor, Doing.SEE))
    return list(allowed.select_related("client").order_by("client__name", "name"))


def probe(actor: Actor, connection: Connection, opener: Opener) -> list[Finding]:
    """Ask read-only questions; the findings, nothing secret among them."""
    require(actor, Doing.SPEND, connection.client)
    opened = opener.connector(connection)

    async def collect() -> list[Finding]:
        return [finding async for finding in opened.probe()]

    return opener.waiting.run(collect())


def _sorted_settings(kind: ConnectorType, given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    known = {setting.name: setting for setting in kind.settings}
    extra = {"requests_per_window"}
    for name in given:
        if name not in known and name not in extra:
            raise SettingsError(
                N_("%(connector)s has no setting “%(name)s”. Known: %(known)s."),
                field=name,
                connector=kind.title,
                name=name,
                known=", ".join(known),
            )
    plain = {name: value.strip() for name, value in given.items() if name in extra}
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


def _remember_health(connection: Connection, healthy: bool, text: str) -> None:
    connection.healthy, connection.health_text, connection.checked_at = healthy, text[:500], timezone.now()
    connection.save(update_fields=["healthy", "health_text", "checked_at", "account_name"])
