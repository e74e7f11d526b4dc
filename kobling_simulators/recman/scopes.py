"""The scopes: which fields each has, what filters it, what may be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ADDRESS = ("address1", "address2", "postalCode", "city", "country")
_ADDRESSES = ("visitAddress", "postAddress", "deliveryAddress", "invoiceAddress")


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope. `filters` say which field a query parameter selects by; `maps` are objects keyed by id or name.

    `owner` names the field that holds the department, or departments, by which keys are limited.
    """

    name: str
    key: str
    fields: tuple[str, ...]
    filters: Mapping[str, str] = field(default_factory=dict)
    at_least: str = ""
    maps: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    read_only: frozenset[str] = frozenset()
    operations: tuple[str, ...] = ()
    owner: str = ""
    references: Mapping[str, str] = field(default_factory=dict)


_ALL = ("insert", "update", "delete")
_STAMPS = frozenset({"created", "updated"})
_DEPARTMENT = {"departmentId": "department"}

SCOPES: dict[str, Scope] = {
    scope.name: scope
    for scope in (
        Scope(
            "company",
            "companyId",
            (
                *("companyId", "name", "countryRegNumber", "companyNumber", "email", "web", "phone", "invoiceEmail"),
                *("newsletter", "linkedin", "facebook", "skype", "countryId", "branchCategoryId", "note"),
                *("creditTime", "connectDepartment", "connectUser", "directions", "parentCompanyId", "type"),
                *(*_ADDRESSES, "file", "attribute"),
            ),
            filters={"companyIds": "companyId"},
            maps=(*_ADDRESSES, "file", "attribute"),
            required=("name",),
            operations=_ALL,
            owner="connectDepartment",
            references={"parentCompanyId": "company"},
        ),
        Scope(
            "project",
            "projectId",
            (
                *("projectId", "companyId", "number", "departmentId", "responsibleUserId", "name", "type", "status"),
                *("completePercent", "invoiceNotes", "startDate", "endDate", "created", "updated", "directions"),
                *("invoiceRefUserId", "invoiceRefCompanyContactId", "workUnitPeriodType", "holidayRate"),
                *("defaultInvoice", "defaultSalary", "invoiceFactor", "members", "costCentreId", "occupationCode"),
                *("value", "attributes", "file"),
            ),
            filters={name: name for name in ("companyId", "departmentId", "responsibleUserId")},
            at_least="minProjectId",
            maps=("attributes", "file"),
            required=("name", "companyId"),
            read_only=_STAMPS,
            operations=_ALL,
            owner="departmentId",
            references={"companyId": "company", "responsibleUserId": "user", **_DEPARTMENT},
        ),
        Scope(
            "invoice",
            "invoiceId",
            (
                *("invoiceId", "number", "companyId", "projectId", "departmentId", "type", "date", "dueDate", "kid"),
                *("currency", "exported", "created", "updated", "lines"),
            ),
            filters={name: name for name in ("companyId", "departmentId", "projectId", "type")},
            maps=("lines",),
            owner="departmentId",
            references={"companyId": "company", "projectId": "project", **_DEPARTMENT},
        ),
        Scope("product", "productId", ("productId", "number", "name", "price", "vat"), required=("name",)),
        Scope("department", "departmentId", ("departmentId", "name"), required=("name",), owner="departmentId"),
        Scope(
            "user",
            "userId",
            ("userId", "firstName", "lastName", "email", "departmentId"),
            owner="departmentId",
            references=_DEPARTMENT,
        ),
        Scope(
            "companyContact",
            "companyContactId",
            ("companyContactId", "companyId", "firstName", "lastName", "email", "phone"),
            filters={"companyId": "companyId"},
            references={"companyId": "company"},
        ),
    )
}
LINE = ("productId", "number", "description", "quantity", "price", "vat", "costCentreId")
