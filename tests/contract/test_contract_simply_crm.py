"""Simply CRM keeps the contract, module by module, against its simulator."""

import pytest

from kobling.connectors.simply_crm.connector import CONNECTOR
from kobling.sdk.conformance import ConnectorContract, Subject, simulator_rig
from kobling_simulators import start

ABOUT = "Kunde siden 1987, kører gerne selv og vil have faktura på mail hver måned, nr. {}"


def subject(name, sample, change, clear, refused, field, **more):
    return Subject(
        resource=name,
        sample=sample,
        change=change,
        clear=clear,
        text="description",
        page=100,
        entity=name,
        reading=f"query {name}",
        creating=f"create {name}",
        refused=refused,
        refused_field=field,
        **more,
    )


def account(n):
    return {"accountname": f"Kunde {n} ApS", "phone": f"+45 {n:08}", "description": ABOUT.format(n)}


def contact(n):
    return {"lastname": f"Bøgh {n}", "firstname": "Åse", "phone": f"{n:08}", "description": ABOUT.format(n)}


def product(n):
    name, price = f"Vare {n}", f"{n}.50"
    return {"productname": name, "productcode": f"V-{n}", "unit_price": price, "description": ABOUT.format(n)}


def service(n):
    return {"servicename": f"Ydelse {n}", "website": "example.dk", "unit_price": "900", "description": ABOUT.format(n)}


SUBJECTS = [
    subject("Accounts", account, {"bill_city": "Århus C"}, "phone", {"accountname": ""}, "accountname"),
    subject("Contacts", contact, {"mailingcity": "Århus C"}, "phone", {"lastname": ""}, "lastname"),
    subject("Products", product, {"productcode": "R-100"}, "productcode", {"productname": ""}, "productname"),
    subject("Services", service, {"website": "bogh.example"}, "website", {"servicename": ""}, "servicename"),
]


def invoices(running):
    """Invoices need a customer and a product that exist."""
    customer, item = (running.simulator.dump(entity)[0]["id"] for entity in ("Accounts", "Products"))

    def invoice(n):
        lines = [{"productid": item, "quantity": "2", "listprice": f"{n}.50", "comment": f"Linje {n}"}] * 2
        header = {"subject": f"Faktura {n}", "account_id": customer, "vtiger_purchaseorder": f"PO-{n}"}
        streets = {"bill_street": "Nørregade 1", "ship_street": "Nørregade 1"}
        return {**header, **streets, "description": ABOUT.format(n), "LineItems": lines}

    change = {"invoicestatus": "Sent"}
    refused = {"account_id": item}
    return subject(
        "Invoice", invoice, change, "vtiger_purchaseorder", refused, "account_id", by_hand={"productid": item}
    )


def settings(running):
    return {
        "base_url": running.url,
        "username": running.credentials["username"],
        "access_key": running.credentials["access_key"],
    }


@pytest.mark.story
class TestSimplyCrm(ConnectorContract):
    @pytest.fixture(params=[*SUBJECTS, invoices], ids=[*(each.resource for each in SUBJECTS), "Invoice"])
    async def rig(self, request):
        running = await start("simply_crm", records=3)
        chosen = request.param(running) if callable(request.param) else request.param
        async with simulator_rig(CONNECTOR, settings(running), running.control_url, chosen) as rig:
            yield rig
        await running.stop()
