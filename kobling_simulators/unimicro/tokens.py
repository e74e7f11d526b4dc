"""The token endpoint, and whom a token lets in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from kobling_simulators.clock import Clock
from kobling_simulators.entra.keys import decode, encode
from kobling_simulators.entra.tokens import sign
from kobling_simulators.unimicro.clients import Client, Directory, client_key, platform_key
from kobling_simulators.unimicro.settings import Settings
from kobling_simulators.unimicro.sign_in import Code, SignIn, issuer
from kobling_simulators.wire import Call, Reply, from_json, json_reply

API_SCOPES = frozenset({"AppFramework", "Sales.Invoice", "Accounting.Reporting", "Accounting.Journal", "READ_ONLY"})
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST, _SKEW = 300, 60


class OAuthError(Exception):
    """A refusal of the token endpoint."""

    def __init__(self, error: str, about: str = "") -> None:
        super().__init__(error)
        self.error, self.about = error, about

    def reply(self) -> Reply:
        """Fidelity: assumed unimicro §2 – {error, error_description} with 400, also for a wrong client."""
        told = {"error": self.error, **({"error_description": self.about} if self.about else {})}
        return json_reply(told, 400, {"Cache-Control": "no-store"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a token lets in: which companies, with which scopes, until when; a server application is no person."""

    client: Client
    companies: frozenset[str]
    scopes: frozenset[str]
    person: bool
    expires: float = 0.0


@dataclass(slots=True)
class _Wish:
    caller: Caller
    nonce: str = ""
    again: bool = field(default=False)


