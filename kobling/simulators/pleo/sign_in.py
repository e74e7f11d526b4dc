"""Who may call: OAuth with PKCE for apps, API keys for one company.

Fidelity: known pleo §1 – code + PKCE S256 mandatory, Basic client authentication, introspection
Fidelity: known pleo §1 – an API key is the user name of Basic with an empty password
Fidelity: inferred pleo §1 – refresh tokens rotate; using an old one invalidates all (a third party's text)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from kobling.simulators.clock import Clock
from kobling.simulators.pleo.errors import ApiError
from kobling.simulators.pleo.settings import Settings
from kobling.simulators.wire import Call, Reply, json_reply

SCOPES = frozenset(
    f"{name}:{verb}"
    for name, verbs in {
        "companies": "read",
        "employees": "read",
        "export-items": "read",
        "export-jobs": "read write",
        "chart-of-accounts": "read write",
        "tag-groups": "read write",
        "tax-codes": "read write",
        "vendors": "read write",
        "accounting-entries": "read",
        "webhook-subscriptions": "read write",
    }.items()
    for verb in verbs.split()
)
_CODE_LIFE = 600
_CARRIED = ("client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method")


@dataclass(slots=True)
class Caller:
    """Who calls: one company, what it may do, and by which way it signed in."""

    company: str
    scopes: frozenset[str]
    method: str
    expires: float = 0.0
    client: str = ""


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
    company: str
    redirect_uri: str
    challenge: str
    scopes: frozenset[str]
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
        self._used: dict[str, str] = {}

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
                return self._limited(Caller(company, SCOPES, "API_KEY"), settings)
        raise ApiError(401, "UNAUTHORIZED", "The credentials are not valid.")

    def _limited(self, caller: Caller, settings: Settings) -> Caller:
        scopes = caller.scopes - frozenset(settings.missing_scopes)
        return Caller(caller.company, scopes, caller.method, caller.expires, caller.client)

    def authorize(self, call: Call, names: Mapping[str, str]) -> Reply:
        """The page where an admin signs in and picks a company; `auto=1` passes through with the first one."""
        given: Mapping[str, str] = {**call.query, **call.form()}
        problem = self._problem(given)
        if problem:
            return _page(400, f"<h1>Invalid request</h1><p>{html.escape(problem)}</p>")
        if call.method == "GET" and given.get("auto") != "1":
            return _page(200, _form(given, names))
        if call.method == "POST":
            if given.get("decision") == "deny":
                return _back(given, error="access_denied")
            if (given.get("username"), given.get("password")) != (self.identity.username, self.identity.password):
                return _page(200, "<p>Wrong e-mail or password</p>" + _form(given, names))
        code, scopes = self.secret(), frozenset(given["scope"].split())
        company = given.get("company") or next(iter(names))
        expires = self._clock.now() + _CODE_LIFE
        self._codes[code] = _Code(company, given["redirect_uri"], given["code_challenge"], scopes, expires)
        return _back(given, code=code)

    def _problem(self, given: Mapping[str, str]) -> str:
        scopes = frozenset(given.get("scope", "").split())
        if given.get("client_id") != self.identity.client_id:
            return "unknown client_id"
        if given.get("redirect_uri") != self.identity.redirect_uri:
            return "redirect_uri is not the registered one"
        if given.get("response_type") != "code":
            return "response_type must be code"
        if given.get("code_challenge_method") != "S256" or not given.get("code_challenge"):
            return "PKCE with S256 is required"
        return "unknown scope" if not scopes or scopes - SCOPES else ""

    def token(self, call: Call, life: int) -> Reply:
        """POST /oauth/token. Raises OAuthError."""
        kind, _, text = call.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic" or _basic(text) != (self.identity.client_id, self.identity.client_secret):
            raise OAuthError("invalid_client", 401)
        form = call.form()
        if form.get("grant_type") == "authorization_code":
            return self._grant(self._redeem(form), life)
        if form.get("grant_type") == "refresh_token":
            return self._grant(self._renewed(form.get("refresh_token", "")), life)
        raise OAuthError("unsupported_grant_type")

    def _redeem(self, form: Mapping[str, str]) -> Caller:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or self._clock.now() > code.expires or code.redirect_uri != form.get("redirect_uri"):
            raise OAuthError("invalid_grant")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
            raise OAuthError("invalid_grant")
        return Caller(code.company, code.scopes, "OAUTH2", client=self.identity.client_id)

    def _renewed(self, text: str) -> Caller:
        if text in self._used:
            company = self._used[text]
            self._refresh = {key: each for key, each in self._refresh.items() if each.company != company}
            self._tokens = {key: each for key, each in self._tokens.items() if each.company != company}
            raise OAuthError("invalid_grant")
        found = self._refresh.pop(text, None)
        if found is None:
            raise OAuthError("invalid_grant")
        self._used[text] = found.company
        return found

    def _grant(self, caller: Caller, life: int) -> Reply:
        token, refresh = self.secret(), self.secret()
        expires = self._clock.now() + life
        self._tokens[token] = Caller(caller.company, caller.scopes, "OAUTH2", expires, caller.client)
        self._refresh[refresh] = caller
        told = {"access_token": token, "token_type": "Bearer", "expires_in": life, "refresh_token": refresh}
        return json_reply({**told, "scope": " ".join(sorted(caller.scopes))})

    def introspect(self, call: Call) -> Reply:
        """POST /oauth/token/introspect, by the client. Raises OAuthError."""
        kind, _, text = call.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic" or _basic(text) != (self.identity.client_id, self.identity.client_secret):
            raise OAuthError("invalid_client", 401)
        found = self._tokens.get(call.form().get("token", ""))
        if found is None or self._clock.now() >= found.expires:
            return json_reply({"active": False})
        told = {"active": True, "sub": found.company, "token_type": "at+JWT", "exp": int(found.expires)}
        return json_reply({**told, "client_id": found.client, "aud": ["https://external.pleo.io"]})

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
    except (binascii.Error, UnicodeDecodeError):
        return "", "?"
    return user, password


def _back(given: Mapping[str, str], **result: str) -> Reply:
    if given.get("state"):
        result["state"] = given["state"]
    glue = "&" if "?" in given["redirect_uri"] else "?"
    return Reply(302, b"", "text/html", {"Location": f"{given['redirect_uri']}{glue}{urlencode(result)}"})


def _page(status: int, body: str) -> Reply:
    text = f"<!DOCTYPE html><html><head><title>Pleo (simulated)</title></head><body>{body}</body></html>"
    return Reply(status, text.encode(), "text/html; charset=utf-8")


def _form(given: Mapping[str, str], names: Mapping[str, str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(given.get(name, ""), quote=True)}">'
        for name in _CARRIED
    )
    options = "".join(f'<option value="{key}">{html.escape(name)}</option>' for key, name in names.items())
    return (
        f'<form method="post" action="/oauth/authorize">{hidden}'
        '<label>E-mail <input name="username"></label><label>Password <input name="password" type="password"></label>'
        f'<label>Company <select name="company">{options}</select></label>'
        '<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button></form>'
    )
