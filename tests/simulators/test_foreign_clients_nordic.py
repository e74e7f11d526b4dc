"""Journeys in the shape that public clients of other people have: Dinero, Pleo's old API, vTiger's web services.

Each says which kind of client goes that way; none of their code is here.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from kobling_simulators.wire import from_json
from tests.simulators.dynamics import Answer
from tests.simulators.web import Web, basic, sign_in_to_dinero, web

PDF = b"%PDF-1.4 bilag"
VTIGER = "/webservice.php"
REST = "/restapi/v1/vtiger/default"
HEADER = {"bill_street": "Gade 1", "ship_street": "Gade 1", "hdnTaxType": "group"}


async def every_page(dinero: Web, path: str, **query: Any) -> list[dict[str, Any]]:
    """All rows, until a page holds fewer than it may (a Python client on a package index)."""
    rows: list[dict[str, Any]] = []
    while True:
        told = await dinero.get(path, page=len(rows) // 20, pageSize=20, **query)
        rows += told["Collection"]
        if told["Pagination"]["Result"] < told["Pagination"]["PageSize"]:
            return rows


class TestDinero:
    """The personal integration, by libraries in PHP, JavaScript, C#, Go and Python."""

    async def test_a_php_wrapper_reads_pages_until_one_is_empty(self) -> None:
        async with web("dinero", 45) as dinero:
            await sign_in_to_dinero(dinero, scope="read write")
            guids: list[str] = []
            page = 0
            while rows := (await dinero.get("/contacts", page=page, pageSize=20, deletedOnly="false"))["Collection"]:
                guids += [row["contactGuid"] for row in rows]
                page += 1
            assert len(set(guids)) == len(guids) == len(await every_page(dinero, "/contacts"))
            since = await dinero.get("/contacts", changesSince="2026-11-22")
            assert since["Pagination"]["Page"] == 0

    async def test_a_wrapper_makes_a_customer_with_only_what_its_readme_says(self) -> None:
        async with web("dinero") as dinero:
            await sign_in_to_dinero(dinero)
            made = await dinero.post("/contacts", {"IsPerson": True, "Name": "Test", "CountryKey": "DK"})
            read = await dinero.get(f"/contacts/{made['ContactGuid']}")
            assert (read["Name"], read["IsMember"], read["UseCvr"]) == ("Test", False, False)

    async def test_a_csharp_library_sends_numbers_as_text_and_every_property(self) -> None:
        async with web("dinero") as dinero:
            await sign_in_to_dinero(dinero)
            blank = dict.fromkeys(("ExternalReference", "Email", "VatNumber", "CompanyTypeKey", "MemberNumber"))
            contact = {"Name": "Kunde ApS", "ZipCode": 8000, "CountryKey": "DK", "IsPerson": False, **blank}
            guid = (await dinero.post("/contacts", {**contact, "UseCvr": False, "IsMember": False}))["ContactGuid"]
            assert (await dinero.get(f"/contacts/{guid}"))["ZipCode"] == "8000"
            line = {"ProductGuid": "00000000-0000-0000-0000-000000000000", "Description": "Abonnement"}
            line |= {"BaseAmountValue": 99.95, "AccountNumber": "1000", "Unit": "month", "Quantity": 1.0}
            body = {"ContactGuid": guid, "Date": "2026-11-22", "ProductLines": [{**line, "Discount": 0.0}]}
            made = await dinero.post("/invoices", body)
            booked = await dinero.post(f"/invoices/{made['Guid']}/book", {"TimeStamp": made["TimeStamp"]})
            assert (booked["Number"], booked["TotalExclVat"]) == (1, from_json(b"99.95"))
            ledger = await dinero.post("/ledgerItems/ledgers", [])
            assert ledger == []

    async def test_a_csharp_library_uploads_a_file_under_an_unquoted_name_and_buys_with_it(self) -> None:
        async with web("dinero") as dinero:
            await sign_in_to_dinero(dinero)
            content = (
                b"--b\r\nContent-Disposition: form-data; filename=bilag.pdf\r\nContent-Type: application/pdf\r\n\r\n"
            )
            form = content + PDF + b"\r\n--b--\r\n"
            told = await dinero.send("POST", "/files", form=form, Content_Type='multipart/form-data; boundary="b"')
            guid = told.json["FileGuid"]
            supplier = {"Name": "Grossist", "CountryKey": "DK", "IsPerson": False}
            contact = (await dinero.post("/contacts", supplier))["ContactGuid"]
            body = {"PurchaseType": "credit", "ContactGuid": contact, "PaymentDate": "2026-12-01", "FileGuid": guid}
            body |= {"DepositAccountNumber": 0, "RegionKey": None, "VoucherDate": "2026-11-22"}
            lines = [{"Description": "Varer", "Amount": 250, "AccountNumber": 2000, "VatCode": "I25"}]
            made = await dinero.send("POST", self._at(dinero, "v1.1"), json={**body, "Lines": lines})
            assert made.status == 200, made.body
            place = f"/vouchers/purchase/{made.json['Guid']}"
            booked = await dinero.post(f"{place}/book", {"TimeStamp": made.json["Timestamp"]})
            assert (booked["Status"], booked["VoucherNumber"], booked["FileGuid"]) == ("Booked", 1, guid)

    def _at(self, dinero: Web, version: str) -> str:
        return f"{dinero.running.url}/{version}/{dinero.known['organization_id']}/vouchers/purchase"

    async def test_a_javascript_function_sends_camel_case_and_books_with_what_it_read(self) -> None:
        async with web("dinero") as dinero:
            await sign_in_to_dinero(dinero)
            known = {"name": "Bøgh", "countryKey": "DK", "isPerson": True, "leadSource": "web"}
            contact = (await dinero.post("/contacts", known))["ContactGuid"]
            line = {
                "productGuid": None,
                "description": "Produkt",
                "quantity": 2,
                "accountNumber": 1000,
                "unit": "parts",
            }
            line |= {"discount": 0, "lineType": "Product", "accountName": None, "baseAmountValue": 100}
            body = {"currency": "DKK", "language": "da-DK", "contactGuid": contact, "productLines": [line]}
            made = await dinero.post("/invoices", {**body, "paymentConditionType": "Netto", "comment": ""})
            read = await dinero.get(f"/invoices/{made['Guid']}")
            await dinero.put(f"/invoices/{made['Guid']}", {**read, "comment": "Tak"})
            read = await dinero.get(f"/invoices/{made['Guid']}")
            assert (read["Comment"], read["TotalInclVat"]) == ("Tak", 250)
            booked = await dinero.post(f"/invoices/{made['Guid']}/book", {"timestamp": read["TimeStamp"]})
            payment = {"timestamp": booked["TimeStamp"], "depositAccountNumber": 55010, "description": "Kort"}
            await dinero.post(f"/invoices/{made['Guid']}/payments", {**payment, "amount": 250.0})
            assert (await dinero.get(f"/invoices/{made['Guid']}"))["PaymentStatus"] == "Paid"

    async def test_a_python_tool_keeps_a_draft_with_text_lines_up_to_date(self) -> None:
        async with web("dinero") as dinero:
            await sign_in_to_dinero(dinero)
            guid = (await dinero.post("/contacts", {"Name": "K", "CountryKey": "DK", "IsPerson": False}))["ContactGuid"]
            full = await dinero.get(f"/contacts/{guid}")
            await dinero.put(f"/contacts/{guid}", {**full, "ExternalReference": '{"toggl": 7}'})
            rows = await every_page(dinero, "/contacts", fields="name,contactGuid,ExternalReference")
            assert rows == [{"name": "K", "contactGuid": guid, "ExternalReference": '{"toggl": 7}'}]
            hours = {"Description": "Maj", "AccountNumber": 1000, "Quantity": 1.5, "Unit": "hours"}
            lines = [{"Description": "Timer", "LineType": "Text"}, {**hours, "BaseAmountValue": 800.0}]
            await dinero.post("/invoices", {"ContactGuid": guid, "Currency": "DKK", "ProductLines": lines})
            wanted = {"fields": "Guid,Date,Description", "statusFilter": "Draft"}
            (found,) = await every_page(dinero, "/invoices", queryFilter=f"ContactGuid eq '{guid}'", **wanted)
            invoice = await dinero.get(f"/invoices/{found['Guid']}")
            invoice["ProductLines"].append({"Description": "I alt", "LineType": "Text"})
            place = f"{dinero.running.url}/v1.2/{dinero.known['organization_id']}/invoices/{found['Guid']}"
            assert (await dinero.send("PUT", place, json=invoice)).status == 200
            assert len((await dinero.get(f"/invoices/{found['Guid']}"))["ProductLines"]) == 3

    async def test_a_go_client_reads_instants_with_milliseconds_and_no_zone(self) -> None:
        async with web("dinero") as dinero:
            await sign_in_to_dinero(dinero)
            made = await dinero.post("/contacts", {"Name": "K", "CountryKey": "DK", "IsPerson": False})
            read = await dinero.get(f"/contacts/{made['ContactGuid']}")
            assert (read["CreatedAt"], read["DeletedAt"]) == ("2026-11-22T21:30:00.000", None)