class Tokens:
    """Codes, refresh tokens and client assertions into access tokens.

    Fidelity: known unimicro §2 – client_credentials with a client_assertion, RS256, iss = sub = client_id, aud the
        token endpoint, jti once, exp five minutes at most
    Fidelity: known unimicro §2 – a refresh token only with offline_access; an access token lives an hour and carries
        AppFramework (the API's URL) and aud ["AppFramework", "{identity}/resources"]
    Fidelity: assumed unimicro §2 – a token of a server application reaches the first company; iat and nbf may be a
        minute ahead
    """

    def __init__(self, clock: Clock, known: Directory, codes: SignIn, companies: list[str]) -> None:
        self._clock = clock
        self._known = known
        self._codes = codes
        self._companies = companies
        self._random = random.Random(f"unimicro tokens {known.seed}")
        self._access: dict[str, Caller] = {}
        self._refresh: dict[str, Caller] = {}
        self._assertions: dict[str, float] = {}

    def secret(self) -> str:
        """A new opaque text."""
        return f"{self._random.getrandbits(256):064x}"

    def caller(self, call: Call) -> Caller | None:
        """Whom the token of a call lets in."""
        kind, _, text = call.headers.get("Authorization", "").partition(" ")
        found = self._access.get(text.strip()) if kind.lower() == "bearer" else None
        return found if found is not None and self._clock.now() < found.expires else None

    def token(self, call: Call, settings: Settings) -> Reply:
        """POST /connect/token. Raises OAuthError."""
        form = call.form()
        kind = form.get("grant_type")
        if kind == "client_credentials":
            return self._answer(call, self._for_server(call, form), settings)
        if kind not in ("authorization_code", "refresh_token"):
            raise OAuthError("unsupported_grant_type")
        client = self._client(call, form)
        if kind == "refresh_token":
            return self._answer(call, self._again(client, form, settings), settings)
        code = self._codes.redeem(form.get("code", ""))
        if code is None or code.client is not client or code.redirect_uri != form.get("redirect_uri"):
            raise OAuthError("invalid_grant")
        _need_verifier(code, form.get("code_verifier", ""))
        companies = {code.company} if settings.person_companies == "picked" else {*self._companies}
        caller = Caller(client, frozenset(companies), code.scopes, person=True)
        return self._answer(call, _Wish(caller, code.nonce), settings)

    def _client(self, call: Call, form: Mapping[str, str]) -> Client:
        client_id, secret = _basic(call) or (form.get("client_id", ""), form.get("client_secret", ""))
        client = self._known.find(client_id)
        if client is None or client.kind == "server" or client.secret != secret:
            raise OAuthError("invalid_client")
        return client

    def _again(self, client: Client, form: Mapping[str, str], settings: Settings) -> _Wish:
        text = form.get("refresh_token", "")
        caller = self._refresh.get(text)
        if caller is None or caller.client is not client or settings.offline_access != "owned":
            raise OAuthError("invalid_grant")
        if settings.rotation:
            del self._refresh[text]
        return _Wish(caller, again=not settings.rotation)

    def _for_server(self, call: Call, form: Mapping[str, str]) -> _Wish:
        if form.get("client_assertion_type") != _ASSERTION:
            raise OAuthError("invalid_client", "client_assertion_type is wrong")
        self._need_assertion(call, form.get("client_assertion", ""), form.get("client_id"))
        if form.get("scope") != "AppFramework":
            raise OAuthError("invalid_scope")
        companies = frozenset(self._companies[:1])
        return _Wish(Caller(self._known.server, companies, frozenset({"AppFramework"}), person=False))

    def _need_assertion(self, call: Call, text: str, client_id: str | None) -> None:
        claims = _signed_claims(text, self._known.seed)
        now, mine = self._clock.now(), self._known.server.client_id
        if (claims.get("iss"), claims.get("sub")) != (mine, mine) or client_id not in (None, mine):
            raise OAuthError("invalid_client", "iss, sub and client_id are not the same client")
        audience = claims.get("aud")
        if f"{issuer(call)}/connect/token" not in (audience if isinstance(audience, list) else [audience]):
            raise OAuthError("invalid_client", "aud is not the token endpoint")
        times = [claims.get(name) for name in ("exp", "iat", "nbf")]
        if not all(isinstance(each, int) and not isinstance(each, bool) for each in times):
            raise OAuthError("invalid_client", "exp, iat and nbf are required")
        expires, issued, begins = (int(each or 0) for each in times)
        if expires <= now or expires > now + _LONGEST + _SKEW or expires - issued > _LONGEST:
            raise OAuthError("invalid_client", "exp is over or too far away")
        if max(issued, begins) > now + _SKEW:
            raise OAuthError("invalid_client", "the assertion is not valid yet")
        unique = claims.get("jti")
        self._assertions = {key: until for key, until in self._assertions.items() if until > now}
        if not isinstance(unique, str) or not unique or unique in self._assertions:
            raise OAuthError("invalid_client", "jti is missing or was used before")
        self._assertions[unique] = expires

    def _answer(self, call: Call, wish: _Wish, settings: Settings) -> Reply:
        caller = wish.caller
        base, now, life = issuer(call), int(self._clock.now()), settings.token_life
        claims: dict[str, Any] = {
            "iss": base,
            "aud": ["AppFramework", f"{base}/resources"],
            "client_id": caller.client.client_id,
            "scope": sorted(caller.scopes),
            "AppFramework": base,
            "nbf": now,
            "iat": now,
            "exp": now + life,
            "jti": self.secret()[:32],
        }
        if caller.person:
            claims["sub"] = self._known.user_id
        token = sign(platform_key(self._known.seed), claims)
        self._access[token] = Caller(caller.client, caller.companies, caller.scopes, caller.person, now + life)
        told = {"access_token": token, "expires_in": life, "token_type": "Bearer"}
        if "openid" in caller.scopes:
            about = {"iss": base, "aud": caller.client.client_id, "sub": self._known.user_id, "iat": now}
            about |= {"exp": now + life, **({"nonce": wish.nonce} if wish.nonce else {})}
            told["id_token"] = sign(platform_key(self._known.seed), about)
        if "offline_access" in caller.scopes and not wish.again:
            refresh = self.secret()
            self._refresh[refresh] = caller
            told["refresh_token"] = refresh
        return json_reply({**told, "scope": " ".join(sorted(caller.scopes))}, 200, {"Cache-Control": "no-store"})

    def expire(self, call: Call) -> None:
        """The token of this call is over."""
        self._access.pop(call.headers.get("Authorization", "").partition(" ")[2].strip(), None)

    def revoke_all(self) -> int:
        """Every access token is over; refresh tokens stay."""
        count = len(self._access)
        self._access.clear()
        return count


def _need_verifier(code: Code, verifier: str) -> None:
    digest = encode(hashlib.sha256(verifier.encode()).digest()) if verifier else ""
    if digest != code.challenge:
        raise OAuthError("invalid_grant", "code_verifier is wrong")


def _signed_claims(text: str, seed: int) -> dict[str, Any]:
    """The claims of an assertion that the client's certificate signed. Raises OAuthError."""
    try:
        header, body, signature = text.split(".")
        if from_json(decode(header)).get("alg") != "RS256":
            raise OAuthError("invalid_client", "the assertion is not signed with RS256")
        signed = f"{header}.{body}".encode()
        client_key(seed).public_key().verify(decode(signature), signed, PKCS1v15(), SHA256())
        claims = from_json(decode(body))
    except (InvalidSignature, ValueError, AttributeError):
        raise OAuthError("invalid_client", "the assertion cannot be trusted") from None
    if not isinstance(claims, dict):
        raise OAuthError("invalid_client", "the assertion holds no claims")
    return claims


def _basic(call: Call) -> tuple[str, str] | None:
    kind, _, text = call.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", "?"
    return unquote(user), unquote(password)
