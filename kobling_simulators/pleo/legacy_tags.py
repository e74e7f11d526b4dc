"""Tag groups and tags as the old API tells them: a tag is a row of values, one for each attribute of its group."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from kobling_simulators.pleo.catalogue import Catalogue
from kobling_simulators.pleo.company import Company, Row, State
from kobling_simulators.pleo.envelope import body_of
from kobling_simulators.pleo.errors import invalid, not_found
from kobling_simulators.pleo.kinds import DIMENSIONS, TAG_GROUPS, TAGS
from kobling_simulators.wire import Call, Reply, json_reply

_OWN = ("name", "code")


class LegacyTags:
    """/tag-groups and /tag-groups/{g}/tags.

    Fidelity: known pleo §9 – POST {attributeValues: [{attributeId, value}]} makes a tag
    Fidelity: inferred pleo §9 – both lists are plain arrays, not paged; a tag is changed by PATCH (a generated client)
    Fidelity: assumed pleo §9 – a group's attributes are the name and the code of a tag, then its dimensions; archived
        tags are left out unless hidden=true asks for them; a tag made with a name alone has it as its code as well
    """

    def __init__(self, state: State, catalogue: Catalogue) -> None:
        self._state = state
        self._catalogue = catalogue

    def groups(self, call: Call, company: Company) -> Reply:
        """GET tag-groups."""
        archived = call.query.get("archived", "false") == "true"
        rows = [row for row in company.tag_groups.values() if bool(row["archived"]) is archived]
        return json_reply([_group(company, row) for row in rows])

    def group(self, call: Call, company: Company, key: str) -> Reply:
        """GET one group."""
        return json_reply(_group(company, _row(company, key)))

    def make_group(self, call: Call, company: Company) -> Reply:
        """POST a group.

        Fidelity: assumed pleo §9 – {name, attributes: [{name}]}; its code is its name, and an attribute that is neither
            the tag's name nor its code becomes a dimension
        """
        body = body_of(call)
        name = body.get("name") if isinstance(body, dict) else None
        if not isinstance(name, str) or not name:
            raise invalid("'name' is required.")
        code = str(body.get("code") or name)
        row, _ = self._catalogue.create(company, TAG_GROUPS, {"code": code, "name": name, "archived": False})
        for each in body.get("attributes") or ():
            told = each.get("name") if isinstance(each, dict) else None
            if isinstance(told, str) and told and told.lower() not in _OWN:
                column = {"code": told, "name": told, "visible": True}
                self._catalogue.create(company, DIMENSIONS, column, groupId=row["id"])
        return json_reply(_group(company, row))

    def delete_group(self, call: Call, company: Company, key: str) -> Reply:
        """DELETE a group without tags."""
        self._catalogue.delete(company, TAG_GROUPS, _row(company, key)["id"])
        return json_reply({})

    def tags(self, call: Call, company: Company, key: str) -> Reply:
        """GET the tags of a group."""
        hidden = call.query.get("hidden", "false") == "true"
        rows = company.group_tags[_row(company, key)["id"]].values()
        return json_reply([_tag(company, row) for row in rows if bool(row["archived"]) is hidden])

    def tag(self, call: Call, company: Company, group: str, key: str) -> Reply:
        """GET one tag."""
        return json_reply(_tag(company, self._of(company, group, key)))

    def create(self, call: Call, company: Company, key: str) -> Reply:
        """POST a tag."""
        group = _row(company, key)
        values = _values(company, group, body_of(call))
        name = values.get("name") or values.get("code")
        if not name:
            raise invalid("'attributeValues' must hold the tag's name.")
        body = {"code": values.get("code") or name, "name": name, "archived": False}
        row, _ = self._catalogue.create(company, TAGS, body, groupId=group["id"])
        row["_values"] = {key: value for key, value in values.items() if key not in _OWN}
        return json_reply(_tag(company, row))

    def change(self, call: Call, company: Company, group: str, key: str) -> Reply:
        """PATCH a tag: the attributes that are told."""
        row = self._of(company, group, key)
        values = _values(company, _row(company, group), body_of(call))
        kept = {name: row[name] for name in ("code", "name", "archived")}
        told = {name: values[name] for name in _OWN if values.get(name)}
        self._catalogue.update(company, TAGS, key, {**kept, **told})
        others = {key: value for key, value in values.items() if key not in _OWN}
        row["_values"] = {**row.get("_values", {}), **others}
        return json_reply(_tag(company, row))

    def delete(self, call: Call, company: Company, group: str, key: str) -> Reply:
        """DELETE a tag that nothing uses."""
        self._catalogue.delete(company, TAGS, self._of(company, group, key)["id"])
        return json_reply({})

    def _of(self, company: Company, group: str, key: str) -> Row:
        row: Row | None = company.group_tags[_row(company, group)["id"]].get(key)
        if row is None:
            raise not_found("Tag")
        return row


def _row(company: Company, key: str) -> Row:
    row: Row | None = company.tag_groups.get(key)
    if row is None:
        raise not_found("Tag group")
    return row


def _attributes(company: Company, group: Row) -> list[Row]:
    own = [
        {"id": str(uuid5(NAMESPACE_URL, f"{group['id']}/{name}")), "name": name.title(), "_as": name} for name in _OWN
    ]
    more = [row for row in company.dimensions.values() if row["groupId"] == group["id"]]
    return [*own, *({"id": row["id"], "name": row["name"], "_as": row["id"]} for row in more)]


def _group(company: Company, row: Row) -> Row:
    attributes = [{"id": each["id"], "name": each["name"]} for each in _attributes(company, row)]
    kept = ("id", "companyId", "name", "code", "archived", "createdAt", "updatedAt")
    return {**{name: row[name] for name in kept}, "attributes": attributes}


def _tag(company: Company, row: Row) -> Row:
    values = []
    for each in _attributes(company, company.tag_groups[row["groupId"]]):
        value = row[each["_as"]] if each["_as"] in _OWN else row.get("_values", {}).get(each["_as"])
        values.append({"attributeId": each["id"], "attributeName": each["name"], "value": value})
    kept = {"id": row["id"], "tagGroupId": row["groupId"], "archived": row["archived"]}
    return {**kept, "attributeValues": values, "createdAt": row["createdAt"], "updatedAt": row["updatedAt"]}


def _values(company: Company, group: Row, body: Any) -> dict[str, str]:
    """The values that were told, by what they stand for. Raises ApiError."""
    told = body.get("attributeValues") if isinstance(body, dict) else None
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        raise invalid("'attributeValues' must be a list.")
    known = {each["id"]: each["_as"] for each in _attributes(company, group)}
    found: dict[str, str] = {}
    for each in told:
        attribute, value = each.get("attributeId"), each.get("value")
        if attribute not in known or not isinstance(value, str):
            raise invalid("'attributeValues' must name attributes of the group and texts.")
        found[known[attribute]] = value
    return found