class TestPleo:
    """Scripts of the old API: a token, pages by offset."""

    async def test_a_python_script_reads_all_expenses_with_their_receipts_and_people(self) -> None:
        async with web("pleo", 90) as pleo:
            pleo.headers = {"Authorization": f"Bearer {pleo.known['legacy_token']}", "accept": "application/json"}
            pleo.base = f"{pleo.running.url}/legacy/v1"
            expenses: list[dict[str, Any]] = []
            offset: int | None = 0
            while offset is not None:
                span = {"dateFrom": "2026-01-01T00:00:00.000Z", "dateTo": "2026-12-31T00:00:00.000Z"}
                told = await pleo.get("/expenses", **span, pageSize=40, pageOffset=offset)
                expenses += told["expenses"]
                offset = told["metadata"]["pageInfo"]["nextPageOffset"]
            assert len({each["id"] for each in expenses}) == 90
            people = {each["id"]: each for each in (await pleo.get("/employees/"))["employees"]}
            accounts = {each["id"]: each["name"] for each in (await pleo.get("/accounts/", pageSize=1000))["accounts"]}
            bought = next(each for each in expenses if each["receiptIds"] and each["accountId"] in accounts)
            assert people[bought["employeeId"]]["code"] == bought["employeeCode"]
            (receipt, *_) = (await pleo.get(f"/expenses/{bought['id']}/receipts"))["receipts"]
            assert (await pleo.send("GET", receipt["url"])).status == 200
            assert await pleo.get(f"/expenses/{bought['id']}") == bought

    async def test_a_powershell_script_hires_by_mail_and_then_fills_in_the_person(self) -> None:
        async with web("pleo") as pleo:
            pleo.headers = {"Authorization": f"Bearer {pleo.known['legacy_token']}", "accept": "application/json"}
            pleo.base = f"{pleo.running.url}/legacy/v1"
            made = await pleo.post("/employees", {"email": "ny@proevefirma.example"})
            person = {"firstName": "Ny", "lastName": "Ansat", "jobTitle": "Sælger", "phone": "+4512345678"}
            await pleo.put(f"/employees/{made['id']}", person)
            read = await pleo.get(f"/employees/{made['id']}")
            assert (read["email"], read["firstName"], read["phone"]) == ("ny@proevefirma.example", "Ny", "+4512345678")
            assert (await pleo.send("DELETE", f"/employees/{made['id']}")).status == 200
            assert (await pleo.send("GET", f"/employees/{made['id']}")).status == 404

    async def test_a_python_wrapper_adds_a_tag_by_the_attribute_of_its_group(self) -> None:
        async with web("pleo") as pleo:
            pleo.headers = {"Authorization": f"Bearer {pleo.known['legacy_token']}"}
            pleo.base = f"{pleo.running.url}/legacy/v1"
            await pleo.post("/tag-groups", {"name": "Afdeling"})
            (group,) = await pleo.get("/tag-groups")
            place = f"/tag-groups/{group['id']}/tags"
            values = [{"attributeId": group["attributes"][0]["id"], "value": "Salg"}]
            made = await pleo.post(place, {"attributeValues": values})
            assert await pleo.get(place) == [await pleo.get(f"{place}/{made['id']}")]
            assert made["attributeValues"][0]["value"] == "Salg"
            assert (await pleo.send("DELETE", f"{place}/{made['id']}")).status == 200
            assert await pleo.get(place) == []


