"""Which rules hold for which entity: what is checked before a graph is written, and what is done after."""

from __future__ import annotations

from collections.abc import Mapping

from kobling_simulators.unimicro.custom_fields import check_custom_field
from kobling_simulators.unimicro.eventplans import check_eventplan, check_subscriber
from kobling_simulators.unimicro.graphs import Rule
from kobling_simulators.unimicro.invoices import check_invoice, finish_invoice
from kobling_simulators.unimicro.masterdata import (
    check_customer,
    check_department,
    check_named,
    check_phone,
    check_product,
    check_project,
    check_relation,
    finish_customer,
    finish_product,
    finish_project,
    nothing,
)

RULES: Mapping[str, tuple[Rule, Rule]] = {
    "Customer": (check_customer, finish_customer),
    "BusinessRelation": (check_relation, nothing),
    "Phone": (check_phone, nothing),
    "Product": (check_product, finish_product),
    "Project": (check_project, finish_project),
    "Department": (check_department, nothing),
    "Terms": (check_named, nothing),
    "CustomField": (check_custom_field, nothing),
    "Eventplan": (check_eventplan, nothing),
    "EventSubscriber": (check_subscriber, nothing),
    "CustomerInvoice": (check_invoice, finish_invoice),
}
