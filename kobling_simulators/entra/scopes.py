"""What a client asks to do, and on which resource."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from kobling_simulators.entra.errors import SignInProblem

_OF_SIGN_IN = frozenset({"openid", "profile", "email", "offline_access"})


@dataclass(frozen=True, slots=True)
class Wish:
    """A scope taken apart: the resource (empty when only signing in), what to do there, and extras such as openid."""

    text: str
    resource: str
    permissions: frozenset[str]
    extras: frozenset[str]

    @property
    def granted(self) -> frozenset[str]:
        """What the token says; `.default` stands for all that was agreed to.

        Fidelity: known dataverse §2 – the delegated permission of Dataverse is user_impersonation
        Fidelity: known business_central §2 – that of Business Central is Financials.ReadWrite.All
        """
        if self.permissions != {".default"}:
            return self.permissions
        return frozenset({"Financials.ReadWrite.All" if "businesscentral" in self.resource else "user_impersonation"})


def read_scope(text: str, known: Collection[str]) -> Wish:
    """The wish of a scope parameter; `known` are the tenant's resources, any web address when empty.

    Raises SignInProblem.
    """
    words = text.split()
    if not words:
        raise SignInProblem(
            "invalid_request", 900144, "The request body must contain the following parameter: 'scope'."
        )
    extras = frozenset(word for word in words if word in _OF_SIGN_IN)
    pairs = [word.rpartition("/") for word in words if word not in _OF_SIGN_IN]
    for resource, _, permission in pairs:
        if not permission or urlsplit(resource).scheme not in ("http", "https", "api"):
            problem = f"The provided value for the input parameter 'scope' is not valid. The scope {text} is not valid."
            raise SignInProblem("invalid_scope", 70011, problem)
        if known and resource.rstrip("/") not in known:
            problem = f"The resource principal named {resource} was not found in the tenant."
            raise SignInProblem("invalid_resource", 500011, problem)
    resources = {resource for resource, _, _ in pairs}
    if len(resources) > 1:
        problem = (
            "Provided value for the input parameter scope is not valid because it contains more than one resource."
        )
        raise SignInProblem("invalid_request", 28000, problem)
    return Wish(text, next(iter(resources), ""), frozenset(permission for _, _, permission in pairs), extras)


def with_scope(given: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a version 1 request as version 2 knows them: `resource` becomes a scope.

    Fidelity: inferred dataverse §2 – version 1 names the `resource` itself, and gives people a refresh token unasked
    """
    resource = given.get("resource", "")
    return {**given, "scope": f"{resource}/.default openid offline_access"} if resource else dict(given)