class Vtiger:
    """What every web service library does: challenge, md5, one session."""

    def __init__(self, crm: Web) -> None:
        self.crm = crm
        self.session = ""
        self.user = ""

    async def login(self) -> None:
        name, key = self.crm.known["username"], self.crm.known["access_key"]
        token = self._told(await self.crm.send("GET", f"{VTIGER}?operation=getchallenge&username={name}"))["token"]
        form = {"operation": "login", "username": name, "accessKey": hashlib.md5((token + key).encode()).hexdigest()}
        told = self._told(await self.crm.send("POST", VTIGER, form=form))
        self.session, self.user = told["sessionName"], told["userId"]

    async def get(self, operation: str, **given: str) -> Any:
        asked = "".join(f"&{name}={quote(text)}" for name, text in given.items())
        path = f"{self.crm.base}{VTIGER}?operation={operation}&sessionName={self.session}{asked}"
        return self._told(await self.crm.send("GET", path))

    async def post(self, operation: str, **given: Any) -> Any:
        texts = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in given.items()}
        form = {"operation": operation, "sessionName": self.session, **texts}
        return self._told(await self.crm.send("POST", VTIGER, form=form))

    def _told(self, answer: Answer) -> Any:
        assert answer.status == 200
        assert answer.json["success"], answer.body
        return answer.json["result"]


