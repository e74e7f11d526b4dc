"""The errors a connector may raise, for connectors that import only the SDK."""

from kobling.records.errors import (
    N_,
    AlreadyThere,
    KoblingError,
    Misunderstood,
    NotThere,
    RateLimited,
    Refused,
    SettingsError,
    SignInExpired,
    StaleVersion,
    Temporary,
    Unreachable,
    Unsafe,
    redacted,
)

__all__ = [
    "N_",
    "AlreadyThere",
    "KoblingError",
    "Misunderstood",
    "NotThere",
    "RateLimited",
    "Refused",
    "SettingsError",
    "SignInExpired",
    "StaleVersion",
    "Temporary",
    "Unreachable",
    "Unsafe",
    "redacted",
]
