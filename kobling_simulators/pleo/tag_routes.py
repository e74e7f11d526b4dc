"""Tag groups, tags and their further columns over HTTP."""

from __future__ import annotations

from typing import Any

from kobling_simulators.pleo.catalogue import Catalogue
from kobling_simulators.pleo.catalogue_routes import searched, wanted_of
from kobling_simulators.pleo.company import Company, Row
from kobling_simulators.pleo.envelope import body_of, few, key, read, text
from kobling_simulators.pleo.errors import bad_parameter, invalid, not_found
from kobling_simulators.pleo.kinds import DIMENSIONS, TAG_GROUPS, TAGS, Kind
from kobling_simulators.pleo.paging import one, page, shown
from kobling_simulators.pleo.routing import Handler, Request, Table
from kobling_simulators.pleo.shelf import Kept, Listed
from kobling_simulators.wire import Reply, json_reply

_GROUPS = "/v0/tag-groups"
_LOOK, _WRITE = "tag-groups:read", "tag-groups:write"


class TagRoutes:
    """Handlers of dimensions.

    Fidelity: known pleo §3 – paths; bulk archiving and deleting take at most 100
    Fidelity: assumed pleo §3 – bulk bodies are {ids: [...]}; aggregations, usage and columns have the shapes here
    """

    def __init__(self, table: Table, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._table = table
        self._groups()
        self._one_tag()
        self._bulk()
        self._columns()

    def _on(self, method: str, path: str, handler: Handler) -> None:
        self._table.on(method, path, _LOOK if method == "GET" or path.endswith(":search") else _WRITE, handler)

    def _groups(self) -> None:
        for path in (_GROUPS, "/v0/aggregations/tag-groups"):
            self._on("GET", path, self._all_groups)
        self._on("POST", _GROUPS, self._new_group)
        self._on("GET", f"{_GROUPS}/{{id}}", lambda ask: one(_counted(*_group(ask))))
        self._on("PUT", f"{_GROUPS}/{{id}}", lambda ask: self._put(ask, TAG_GROUPS))
        self._on("DELETE", f"{_GROUPS}/{{id}}", lambda ask: self._delete(ask, TAG_GROUPS))
        self._on("GET", f"{_GROUPS}/{{id}}/usage", self._usage)
        self._on("GET", f"{_GROUPS}/{{id}}/tags", self._tags)
        self._on("POST", f"{_GROUPS}/{{id}}/tags", self._new_tag)

    def _one_tag(self) -> None:
        self._on("GET", "/v0/tags/{id}", lambda ask: one(ask.holder("tags").tags[ask.keys[0]]))
        self._on("PUT", "/v0/tags/{id}", lambda ask: self._put(ask, TAGS))
        self._on("DELETE", "/v0/tags/{id}", lambda ask: self._delete(ask, TAGS))
        self._on("GET", "/v0/tags", lambda ask: page(ask.call, ask.asked().tags))
        for path in ("/v0/tags:search", "/v0/aggregations/tags"):
            self._table.on("POST", path, _LOOK, self._search)

    def _all_groups(self, ask: Request) -> Reply:
        company = ask.asked()
        return page(ask.call, company.tag_groups, render=lambda row: shown(_counted(company, row)))

    def _new_group(self, ask: Request) -> Reply:
        body = body_of(ask.call)
        company = ask.meant(body)
        row, status = self._catalogue.create(company, TAG_GROUPS, body)
        return one(_counted(company, row), status)

    def _put(self, ask: Request, kind: Kind) -> Reply:
        return one(self._catalogue.update(ask.holder(kind.shelf), kind, ask.keys[0], body_of(ask.call)))

    def _delete(self, ask: Request, kind: Kind) -> Reply:
        self._catalogue.delete(ask.holder(kind.shelf), kind, ask.keys[0])
        return Reply(204)

    def _tags(self, ask: Request) -> Reply:
        """Fidelity: assumed pleo §3 – archived tags are listed with include_archived=true only."""
        company, group = _group(ask)
        told = ask.call.query.get("include_archived", "false")
        if told not in ("true", "false"):
            raise bad_parameter("include_archived must be true or false.")
        tags = company.group_tags[group["id"]]
        return page(ask.call, tags if told == "true" else Kept(tags, lambda row: not row["archived"]))

    def _new_tag(self, ask: Request) -> Reply:
        company, group = _group(ask)
        row, status = self._catalogue.create(company, TAGS, body_of(ask.call), groupId=group["id"])
        return one(row, status)

    def _usage(self, ask: Request) -> Reply:
        company, group = _group(ask)
        return one({"tagGroupId": group["id"], "accountingEntries": company.entries.uses[group["id"]]})

    def _search(self, ask: Request) -> Reply:
        wanted = wanted_of(ask.call, TAGS)
        return page(ask.call, searched(ask.asked().tags, wanted))

    def _bulk(self) -> None:
        def archive(ask: Request) -> Reply:
            self._catalogue.archive_tags(*_ids(ask))
            return Reply(204)

        def delete(ask: Request) -> Reply:
            self._catalogue.delete_tags(*_ids(ask))
            return Reply(204)

        self._on("POST", "/v0/tags/archive", archive)
        self._on("DELETE", "/v0/tags", delete)

    def _columns(self) -> None:
        path = f"{_GROUPS}/{{id}}/dimensions"
        self._on("GET", path, lambda ask: page(ask.call, Listed(_columns(*_group(ask)))))
        self._on("POST", path, self._new_column)
        self._on("GET", f"{path}/{{id}}", lambda ask: one(_column(ask)[1]))
        self._on("PUT", f"{path}/{{id}}", self._put_column)
        self._on("DELETE", f"{path}/{{id}}", self._delete_column)
        self._on("GET", "/v0/tags/{id}/dimensions", lambda ask: json_reply({"data": _values(*_tag(ask))}))
        self._on("PUT", "/v0/tags/{id}/dimensions/{id}", self._put_value)

    def _new_column(self, ask: Request) -> Reply:
        company, group = _group(ask)
        row, status = self._catalogue.create(company, DIMENSIONS, body_of(ask.call), groupId=group["id"])
        return one(row, status)

    def _put_column(self, ask: Request) -> Reply:
        company, row = _column(ask)
        return one(self._catalogue.update(company, DIMENSIONS, row["id"], body_of(ask.call)))

    def _delete_column(self, ask: Request) -> Reply:
        company, row = _column(ask)
        self._catalogue.delete(company, DIMENSIONS, row["id"])
        return Reply(204)

    def _put_value(self, ask: Request) -> Reply:
        company, tag = _tag(ask)
        column = company.dimensions.get(ask.keys[1])
        if column is None or column["groupId"] != tag["groupId"]:
            raise not_found("dimensions")
        given = read(body_of(ask.call), {"value": (text(), True)})
        tag["_values"] = {**tag.get("_values", {}), column["id"]: given["value"]}
        return one({"dimensionId": column["id"], "value": given["value"]})


def _group(ask: Request) -> tuple[Company, Row]:
    company = ask.holder("tag_groups")
    return company, company.tag_groups[ask.keys[0]]


def _tag(ask: Request) -> tuple[Company, Row]:
    company = ask.holder("tags")
    return company, company.tags[ask.keys[0]]


def _counted(company: Company, row: Row) -> Row:
    return {**row, "totalTagsCount": len(company.group_tags[row["id"]])}


def _columns(company: Company, group: Row) -> list[Row]:
    return [row for row in company.dimensions.values() if row["groupId"] == group["id"]]


def _column(ask: Request) -> tuple[Company, Row]:
    company, group = _group(ask)
    row = company.dimensions.get(ask.keys[1])
    if row is None or row["groupId"] != group["id"]:
        raise not_found("dimensions")
    return company, row


def _values(company: Company, tag: Row) -> list[dict[str, Any]]:
    told = tag.get("_values", {})
    columns = [row for row in company.dimensions.values() if row["groupId"] == tag["groupId"]]
    return [{"dimensionId": row["id"], "code": row["code"], "value": told.get(row["id"])} for row in columns]


def _ids(ask: Request) -> tuple[Company, list[str]]:
    ids: list[str] = read(body_of(ask.call), {"ids": (few(key), True)})["ids"]
    if not ids:
        raise invalid("'ids' must name a tag.")
    for company in ask.companies.values():
        if ids[0] in company.tags:
            return company, ids
    raise not_found("tags")