class TestVtiger:
    """webservice.php, and Cloud's REST front."""

    async def test_vtwsclib_finds_by_like_and_updates_the_whole_record(self) -> None:
        async with web("simply_crm", 30) as crm:
            client = Vtiger(crm)
            await client.login()
            assert "Contacts" in (await client.get("listtypes"))["types"]
            element = {"lastname": "O'Neill", "email": "o@example.com", "assigned_user_id": client.user}
            made = await client.post("create", elementType="Contacts", element=element)
            query = "SELECT * FROM Contacts WHERE lastname LIKE 'O''Neill' AND email LIKE 'o@example.com' LIMIT 1;"
            (found,) = await client.get("query", query=query)
            assert found["id"] == made["id"]
            (again,) = await client.get("query", query=f"SELECT id FROM Contacts WHERE id LIKE '{made['id']}';")
            assert again == {"id": made["id"]}
            updated = await client.post("update", elementType="Contacts", element={**found, "phone": "70 00 00 00"})
            assert updated["phone"] == "70 00 00 00"
            assert await client.post("delete", id=made["id"]) == {"status": "successful"}
            assert (await client.post("logout"))["message"] == "successfull"

    async def test_a_node_library_asks_by_an_id_without_quotes_and_pages_by_offset(self) -> None:
        async with web("simply_crm", 240) as crm:
            client = Vtiger(crm)
            await client.login()
            count = int((await client.get("query", query="SELECT COUNT(*) FROM Contacts;"))[0]["count"])
            rows: list[dict[str, Any]] = []
            while page := await client.get("query", query=f"select * from Contacts order by id limit {len(rows)},50;"):
                rows += page
            assert len({row["id"] for row in rows}) == count
            (one,) = await client.get("query", query=f"select * from Contacts where id={rows[0]['id']};")
            assert one["id"] == rows[0]["id"]

    async def test_a_script_makes_an_invoice_with_lines_and_reads_it_back(self) -> None:
        async with web("simply_crm") as crm:
            client = Vtiger(crm)
            await client.login()
            owned = {"assigned_user_id": client.user}
            account = await client.post("create", elementType="Accounts", element={"accountname": "Kunde", **owned})
            product = await client.post("create", elementType="Products", element={"productname": "Vare", **owned})
            line = {"productid": product["id"], "quantity": "2", "listprice": "100", "tax1": "25"}
            header = {"subject": "Faktura", "account_id": account["id"], "productid": product["id"], **HEADER, **owned}
            made = await client.post("create", elementType="Invoice", element={**header, "LineItems": [line]})
            read = await client.get("retrieve", id=made["id"])
            assert read["hdnGrandTotal"] == "250.00000000"
            (kept,) = await client.get("query", query=f"select * from LineItem where parent_id='{made['id']}';")
            assert (kept["productid"], kept["quantity"]) == (product["id"], "2.000")

    async def test_vtigers_own_python_client_works_by_basic_and_forms(self) -> None:
        async with web("simply_crm") as crm:
            crm.headers = {"Authorization": basic(crm.known["username"], crm.known["access_key"])}
            crm.base = f"{crm.running.url}{REST}"
            me = (await crm.get("/me"))["result"]
            assert (me["id"], me["email1"], me["time_zone"]) == ("19x1", "admin@proevefirma.example", "UTC")
            assert "accesskey" not in me
            assert (await crm.get("/listtypes", fieldTypeList="null"))["result"]["types"]
            element = json.dumps({"accountname": "Ab & C", "assigned_user_id": me["id"]})
            form = {"elementType": "Accounts", "element": element}
            made = (await crm.send("POST", "/create", form=form)).json["result"]
            revised = json.dumps({"id": made["id"], "phone": "1"})
            answer = await crm.send("POST", "/revise", form={"element": revised})
            assert answer.json["result"]["phone"] == "1"
            assert int(answer.headers["X-FloodControl-Remaining"]) > 5
            rows = await crm.get("/query", query="select accountname from Accounts where phone='1';")
            assert rows["result"] == [{"accountname": "Ab & C", "id": made["id"]}]
            tags = {"id": made["id"], "tags": '["vip"]'}
            assert (await crm.send("POST", "/tags_add", form=tags)).status == 200
            assert (await crm.send("POST", "/tags_retrieve", form=tags)).json["result"] == {"tags": ["vip"]}
            assert (await crm.send("POST", "/tags_delete", form={**tags, "delete_all": "1"})).status == 200
            assert (await crm.send("POST", "/tags_retrieve", form=tags)).json["result"] == {"tags": []}
            assert (await crm.send("POST", "/delete", form={"id": made["id"]})).status == 200
            gone = await crm.send("GET", f"/retrieve?id={made['id']}")
            assert (gone.status, gone.json["error"]["code"]) == (400, "ACCESS_DENIED")

    @pytest.mark.parametrize("way", ["address", "json"])
    async def test_other_rest_clients_write_by_the_address_or_by_json(self, way: str) -> None:
        async with web("simply_crm") as crm:
            crm.headers = {"Authorization": basic(crm.known["username"], crm.known["access_key"])}
            crm.base = f"{crm.running.url}{REST}"
            element = {"lastname": "Ås", "assigned_user_id": "19x1"}
            if way == "json":
                made = await crm.post("/create", {"elementType": "Contacts", "element": element})
            else:
                made = await crm.get("/create", elementType="Contacts", element=json.dumps(element))
            assert (await crm.get("/retrieve", id=made["result"]["id"]))["result"]["lastname"] == "Ås"

    async def test_relations_are_made_and_unmade_by_rest(self) -> None:
        async with web("simply_crm") as crm:
            crm.headers = {"Authorization": basic(crm.known["username"], crm.known["access_key"])}
            crm.base = f"{crm.running.url}{REST}"
            account = (await self._make(crm, "Accounts", accountname="A"))["id"]
            product = (await self._make(crm, "Products", productname="P"))["id"]
            both = {"sourceRecordId": account, "relatedRecordId": product, "relationIdLabel": "Products"}
            assert (await crm.send("POST", "/add_related", form=both)).status == 200
            asked = {"id": account, "relatedType": "Products", "relatedLabel": "Products"}
            assert [row["id"] for row in (await crm.get("/retrieve_related", **asked))["result"]] == [product]
            assert (await crm.send("POST", "/delete_related", form=both)).status == 200
            assert (await crm.get("/retrieve_related", **asked))["result"] == []
            assert (await crm.send("POST", "/delete_related", form=both)).status == 400

    async def _make(self, crm: Web, module: str, **element: str) -> Any:
        body = {"elementType": module, "element": {**element, "assigned_user_id": "19x1"}}
        return (await crm.post("/create", body))["result"]

    async def test_rest_needs_the_access_key_and_can_be_missing(self) -> None:
        async with web("simply_crm") as crm:
            crm.base = f"{crm.running.url}{REST}"
            wrong = basic(crm.known["username"], "nej")
            assert (await crm.send("GET", "/me", Authorization=wrong)).status == 401
            assert (await crm.send("GET", "/me")).status == 401
            right = basic(crm.known["username"], crm.known["access_key"])
            unknown = await crm.send("GET", "/convertlead", Authorization=right)
            assert (unknown.status, unknown.json["error"]["code"]) == (400, "OPERATION_NOT_SUPPORTED")
            await crm.config(rest_front=False)
            assert (await crm.send("GET", "/me", Authorization=right)).status == 404

    async def test_a_document_can_be_posted_as_multipart(self) -> None:
        async with web("simply_crm") as crm:
            client = Vtiger(crm)
            await client.login()
            form = aiohttp.FormData()
            element = json.dumps({"lastname": "Multipart", "assigned_user_id": client.user})
            given = {
                "operation": "create",
                "sessionName": client.session,
                "elementType": "Contacts",
                "element": element,
            }
            for name, text in given.items():
                form.add_field(name, text)
            form.add_field("filename", PDF, filename="a.pdf", content_type="application/pdf")
            answer = await crm.send("POST", VTIGER, form=form)
            assert answer.json["result"]["lastname"] == "Multipart"
