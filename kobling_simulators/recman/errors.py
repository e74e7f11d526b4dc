"""RecMan's refusals."""

from __future__ import annotations


class ApiError(Exception):
    """A refusal with a code and a message.

    Fidelity: assumed recman §2 – the shape is error{code, message}; the codes are those of HTTP
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def bad(message: str) -> ApiError:
    """Something in the request is wrong."""
    return ApiError(400, message)


def forbidden(message: str) -> ApiError:
    """The key does not reach that far."""
    return ApiError(403, message)


def not_found(scope: str, key: str) -> ApiError:
    """No such row, or none that the key may see."""
    return ApiError(404, f"{scope} {key} was not found")
