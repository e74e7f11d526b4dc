"""Whatever a client sends, a simulated Unimicro answers as the contract says and never breaks."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kobling_simulators import unimicro
from kobling_simulators.clock import Clock
from kobling_simulators.unimicro.facts import by_route, entities
from kobling_simulators.unimicro.simulator import Unimicro, build
from kobling_simulators.wire import Call, Reply, from_json, to_json
from tests.simulators.crm import START

MARK = re.compile(r"Fidelity: (known|inferred|assumed) (unimicro|recman) §\d+ – \S.*")
WRITTEN = (
    *("customers", "business-relations", "contacts", "invoices", "products", "projects", "dimensions"),
    *("departments", "terms", "custom-fields", "eventplans", "eventsubscribers", "expressionfilters"),
)
SOUND: dict[str, dict[str, Any]] = {
    "customers": {"Info": {"Name": "A", "InvoiceAddress": {"City": "Oslo"}}},
    "business-relations": {"Name": "A", "DefaultPhone": {"Number": "1"}},
    "contacts": {"Info": {"Name": "A"}},
    "invoices": {"CustomerID": 1, "Items": [{"ItemText": "A", "NumberOfItems": 1, "PriceExVat": 1, "VatTypeID": 3}]},
    "dimensions": {"ProjectID": 1},
    "custom-fields": {"ModelID": 1, "Name": "Felt"},
    "eventplans": {"Name": "A", "ModelFilter": "*", "OperationFilter": "*", "Subscribers": [{"Endpoint": "http://x"}]},
    "eventsubscribers": {"Endpoint": "http://x"},
}
ODD = [0, 1, -1, 10**11, 10**13, "", "x", "2026-11-22", "9999-12-31", "0001-01-01T00:00:00+14:00", "null", 42002]
numbers = st.integers(-(10**20), 10**20) | st.decimals(allow_nan=False, allow_infinity=False)
plain = st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=12), st.sampled_from(ODD))
texts = st.one_of(
    st.text(max_size=20),
    st.lists(
        st.sampled_from(
            [
                *("ID", "eq", "ne", "gt", "like", "and", "or", "not", "in", "(", ")", ",", "'x'", "1", "null", "true"),
                *(
                    "Info.Name",
                    "CustomerNumber",
                    "CreatedAt",
                    "contains",
                    "isnull",
                    "getdate()",
                    "'2026-11-22'",
                    "desc",
                ),
                *("CustomFields.X", "Customer.Info.Name", "InvoiceDate", "sum(ID)", "casewhen", "\\,", "as", "S", "."),
            ]
        ),
        max_size=8,
    ).map(" ".join),
)


def new(value: Any) -> Any:
    """The same with a _createguid in every object."""
    if isinstance(value, list):
        return [new(each) for each in value]
    if isinstance(value, dict):
        return {"_createguid": simulator().main.new_guid(), **{name: new(each) for name, each in value.items()}}
    return value


HEAD, LINE = "80,{},{},20.11.2026,04.12.2026,Vår,Deres", "81,,Vikar,7.5,400,10,3"


def odd_column(text: str) -> st.SearchStrategy[str]:
    """A line of a file with one column replaced, and now and then an order number of its own."""
    odd = st.sampled_from(["", "NaN", "Infinity", "1e999", "-1e9", "x", "٣", "20.11.2026", "31.02.2026", "100000"])

    def replaced(number: int, at: int, column: str) -> str:
        columns = text.format(number, min(row["CustomerNumber"] for row in simulator().dump("customers"))).split(",")
        columns[at % len(columns)] = column
        return ",".join(columns)

    return st.builds(replaced, st.integers(0, 10**6), st.integers(1, 9), odd)


LITERALS = [
    "1",
    "-1.5",
    "1e3",
    "null",
    "true",
    "'x'",
    "'2026-11-22'",
    "'2026-11-22T21:30:00Z'",
    "getdate()",
    "''",
    "ID",
]
JOINTS = [" and ", " or ", " and not "]
ACTIONS = [
    *(("POST", "invoices", "invoice"), ("PUT", "invoices", "create-credit-draft-invoice")),
    *(("PUT", "invoices", "payInvoice"), ("GET", "invoices", "get-payments"), ("POST", "orders", "register")),
    *(("POST", "orders", "complete"), ("PUT", "orders", "transfer-to-invoice"), ("PUT", "customers", "block")),
    *(("POST", "products", "discard"), ("POST", "products", "delete"), ("POST", "custom-fields", "activate")),
    *(("POST", "journalentries", "book-journal-entries"), ("GET", "customers", "block"), ("DELETE", "invoices", "x")),
    *(
        ("POST", "journalentries", "save-journal-entries-as-draft"),
        ("PUT", "vattypes", ""),
        ("PATCH", "orders", "register"),
    ),
]
amounts = st.sampled_from([1, -1, 0]) | plain
payments = st.fixed_dictionaries(
    {"Amount": amounts, "PaymentDate": st.just("2026-11-21") | plain},
    optional={"AmountCurrency": plain, "AccountID": plain, "Unknown": plain},
)
drafted = st.fixed_dictionaries(
    {"AccountID": st.just(1) | plain, "Amount": amounts, "FinancialDate": st.just("2026-11-21") | plain},
    optional={"VatTypeID": plain, "AmountCurrency": plain, "ID": plain},
)
entries = st.lists(
    st.fixed_dictionaries({"DraftLines": st.lists(drafted, max_size=2)}, optional={"ID": plain}), max_size=2
)
bodies = plain | payments | entries.map(new) | st.fixed_dictionaries({"Items": st.lists(plain)})


@cache
def simulator() -> Unimicro:
    found = build(clock=Clock(lambda: START), seed=1, records=20)
    found.set_limits({"enabled": False})
    return found


@cache
def token() -> str:
    known = simulator().credentials()
    asked = {"client_id": known["client_id"], "redirect_uri": known["redirect_uri"], "response_type": "code"}
    asked |= {"scope": "openid AppFramework", "auto": "1"}
    back = simulator().answer(Call("GET", "/connect/authorize", asked, {})).headers["Location"]
    form = {"grant_type": "authorization_code", "code": back.partition("code=")[2], **asked}
    form["client_secret"] = known["client_secret"]
    return str(from_json(sent_form("/connect/token", form).body)["access_token"])


def sent_form(path: str, form: dict[str, str]) -> Reply:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return simulator().answer(Call("POST", path, {}, kind, urlencode(form).encode()))


def ask(method: str, path: str, body: bytes = b"", kind: str = "application/json", query: Any = None) -> Reply:
    headers = {"Authorization": f"Bearer {token()}", "CompanyKey": simulator().main.key, "Content-Type": kind}
    return simulator().answer(Call(method, path, query or {}, headers, body))


def told(reply: Reply) -> None:
    """A refusal is 4xx in one of the three shapes, a good answer is JSON."""
    assert reply.status in (200, 204) or 400 <= reply.status < 500, reply.body
    if reply.status >= 400:
        body = from_json(reply.body)
        assert isinstance(body, list) or {"Message", "Messages", "_validationResults"} & set(flat(body)), body


def flat(value: Any) -> list[str]:
    """All names anywhere in a graph."""
    if isinstance(value, list):
        return [name for each in value for name in flat(each)]
    if isinstance(value, dict):
        return [*value, *(name for each in value.values() for name in flat(each))]
    return []


def graphs(route: str, depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    """Graphs with odd values in fields that exist, parts among them; most with a _createguid."""
    return parts(by_route()[route].name, depth)


def nearly(route: str) -> st.SearchStrategy[dict[str, Any]]:
    """A graph that would do but for one field."""
    odd = st.dictionaries(st.sampled_from(sorted(by_route()[route].fields)), plain, max_size=1)
    return odd.map(lambda more: {**new(SOUND.get(route, {"Name": "A"})), **more})


@cache
def parts(name: str, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    entity = entities()[name]
    made = st.dictionaries(st.sampled_from([*sorted(entity.fields), "CustomFields", "Unknown"]), plain, max_size=6)
    guid = st.builds(lambda number: {"_createguid": str(UUID(int=number))}, st.integers(0, 2**128 - 1))
    found = st.builds(lambda graph, more: {**graph, **more}, made, guid | st.just({}))
    if depth == 0:
        return found
    below: dict[str, st.SearchStrategy[Any]] = {}
    for relation in entity.relations.values():
        one = parts(relation.target, depth - 1) | st.builds(lambda key: {"ID": key}, st.integers(0, 9)) | plain
        below[relation.name] = st.lists(one, max_size=2) if relation.many else one
    return st.builds(lambda graph, more: {**graph, **more}, found, st.fixed_dictionaries({}, optional=below))


@pytest.mark.parametrize("route", WRITTEN)
def test_any_graph_is_written_or_refused(route: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(graphs(route) | nearly(route), st.integers(0, 3))
    def sent(graph: dict[str, Any], key: int) -> None:
        reply = ask("PUT" if key else "POST", f"/api/biz/{route}{f'/{key}' if key else ''}", to_json(graph))
        told(reply)
        if reply.status == 200:
            assert ask("GET", f"/api/biz/{route}/{from_json(reply.body)['ID']}").status == 200

    sent()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["NumberOfItems", "PriceExVat", "PriceExVatCurrency", "DiscountPercent", "VatTypeID"]),
            st.decimals(-(10**12), 10**12, places=4) | st.integers(-(10**12), 10**12) | st.integers(1, 7),
            max_size=4,
        ),
        min_size=1,
        max_size=3,
    ),
    st.dictionaries(
        st.sampled_from(["InvoiceDate", "CurrencyCodeID", "CurrencyExchangeRate", "InvoiceType", "InvoiceReferenceID"]),
        st.sampled_from(["2026-11-20", "2019-01-01", 1, 2, "0.000002", 999_999]),
        max_size=4,
    ),
    st.booleans(),
)
def test_any_invoice_is_issued_or_refused_and_the_ledger_stays_right(
    items: list[dict[str, Any]], head: dict[str, Any], draft: bool
) -> None:
    usual = {"ItemText": "Vikar", "NumberOfItems": 1, "PriceExVat": 100, "VatPercent": 25}
    books = simulator().main
    lines = [{"_createguid": books.new_guid(), **usual, **item} for item in items]
    graph = {"_createguid": books.new_guid(), "CustomerID": 1, **head, "Items": lines}
    reply = ask("POST", "/api/biz/invoices", to_json({**graph, **({"StatusCode": 10001} if draft else {})}))
    told(reply)
    if reply.status == 200 and draft:
        told(ask("POST", f"/api/biz/invoices/{from_json(reply.body)['ID']}", query={"action": "invoice"}))
    last = max(books.tables["JournalEntry"].rows)
    entry = books.tables["JournalEntryLine"].found("JournalEntryID", last)
    assert sum(line["Amount"] for line in entry) == 0


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(sorted(by_route())),
    st.dictionaries(st.sampled_from(["filter", "select", "expand", "orderby", "top", "skip", "hateoas"]), texts),
)
def test_any_question_is_answered_or_refused(route: str, query: dict[str, str]) -> None:
    told(ask("GET", f"/api/biz/{route}", query=query))


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(["customers", "invoices", "journalentrylines", "products"]), st.data())
def test_any_field_is_compared_with_any_value_or_refused(route: str, data: st.DataObject) -> None:
    entity = by_route()[route]
    above = sorted(name for name, relation in entity.relations.items() if not relation.many)
    fields = [*sorted(entity.fields), *(f"{name}.ID" for name in above), *(f"{name}.Name" for name in above)]
    field, other = st.sampled_from(fields), st.sampled_from(LITERALS)
    one = st.builds("{} {} {}".format, field, st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le", "like"]), other)
    one |= st.builds("{}({},{}) eq {}".format, st.sampled_from(["contains", "isnull"]), field, other, other)
    several = st.lists(one, min_size=1, max_size=3).flatmap(
        lambda all: st.sampled_from(JOINTS).map(lambda by: by.join(all))
    )
    query = {"filter": data.draw(several), "orderby": data.draw(field), "select": data.draw(field)}
    told(ask("GET", f"/api/biz/{route}", query=query))
    sums = {"select": f"max({query['select']}) as M,{data.draw(field)} as G", "filter": query["filter"]}
    told(ask("GET", "/api/statistics", query={"model": route, **sums, "expand": ",".join(above)}))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["Customer", "CustomerInvoice", "JournalEntryLine", "x"]),
    st.dictionaries(st.sampled_from(["select", "filter", "expand", "orderby", "top", "skip"]), texts),
)
def test_any_report_is_made_or_refused(model: str, query: dict[str, str]) -> None:
    told(ask("GET", "/api/statistics", query={"model": model, **query}))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ACTIONS), st.integers(0, 30), bodies)
def test_any_action_is_done_or_refused(action: tuple[str, str, str], key: int, body: Any) -> None:
    method, route, name = action
    reply = ask(method, f"/api/biz/{route}{f'/{key}' if key else ''}", to_json(body), query={"action": name})
    told(reply)
    if name == "book-journal-entries" and reply.status == 200:
        lines = simulator().main.tables["JournalEntryLine"]
        for entry in from_json(reply.body):
            assert sum(line["Amount"] for line in lines.found("JournalEntryID", entry["ID"])) == 0


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'"x"', b"1", b"\xff\xfe", b'{"a":1e999}', b"[" * 5000])
@pytest.mark.parametrize("route", ["customers", "invoices", "eventplans"])
def test_what_is_no_object_is_refused(route: str, body: bytes) -> None:
    assert ask("POST", f"/api/biz/{route}", body).status == 400


def test_a_body_of_more_than_8_mb_is_413() -> None:
    most = 8 * 1024 * 1024
    sizes = {size: ask("POST", "/api/biz/customers", b"x" * size).status for size in (most, most + 1)}
    assert sizes == {most: 400, most + 1: 413}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "path",
    [
        *("/", "//", "/api", "/api/biz", "/api/biz/", "/api/biz//", "/api/biz/customers/1/2", "/api/biz/customers/٣"),
        *("/api/biz/files", "/api/biz/files/Customer/x", "/api/biz/files/Colour/1/1", "/api/biz/distributions"),
        *("/api/file", "/api/download", "/api/metadata/x/new", "/jobs", "/jobs/x", "/connect/x", "/.well-known/x"),
    ],
)
def test_any_address_is_answered(method: str, path: str) -> None:
    reply = ask(method, path, b"{}")
    assert reply.status < 500
    if path not in ("/api/biz/files",):
        assert reply.status >= 400


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["grant_type", "code", "refresh_token", "client_id", "client_secret", "client_assertion"]),
        st.sampled_from(["authorization_code", "refresh_token", "client_credentials", "a.b.c", "e30.e30.AAAA", "å"])
        | st.text(max_size=10),
    ),
    st.sampled_from(["/connect/token", "/connect/authorize"]),
)
def test_any_form_is_refused(form: dict[str, str], path: str) -> None:
    assert sent_form(path, form).status == 400
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert sent_form(path, {**form, "client_assertion_type": kind}).status == 400


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.lists(
            st.sampled_from(
                ["30", "70", "80", "81", "", "100000", "100001", "NaN", "1e999", "-1", "x", "20.11.2026", "3"]
            )
            | st.text(max_size=5),
            max_size=12,
        ).map(",".join),
        max_size=4,
    ).map("\r\n".join)
    | st.tuples(odd_column(HEAD), odd_column(LINE), odd_column(LINE)).map("\r\n".join),
    st.sampled_from(["CustomerImportJob", "ProductImportJob", "OrderImportJob", "ImportSaft"]),
    st.dictionaries(
        st.sampled_from(["ImportFileType", "ImportOption", "DateFormat", "OtherParams", "Url"]), plain, max_size=2
    ),
)
def test_any_file_is_imported_or_its_errors_are_told(text: str, job: str, odd: dict[str, Any]) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="File"; filename="a.txt"\r\n\r\n'
        + text.encode()
        + b"\r\n--x--\r\n"
    )
    reply = ask("POST", "/api/file", body, "multipart/form-data; boundary=x")
    if reply.status != 200:
        assert (reply.status, text) == (400, "")
        return
    reference = from_json(reply.body)["StorageReference"]
    asked = {"CompanyKey": simulator().main.key, "ImportFileType": 1, "Url": f"/api/download?id={reference}", **odd}
    started = ask("POST", "/jobs", to_json(asked), query={"job": job})
    told(started)
    if started.status == 200:
        assert from_json(ask("GET", f"/jobs/{from_json(started.body)}").body)["Status"] in ("Finished", "Failed")


def test_every_row_is_readable_after_all_of_this() -> None:
    for route in by_route():
        rows = from_json(ask("GET", f"/api/biz/{route}", query={"orderby": "ID"}).body)
        assert isinstance(rows, list)


def test_every_mark_says_how_sure_and_where_from() -> None:
    texts = [path.read_text() for path in Path(unimicro.__file__).parent.glob("*.py")]
    marks = [line.strip().strip('"') for text in texts for line in text.splitlines() if "Fidelity:" in line]
    assert len(marks) > 80
    assert [mark for mark in marks if not MARK.fullmatch(mark)] == []
