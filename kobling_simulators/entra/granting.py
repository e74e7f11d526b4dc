"""The token endpoint: codes, refresh tokens and client credentials into access tokens."""

from __future__ import annotations

import base64
import binascii
import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from kobling_simulators.clock import Clock
from kobling_simulators.entra.devices import Devices
from kobling_simulators.entra.directory import App, Directory, User
from kobling_simulators.entra.errors import SignInProblem, missing, no_app, no_consent
from kobling_simulators.entra.keys import encode
from kobling_simulators.entra.scopes import Wish, read_scope, with_scope
from kobling_simulators.entra.settings import Settings
from kobling_simulators.entra.signing_in import SigningIn
from kobling_simulators.entra.tokens import Kind, issue, sign
from kobling_simulators.wire import Call, to_json

_DAY = 86_400
_DEVICE = ("urn:ietf:params:oauth:grant-type:device_code", "device_code")
_APP_ROLES = frozenset({"API.ReadWrite.All", "Automation.ReadWrite.All"})


@dataclass(slots=True)
class Refresh:
    """What a refresh token stands for."""

    app: App
    user: User
    wish: Wish
    issued: float
    used: bool = False


class Granting:
    """Gives out tokens.

    Fidelity: known dataverse §2 – one token per resource; client credentials take `{resource}/.default` only
    Fidelity: assumed dataverse §2 – the client signs in with client_secret_post or Basic; no certificates here
    """

    def __init__(
        self, clock: Clock, directory: Directory, codes: SigningIn, devices: Devices, source: random.Random
    ) -> None:
        self._devices = devices
        self._clock = clock
        self._directory = directory
        self._codes = codes
        self._random = source
        self.refresh_tokens: dict[str, Refresh] = {}

    def token(self, call: Call, tenant: str, issuer: str, settings: Settings) -> dict[str, object]:
        """The answer to a token request; `issuer` is for id tokens. Raises SignInProblem."""
        return self._granted(call, call.form(), tenant, issuer, settings)

    def first_version(self, call: Call, tenant: str, issuer: str, settings: Settings) -> dict[str, object]:
        """The answer to a token request of version 1. Raises SignInProblem.

        Fidelity: assumed dataverse §2 – version 1 tells numbers as text, expires_on, not_before and the resource
        """
        given = call.form()
        resource = given.get("resource", "")
        if given.get("grant_type") == "client_credentials":
            if not resource:
                raise missing("resource")
            form = {**given, "scope": f"{resource}/.default"}
        else:
            form = {name: text for name, text in with_scope(given).items() if name != "scope" or resource}
        answer = self._granted(call, form, tenant, issuer, settings)
        now, life = int(self._clock.now()), settings.token_life
        told = {"expires_in": str(life), "ext_expires_in": str(life), "expires_on": str(now + life)}
        told |= {"not_before": str(now), "resource": resource}
        if "scope" in answer:
            told["scope"] = "user_impersonation"
        return {**answer, **told}

    def _granted(
        self, call: Call, form: Mapping[str, str], tenant: str, issuer: str, settings: Settings
    ) -> dict[str, object]:
        kind = form.get("grant_type", "")
        if not kind:
            raise missing("grant_type")
        if kind not in ("authorization_code", "refresh_token", "client_credentials", "password", *_DEVICE):
            raise SignInProblem("unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        app = self._client(call, form, settings)
        if kind == "client_credentials":
            return self._for_app(form, app, tenant, settings)
        if kind == "authorization_code":
            answer = self._for_code(form, app, issuer, settings)
        elif kind in _DEVICE:
            device = self._devices.redeem(form.get("device_code") or form.get("code", ""), app)
            assert device.user is not None
            told = self._for_user(app, device.user, device.wish, settings)
            answer = self._with_person(form, told, app, device.user, device.wish, issuer, settings)
        elif kind == "password":
            answer = self._for_password(form, app, issuer, settings)
        else:
            answer = self._for_refresh(form, app, issuer, settings)
        return answer

    def _for_password(self, form: Mapping[str, str], app: App, issuer: str, settings: Settings) -> dict[str, object]:
        """Fidelity: assumed dataverse §2 – a person's name and password are taken where no second factor is asked."""
        for name in ("username", "password"):
            if not form.get(name):
                raise missing(name)
        user = self._directory.users.get(form["username"].lower())
        if user is None or user.password != form["password"]:
            text = "Error validating credentials due to invalid username or password."
            raise SignInProblem("invalid_grant", 50126, text)
        if not user.enabled:
            raise SignInProblem("invalid_grant", 50057, "The user account is disabled.")
        if settings.consent_missing:
            raise no_consent(app.client_id)
        wish = read_scope(form.get("scope", ""), settings.resources)
        return self._with_person(form, self._for_user(app, user, wish, settings), app, user, wish, issuer, settings)

    def _with_person(
        self,
        form: Mapping[str, str],
        answer: dict[str, object],
        app: App,
        user: User,
        wish: Wish,
        issuer: str,
        settings: Settings,
        nonce: str = "",
    ) -> dict[str, object]:
        """The answer with what it tells about the person, as far as it was asked for.

        Fidelity: assumed dataverse §2 – client_info=1 brings the ids of person and tenant, for libraries' caches
        """
        if "openid" in wish.extras:
            answer["id_token"] = self._id_token(app, user, nonce, issuer, settings)
        if form.get("client_info") == "1":
            told = {"uid": user.object_id, "utid": self._directory.tenant}
            answer["client_info"] = encode(to_json(told))
        return answer

    def _client(self, call: Call, form: Mapping[str, str], settings: Settings) -> App:
        client_id, secret = _basic(call) or (form.get("client_id", ""), form.get("client_secret", ""))
        if not client_id:
            raise missing("client_id")
        app = self._directory.apps.get(client_id.lower())
        if app is None or settings.app_missing:
            raise no_app(client_id, self._directory.tenant)
        if app.secret and not secret:
            text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            raise SignInProblem("invalid_client", 7000218, text, 401)
        if secret != app.secret or (app.secret and settings.secret_wrong):
            text = f"Invalid client secret provided for app '{client_id}'."
            raise SignInProblem("invalid_client", 7000215, text, 401)
        return app

    def _for_app(self, form: Mapping[str, str], app: App, tenant: str, settings: Settings) -> dict[str, object]:
        if not app.secret:
            raise SignInProblem("unauthorized_client", 700025, "Client is public so it cannot sign in by itself.", 401)
        if tenant in ("common", "organizations"):
            raise SignInProblem("invalid_request", 50059, "No tenant-identifying information found in the request.")
        wish = read_scope(form.get("scope", ""), settings.resources)
        if wish.permissions != {".default"} or wish.extras:
            text = f"The provided value for scope {wish.text} is not valid. It must end with '/.default'."
            raise SignInProblem("invalid_scope", 1002012, text)
        token = self._issue(app, None, wish, settings)
        life = settings.token_life
        return {"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token}

    def _for_code(self, form: Mapping[str, str], app: App, issuer: str, settings: Settings) -> dict[str, object]:
        for name in ("code", "redirect_uri"):
            if not form.get(name):
                raise missing(name)
        code = self._codes.redeem(form["code"])
        if code.app is not app:
            raise SignInProblem("invalid_grant", 700005, "The authorization code was issued for another client.")
        if code.redirect_uri != form["redirect_uri"]:
            raise SignInProblem("invalid_grant", 500112, "The reply address does not match the one of the code.")
        verifier = form.get("code_verifier", "")
        if bool(verifier) != bool(code.challenge) or (
            verifier and encode(hashlib.sha256(verifier.encode()).digest()) != code.challenge
        ):
            text = "The Code_Verifier does not match the code_challenge supplied in the authorization request."
            raise SignInProblem("invalid_grant", 501481, text)
        answer = self._for_user(app, code.user, code.wish, settings)
        return self._with_person(form, answer, app, code.user, code.wish, issuer, settings, code.nonce)

    def _for_refresh(self, form: Mapping[str, str], app: App, issuer: str, settings: Settings) -> dict[str, object]:
        if not form.get("refresh_token"):
            raise missing("refresh_token")
        refresh = self.refresh_tokens.get(form["refresh_token"])
        now = self._clock.now()
        if refresh is None or refresh.app is not app:
            raise SignInProblem("invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")
        if settings.password_changed or refresh.user.since > refresh.issued:
            text = "The provided grant has expired due to it being revoked, a fresh auth token is needed."
            raise SignInProblem("invalid_grant", 50173, text, suberror="bad_token")
        if not refresh.user.enabled:
            raise SignInProblem("invalid_grant", 50057, "The user account is disabled.")
        if now - refresh.issued > settings.refresh_life_days * _DAY:
            raise SignInProblem("invalid_grant", 700082, "The refresh token has expired due to inactivity.")
        if refresh.used and settings.rotation == "strict":
            raise SignInProblem("invalid_grant", 70000, "The provided value for the 'refresh_token' is not valid.")
        if settings.consent_missing:
            raise no_consent(app.client_id)
        wish = read_scope(form["scope"], settings.resources) if form.get("scope") else refresh.wish
        refresh.used = True
        answer = self._for_user(app, refresh.user, wish, settings, again=refresh)
        return self._with_person(form, answer, app, refresh.user, wish, issuer, settings)

    def _for_user(
        self, app: App, user: User, wish: Wish, settings: Settings, again: Refresh | None = None
    ) -> dict[str, object]:
        life = settings.token_life
        answer: dict[str, object] = {
            "token_type": "Bearer",
            "scope": wish.text,
            "expires_in": life,
            "ext_expires_in": life,
            "access_token": self._issue(app, user, wish, settings),
        }
        if again is not None or "offline_access" in wish.extras:
            text = f"1.{self._random.getrandbits(512):0128x}"
            self.refresh_tokens[text] = Refresh(app, user, wish, self._clock.now())
            answer["refresh_token"] = text
        return answer

    def _issue(self, app: App, user: User | None, wish: Wish, settings: Settings) -> str:
        kind: Kind = "app" if user is None else "user"
        return issue(
            self._directory.seed,
            audience=wish.resource or "00000003-0000-0000-c000-000000000000",
            tenant=self._directory.tenant,
            kind=kind,
            app_id=app.client_id,
            object_id=app.object_id if user is None else user.object_id,
            name="" if user is None else user.username,
            now=self._clock.now(),
            life=settings.token_life,
            token_id=f"{self._random.getrandbits(128):032x}",
            scopes=_APP_ROLES if user is None else wish.granted,
        )

    def _id_token(self, app: App, user: User, nonce: str, issuer: str, settings: Settings) -> str:
        now = int(self._clock.now())
        claims: dict[str, object] = {
            "aud": app.client_id,
            "iss": issuer,
            "iat": now,
            "nbf": now,
            "exp": now + settings.token_life,
            "oid": user.object_id,
            "sub": user.object_id,
            "tid": self._directory.tenant,
            "name": user.name,
            "preferred_username": user.username,
            "ver": "2.0",
        }
        return sign(self._directory.seed, {**claims, "nonce": nonce} if nonce else claims)


def _basic(call: Call) -> tuple[str, str] | None:
    """Id and secret of an Authorization: Basic header, each form-encoded as OAuth wants it; None without one."""
    kind, _, text = call.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote(user), unquote(password)
