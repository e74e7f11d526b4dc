"""What the sign-in service tells about itself: its endpoints in both versions, its hosts, where a person signs in."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

EVERY_TENANT = ("common", "organizations")


def configuration(base: str, tenant: str, own: str, version: str) -> dict[str, object]:
    """The openid-configuration of a tenant, for version "1.0" or "2.0" of the protocol; `own` is the tenant's id.

    Fidelity: known dataverse §2 – the token endpoint is /{tenant}/oauth2/v2.0/token
    Fidelity: assumed dataverse §2 – version 1 stands beside it at /{tenant}/oauth2/token; its issuer is sts.windows.net
    """
    first = version == "1.0"
    oauth = f"{base}/{tenant}/oauth2" + ("" if first else "/v2.0")
    issuer = "{tenantid}" if tenant in EVERY_TENANT else own
    found: dict[str, object] = {
        "issuer": f"https://sts.windows.net/{issuer}/" if first else f"{base}/{issuer}/v2.0",
        "authorization_endpoint": f"{oauth}/authorize",
        "token_endpoint": f"{oauth}/token",
        "device_authorization_endpoint": f"{oauth}/devicecode",
        "jwks_uri": f"{base}/{tenant}/discovery/keys" if first else f"{base}/{tenant}/discovery/v2.0/keys",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials", "password"],
        "scopes_supported": ["openid"] if first else ["openid", "profile", "email", "offline_access"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "tenant_region_scope": None if tenant in EVERY_TENANT else "EU",
        "cloud_instance_name": "microsoftonline.com",
    }
    return found if first else {**found, "code_challenge_methods_supported": ["S256"]}


def instance(base: str, query: Mapping[str, str]) -> dict[str, object]:
    """Which hosts are this service, as libraries ask before they trust an authority.

    Fidelity: assumed dataverse §2 – tenant_discovery_endpoint and metadata are what the public libraries read
    """
    host = urlsplit(base).netloc
    tenant = urlsplit(query.get("authorization_endpoint", "")).path.strip("/").partition("/")[0] or "common"
    return {
        "tenant_discovery_endpoint": f"{base}/{tenant}/v2.0/.well-known/openid-configuration",
        "api-version": query.get("api-version", "1.1"),
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    }


def realm(username: str) -> dict[str, object]:
    """Where a person's password is checked: here.

    Fidelity: assumed dataverse §2 – people of the simulated tenant are managed by it, none is federated
    """
    return {
        "ver": "1.0",
        "account_type": "Managed",
        "domain_name": username.rpartition("@")[2],
        "cloud_instance_name": "microsoftonline.com",
    }
