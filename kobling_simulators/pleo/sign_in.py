"""Who may call: OAuth with PKCE for apps, API keys for one company.

Fidelity: known pleo §1 – code + PKCE S256 mandatory, Basic client authentication, introspection
Fidelity: known pleo §1 – an API key is the user name of Basic with an empty password
Fidelity: inferred pleo §1 – refresh tokens rotate; using an old one invalidates all (a third party's text)
Fidelity: assumed pleo §1 – a token is for the companies that the admin ticked; it sees no other
"""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kobling_simulators.clock import Clock
from kobling_simulators.pleo.errors import ApiError
from kobling_simulators.pleo.pages import back, form, page, picked
from kobling_simulators.pleo.scopes import SCOPES, understood
from kobling_simulators.pleo.settings import Settings
from kobling_simulators.wire import Call, Reply, json_reply

_CODE_LIFE = 600


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: its companies, what it may do, by which way it signed in, and of which consent that came."""

    companies: tuple[str, ...]
    scopes: frozenset[str]
    method: str
    client: str = ""
    consent: str = ""
    told: str = ""
    issued: float = 0.0
    expires: float = 0.0


@dataclass(slots=True)
class Identity:
    """What is handed out to sign in."""

    client_id: str
    client_secret: str
    redirect_uri: str
    username: str
    password: str
    keys: dict[str, str] = field(default_factory=dict)


class OAuthError(Exception):
    """A refusal of the token endpoint."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.status = error, status

    def reply(self) -> Reply:
        """{error}."""
        return json_reply({"error": self.error}, self.status)


@dataclass(slots=True)
class _Code:
    caller: Caller
    redirect_uri: str
    challenge: str
    expires: float


