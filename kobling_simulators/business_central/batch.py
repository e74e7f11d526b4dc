"""$batch: many requests in one, each in its own transaction or all in one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from kobling_simulators.business_central.errors import INVALID_URL, ApiError, bad_request, correlation_id
from kobling_simulators.business_central.requests import read_json, reply
from kobling_simulators.business_central.shelf import Journal
from kobling_simulators.wire import Call, Reply, from_json, to_json

MOST = 100
_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
Answering = Callable[[Call, Callable[[], None]], Reply]


class Headers(dict[str, str]):
    """Headers by name whatever the case."""

    def __init__(self, given: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in given.items()})

    def get(self, key: str, default: Any = None) -> Any:
        """The header or a default."""
        return super().get(key.lower(), default)


def run_batch(call: Call, root: str, journal: Journal, answer: Answering) -> Reply:
    """The answers to all parts. Raises ApiError.

    Fidelity: known business_central §6 – JSON only, at most 100 parts; a multipart change set is refused
    Fidelity: known business_central §6 – Isolation: snapshot is all or nothing, but posting actions commit
    Fidelity: inferred business_central §6 – parts without a company of their own inherit that of $batch?company=
    Fidelity: inferred business_central §6 – the answer is 200 whatever its parts say
    Fidelity: assumed business_central §6 – after a failure under snapshot the later parts are not run (424)
    """
    if call.method != "POST":
        raise ApiError(405, "BadRequest_MethodNotAllowed", "$batch takes POST only.")
    if call.headers.get("Content-Type", "").startswith("multipart/mixed"):
        raise bad_request("Multiple requests within the same change set are not supported.")
    parts = _parts(read_json(call))
    snapshot = call.headers.get("Isolation", "").lower() == "snapshot"
    responses: list[dict[str, Any]] = []
    failed = False
    for at, part in enumerate(parts):
        name = str(part.get("id", at))
        if failed:
            responses.append(_failed_dependency(name))
            continue
        try:
            made = answer(_call(part, call, root), (lambda: None) if snapshot else journal.commit)
        except ApiError as error:
            made = error.reply(correlation_id(at))
        failed = snapshot and made.status >= 400
        responses.append(_response(name, made))
    if failed:
        journal.roll_back()
    else:
        journal.commit()
    return reply({"responses": responses})


def _parts(body: Any) -> list[dict[str, Any]]:
    parts = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise bad_request("The batch must be a JSON object with an array 'requests'.")
    if len(parts) > MOST:
        raise bad_request(f"The number of operations in the batch, {len(parts)}, exceeds the maximum of {MOST}.")
    ids = [part["id"] for part in parts if "id" in part]
    if len(ids) != len(set(map(str, ids))):
        raise bad_request("The ids of the requests in a batch must be unique.")
    for part in parts:
        if part.get("method") not in _METHODS or not isinstance(part.get("url"), str):
            raise bad_request("Every request in a batch needs a 'method' and a 'url'.")
    return parts


def _call(part: Mapping[str, Any], outer: Call, root: str) -> Call:
    url = part["url"]
    if "://" in url:
        if root not in url:
            raise ApiError(400, INVALID_URL, "The URL of a batched request must stay inside the API.")
        url = url.partition(root)[2]
    path, _, query = url.partition("?")
    given = part.get("headers") or {}
    headers = Headers({name: value for name, value in outer.headers.items() if name.lower() in _INHERITED})
    headers.update(Headers({str(name): str(value) for name, value in given.items()}))
    body = part.get("body")
    content = b"" if body is None else body.encode() if isinstance(body, str) else to_json(body)
    if content:
        headers.setdefault("content-type", "application/json")
    full = f"{root}/{unquote(path).strip('/')}"
    asked = dict(parse_qsl(query, keep_blank_values=True))
    if outer.query.get("company"):
        asked.setdefault("company", outer.query["company"])
    return Call(part["method"], full, asked, headers, content, "", outer.client)


_INHERITED = frozenset({"host", "authorization", "accept-language", "data-access-intent", "prefer"})


def _response(name: str, made: Reply) -> dict[str, Any]:
    headers = {"Content-Type": made.content_type, **made.headers} if made.body else dict(made.headers)
    is_json = made.content_type.startswith("application/json")
    body = from_json(made.body) if made.body and is_json else made.body.decode("utf-8", "replace") or None
    return {"id": name, "status": made.status, "headers": headers, "body": body}


def _failed_dependency(name: str) -> dict[str, Any]:
    error = {"code": "BadRequest", "message": "The request was not run because another one in the batch failed."}
    return {"id": name, "status": 424, "headers": {}, "body": {"error": error}}
