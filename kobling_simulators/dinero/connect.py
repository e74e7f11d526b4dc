"""Visma Connect: authorization code with PKCE, refresh tokens, client credentials with a tenant."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from kobling_simulators.clock import Clock
from kobling_simulators.dinero.settings import Settings
from kobling_simulators.dinero.tokens import Identity, OAuthError, Tokens, answer, basic
from kobling_simulators.wire import Call, Reply, json_reply

CODE_LIFE = 600
SCOPES = frozenset({"dineropublicapi:read", "dineropublicapi:write", "offline_access", "openid"})
_CARRIED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
)


@dataclass(frozen=True, slots=True)
class _Code:
    redirect_uri: str
    challenge: str
    scopes: frozenset[str]
    expires: float


class Connect:
    """The sign-in pages and the token endpoint of Visma Connect.

    Fidelity: known dinero §1 – authorization code + PKCE S256, scopes dineropublicapi:read/write, offline_access
    Fidelity: inferred dinero §1 – client_credentials with tenant_id works at the same endpoint (seen in one client)
    Fidelity: assumed dinero §1 – codes live 10 minutes and once; refresh tokens rotate; pages are plain forms
    """

    def __init__(self, clock: Clock, identity: Identity, tokens: Tokens) -> None:
        self._clock = clock
        self._identity = identity
        self._tokens = tokens
        self._codes: dict[str, _Code] = {}
        self._refresh: dict[str, frozenset[str]] = {}

    def authorize(self, call: Call, settings: Settings) -> Reply:
        """GET shows the form (or redirects at once with auto=1); POST of the form redirects with code or error."""
        given: Mapping[str, str] = {**call.query, **call.form()}
        problem = self._problem(given, settings)
        if problem:
            return _page(400, f"<h1>Invalid request</h1><p>{html.escape(problem)}</p>")
        if call.method == "GET" and given.get("auto") != "1":
            return _page(200, _form(given))
        if call.method == "POST":
            if given.get("decision") == "deny":
                return _redirect(given, error="access_denied")
            who = (given.get("username"), given.get("password"))
            if who != (self._identity.visma_username, self._identity.visma_password):
                return _page(200, "<p>Wrong username or password</p>" + _form(given))
        code = self._tokens.secret()
        scopes = frozenset(given.get("scope", "").split())
        expires = self._clock.now() + CODE_LIFE
        self._codes[code] = _Code(given["redirect_uri"], given["code_challenge"], scopes, expires)
        return _redirect(given, code=code)

    def _problem(self, given: Mapping[str, str], settings: Settings) -> str:
        redirect = given.get("redirect_uri", "")
        if given.get("client_id") != self._identity.visma_client_id:
            return "unknown client_id"
        if urlsplit(redirect).scheme not in ("http", "https"):
            return "redirect_uri is missing or no web address"
        if settings.redirect_uris and redirect not in settings.redirect_uris:
            return "redirect_uri is not registered"
        if given.get("response_type") != "code":
            return "response_type must be code"
        if given.get("code_challenge_method") != "S256" or not given.get("code_challenge"):
            return "PKCE with S256 is required"
        scopes = frozenset(given.get("scope", "").split())
        return "unknown scope" if not scopes or scopes - SCOPES else ""

    def token(self, call: Call, life: int) -> Reply:
        """POST /connect/token. Raises OAuthError."""
        form = call.form()
        client = basic(call) or (form.get("client_id", ""), form.get("client_secret", ""))
        if client != (self._identity.visma_client_id, self._identity.visma_client_secret):
            raise OAuthError("invalid_client", 401)
        kind = form.get("grant_type")
        if kind == "authorization_code":
            scopes = self._redeem(form)
        elif kind == "refresh_token":
            scopes = self._refresh.pop(form.get("refresh_token", ""), frozenset())
            if not scopes:
                raise OAuthError("invalid_grant", 400, "The refresh token is not valid")
        elif kind == "client_credentials":
            return self._for_tenant(form, life)
        else:
            raise OAuthError("unsupported_grant_type")
        return self._grant(scopes, life)

    def _redeem(self, form: Mapping[str, str]) -> frozenset[str]:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or self._clock.now() > code.expires:
            raise OAuthError("invalid_grant", 400, "The code is not valid")
        if code.redirect_uri != form.get("redirect_uri"):
            raise OAuthError("invalid_grant", 400, "The redirect_uri differs")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
            raise OAuthError("invalid_grant", 400, "The code_verifier does not fit")
        return code.scopes

    def _grant(self, scopes: frozenset[str], life: int) -> Reply:
        reach = frozenset(self._identity.tenants.values())
        token = self._tokens.issue(self._identity.visma_client_id, reach, scopes, life, personal=False)
        more = {}
        if "offline_access" in scopes:
            more["refresh_token"] = self._tokens.secret()
            self._refresh[more["refresh_token"]] = scopes
        return json_reply(answer(token, life, **more))

    def _for_tenant(self, form: Mapping[str, str], life: int) -> Reply:
        organization = self._identity.tenants.get(form.get("tenant_id", ""))
        if organization is None:
            raise OAuthError("invalid_grant", 400, "tenant_id is not known")
        scopes = frozenset(form.get("scope", "").split())
        if not scopes or scopes - SCOPES:
            raise OAuthError("invalid_scope")
        reach = frozenset({organization})
        token = self._tokens.issue(self._identity.visma_client_id, reach, scopes, life, personal=False)
        return json_reply(answer(token, life))

    def end_all(self) -> None:
        """Forget codes and refresh tokens."""
        self._codes.clear()
        self._refresh.clear()


def _redirect(given: Mapping[str, str], **result: str) -> Reply:
    target = given["redirect_uri"]
    if given.get("state"):
        result["state"] = given["state"]
    joint = "&" if urlsplit(target).query else "?"
    return Reply(302, b"", "text/html; charset=utf-8", {"Location": f"{target}{joint}{urlencode(result)}"})


def _page(status: int, body: str) -> Reply:
    text = f"<!DOCTYPE html><html><head><title>Visma Connect (simulated)</title></head><body>{body}</body></html>"
    return Reply(status, text.encode(), "text/html; charset=utf-8")


def _form(given: Mapping[str, str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(given.get(name, ""), quote=True)}">'
        for name in _CARRIED
    )
    return (
        f'<form method="post" action="/connect/authorize">{hidden}'
        '<label>Username <input name="username"></label>'
        '<label>Password <input name="password" type="password"></label>'
        '<button name="decision" value="allow">Allow</button>'
        '<button name="decision" value="deny">Deny</button></form>'
    )