class SignIn:
    """Codes, tokens and keys in force."""

    def __init__(self, clock: Clock, seed: int, identity: Identity) -> None:
        self._clock = clock
        self._random = random.Random(f"pleo tokens {seed}")
        self.identity = identity
        self._codes: dict[str, _Code] = {}
        self._tokens: dict[str, Caller] = {}
        self._refresh: dict[str, Caller] = {}
        self._used: dict[str, Caller] = {}

    def secret(self) -> str:
        """A new opaque text."""
        return f"{self._random.getrandbits(160):040x}"

    def caller(self, call: Call, settings: Settings) -> Caller:
        """Who calls. Raises ApiError.

        Fidelity: assumed pleo §2 – no or a dead credential: 401 UNAUTHORIZED
        """
        kind, _, text = call.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            found = self._tokens.get(text.strip())
            if found is not None and self._clock.now() < found.expires:
                return self._limited(found, settings)
        elif kind.lower() == "basic":
            company = self.identity.keys.get(_basic(text)[0])
            if company is not None and _basic(text)[1] == "":
                return self._limited(Caller((company,), SCOPES, "API_KEY"), settings)
        raise ApiError(401, "UNAUTHORIZED", "The credentials are not valid.")

    def _limited(self, caller: Caller, settings: Settings) -> Caller:
        return replace(caller, scopes=caller.scopes - understood(settings.missing_scopes))

    def authorize(self, call: Call, names: Mapping[str, str]) -> Reply:
        """The page where an admin signs in and ticks companies; `auto=1` passes through with `company` or the first."""
        given: Mapping[str, str] = {**call.query, **call.form()}
        problem = self._problem(given)
        if problem:
            return page(400, f"<h1>Invalid request</h1><p>{problem}</p>")
        refused = self._refused(given)
        if refused:
            return back(given, error=refused)
        if call.method == "GET" and given.get("auto") != "1":
            return page(200, form(given, names))
        if call.method == "POST":
            if given.get("decision") == "deny":
                return back(given, error="access_denied")
            if (given.get("username"), given.get("password")) != (self.identity.username, self.identity.password):
                return page(200, form(given, names, "Wrong e-mail or password"))
        companies = picked(call, names)
        code, told = self.secret(), given["scope"]
        scopes = understood(told.split())
        caller = Caller(companies, scopes, "OAUTH2", self.identity.client_id, consent=self.secret(), told=told)
        expires = self._clock.now() + _CODE_LIFE
        self._codes[code] = _Code(caller, given["redirect_uri"], given["code_challenge"], expires)
        return back(given, code=code)

    def _problem(self, given: Mapping[str, str]) -> str:
        """What must never be told to the address that was asked for."""
        if given.get("client_id") != self.identity.client_id:
            return "unknown client_id"
        if given.get("redirect_uri") != self.identity.redirect_uri:
            return "redirect_uri is not the registered one"
        return ""

    def _refused(self, given: Mapping[str, str]) -> str:
        """Fidelity: inferred pleo §1 – other mistakes go back to the app as OAuth's error codes."""
        if given.get("response_type") != "code":
            return "unsupported_response_type"
        challenge = given.get("code_challenge", "")
        if given.get("code_challenge_method") != "S256" or not 43 <= len(challenge) <= 128:
            return "invalid_request"
        scopes = understood(given.get("scope", "").split())
        return "invalid_scope" if not scopes or scopes - SCOPES else ""

    def _need_client(self, call: Call) -> None:
        kind, _, text = call.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic" or _basic(text) != (self.identity.client_id, self.identity.client_secret):
            raise OAuthError("invalid_client", 401)

    def token(self, call: Call, settings: Settings) -> Reply:
        """POST /oauth/token. Raises OAuthError."""
        if call.method != "POST":
            raise OAuthError("invalid_request", 405)
        self._need_client(call)
        given = call.form()
        if given.get("grant_type") == "authorization_code":
            return self._grant(self._redeem(given), settings)
        if given.get("grant_type") == "refresh_token":
            return self._grant(self._renewed(given.get("refresh_token", ""), settings), settings)
        raise OAuthError("unsupported_grant_type")

    def _redeem(self, given: Mapping[str, str]) -> Caller:
        code = self._codes.pop(given.get("code", ""), None)
        if code is None or self._clock.now() > code.expires or code.redirect_uri != given.get("redirect_uri"):
            raise OAuthError("invalid_grant")
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
            raise OAuthError("invalid_grant")
        return code.caller

    def _renewed(self, text: str, settings: Settings) -> Caller:
        stale = self._used.get(text)
        if stale is not None:
            self.end(stale)
            raise OAuthError("invalid_grant")
        found = self._refresh.pop(text, None)
        if found is None:
            raise OAuthError("invalid_grant")
        self._used[text] = found
        if self._clock.now() >= found.issued + settings.refresh_life:
            self.end(found)
            raise OAuthError("invalid_grant")
        return found

    def end(self, caller: Caller) -> None:
        """All tokens of a client for these companies are over."""

        def stays(each: Caller) -> bool:
            return (each.client, each.companies) != (caller.client, caller.companies)

        self._refresh = {key: each for key, each in self._refresh.items() if stays(each)}
        self._tokens = {key: each for key, each in self._tokens.items() if stays(each)}

    def _grant(self, caller: Caller, settings: Settings) -> Reply:
        token, refresh, now = self.secret(), self.secret(), self._clock.now()
        fresh = replace(caller, issued=now, expires=now + settings.token_life)
        self._tokens[token] = self._refresh[refresh] = fresh
        told = {"access_token": token, "token_type": "Bearer", "expires_in": settings.token_life}
        return json_reply({**told, "refresh_token": refresh, "scope": caller.told})

    def introspect(self, call: Call) -> Reply:
        """POST /oauth/token/introspect, by the client. Raises OAuthError.

        Fidelity: known pleo §1 – active, sub, token_type at+JWT, exp, client_id, iat, aud, iss, jti
        """
        self._need_client(call)
        found = self._tokens.get(call.form().get("token", ""))
        if found is None or self._clock.now() >= found.expires:
            return json_reply({"active": False})
        told = {"active": True, "sub": found.companies[0], "token_type": "at+JWT", "exp": int(found.expires)}
        told |= {"client_id": found.client, "iat": int(found.issued), "aud": "https://external.pleo.io"}
        return json_reply({**told, "iss": "pleo.production", "jti": found.consent, "scope": found.told})

    def expire(self, call: Call) -> None:
        """The token of this call is over."""
        self._tokens.pop(call.headers.get("Authorization", "").partition(" ")[2].strip(), None)

    def revoke_all(self) -> int:
        """Every access token is over; refresh tokens stay."""
        count = len(self._tokens)
        self._tokens.clear()
        return count


def _basic(text: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        return "", "?"
    return user, password
