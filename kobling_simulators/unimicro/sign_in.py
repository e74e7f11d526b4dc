"""The identity server's pages: discovery, sign-in, choice of a company, consent."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from kobling_simulators.clock import Clock
from kobling_simulators.entra.keys import public_jwk
from kobling_simulators.unimicro.clients import Client, Directory, platform_key
from kobling_simulators.unimicro.settings import Settings
from kobling_simulators.wire import Call, Reply, json_reply

SCOPES = (
    *("openid", "profile", "offline_access", "AppFramework", "Sales.Invoice", "Accounting.Reporting"),
    *("Accounting.Journal", "READ_ONLY"),
)
_CODE_LIFE = 300
_CARRIED = (
    *("client_id", "redirect_uri", "response_type", "scope", "state", "nonce"),
    *("code_challenge", "code_challenge_method"),
)


@dataclass(frozen=True, slots=True)
class Code:
    """What an authorization code stands for."""

    client: Client
    company: str
    redirect_uri: str
    challenge: str
    scopes: frozenset[str]
    nonce: str
    expires: float


def issuer(call: Call) -> str:
    """Fidelity: known unimicro §1 – issuer and API belong together; here they are one origin."""
    return f"http://{call.headers.get('Host', 'localhost')}"


def discovery(call: Call) -> Reply:
    """Fidelity: known unimicro §2 – the discovery document and its endpoints."""
    base = issuer(call)
    return json_reply(
        {
            "issuer": base,
            "authorization_endpoint": f"{base}/connect/authorize",
            "token_endpoint": f"{base}/connect/token",
            "userinfo_endpoint": f"{base}/connect/userinfo",
            "jwks_uri": f"{base}/.well-known/openid-configuration/jwks",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
    )


def signing_keys(seed: int) -> Reply:
    """The public key of the tokens."""
    return json_reply({"keys": [public_jwk(platform_key(seed))]})


class SignIn:
    """Gives out codes.

    Fidelity: known unimicro §2 – code with PKCE for apps without a secret, code with secret (PKCE if wanted) for others
    Fidelity: known recman §4 – one signs in, picks a company, accepts the rights
    Fidelity: assumed unimicro §2 – what is wrong with client or redirect_uri is shown, the rest goes back as error=
    """

    def __init__(self, clock: Clock, known: Directory) -> None:
        self._clock = clock
        self._known = known
        self._codes: dict[str, Code] = {}
        self._made = 0

    def authorize(self, call: Call, companies: Mapping[str, str], settings: Settings, text: str) -> Reply:
        """The page, or where it leads; `text` is the code to give, `auto=1` passes through with the first company."""
        given: Mapping[str, str] = {**call.query, **call.form()}
        client = self._known.find(given.get("client_id", ""))
        if client is None or client.kind == "server":
            return _page(400, "<h1>Sorry, there was an error</h1><p>unauthorized_client</p>")
        redirect = given.get("redirect_uri", "")
        if redirect not in settings.redirect_uris:
            return _page(400, "<h1>Sorry, there was an error</h1><p>invalid redirect_uri</p>")
        problem = _problem(given, client, settings)
        if problem:
            return _back(given, error=problem)
        company = given.get("company") or next(iter(companies))
        if call.method == "GET" and (given.get("auto") != "1" or company not in companies):
            return _page(200, _form(given, companies))
        if call.method == "POST":
            if given.get("decision") == "deny":
                return _back(given, error="access_denied")
            if (given.get("username"), given.get("password")) != (self._known.username, self._known.password):
                return _page(200, "<p>Invalid username or password</p>" + _form(given, companies))
            if company not in companies:
                return _page(200, "<p>Choose a company</p>" + _form(given, companies))
        self._codes[text] = Code(
            client,
            company,
            redirect,
            given.get("code_challenge", ""),
            _granted(given, settings),
            given.get("nonce", ""),
            self._clock.now() + _CODE_LIFE,
        )
        return _back(given, code=text)

    def redeem(self, text: str) -> Code | None:
        """What a code stands for; it works once and for five minutes."""
        code = self._codes.pop(text, None)
        return None if code is None or self._clock.now() > code.expires else code


def _granted(given: Mapping[str, str], settings: Settings) -> frozenset[str]:
    scopes = frozenset(given.get("scope", "").split())
    return scopes - {"offline_access"} if settings.offline_access == "ignored" else scopes


def _problem(given: Mapping[str, str], client: Client, settings: Settings) -> str:
    scopes = frozenset(given.get("scope", "").split())
    if given.get("response_type") != "code":
        return "unsupported_response_type"
    if not scopes or scopes - frozenset(SCOPES) or "openid" not in scopes:
        return "invalid_scope"
    if "offline_access" in scopes and settings.offline_access == "refused":
        return "invalid_scope"
    challenge = given.get("code_challenge", "")
    if (client.kind == "spa" and not challenge) or (challenge and given.get("code_challenge_method") != "S256"):
        return "invalid_request"
    return ""


def _back(given: Mapping[str, str], **result: str) -> Reply:
    if given.get("state"):
        result["state"] = given["state"]
    glue = "&" if urlsplit(given["redirect_uri"]).query else "?"
    location = f"{given['redirect_uri']}{glue}{urlencode(result)}"
    return Reply(302, b"", "text/html; charset=utf-8", {"Location": location})


def _page(status: int, body: str) -> Reply:
    text = f"<!DOCTYPE html><html><head><title>Unimicro (simulated)</title></head><body>{body}</body></html>"
    return Reply(status, text.encode(), "text/html; charset=utf-8")


def _form(given: Mapping[str, str], companies: Mapping[str, str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(given[name], quote=True)}">'
        for name in _CARRIED
        if name in given
    )
    options = "".join(f'<option value="{key}">{html.escape(name)}</option>' for key, name in companies.items())
    rights = "".join(f"<li>{html.escape(scope)}</li>" for scope in given.get("scope", "").split())
    return (
        f'<form method="post" action="/connect/authorize">{hidden}'
        '<label>Brukernavn <input name="username"></label>'
        '<label>Passord <input name="password" type="password"></label>'
        f'<label>Selskap <select name="company">{options}</select></label><ul>{rights}</ul>'
        '<button name="decision" value="allow">Godta</button>'
        '<button name="decision" value="deny">Avbryt</button></form>'
    )
