"""The cast of every access test: the firm's people, the company's people, and strangers."""

from __future__ import annotations

from kobling.access.models import Assignment, Client, ClientMember, ClientRole, Firm, FirmMember, FirmRole, Person
from kobling.access.policy import Actor

NOBODYS = ("unassigned", "stranger", "other_firm_admin")


def cast(client: Client) -> dict[str, Actor]:
    """People around a client, by role."""
    firm = Firm.objects.create(name="Bogholderiet")
    client.firm = firm
    client.save()
    other = Firm.objects.create(name="Konkurrenten")
    people = {
        name: Person.objects.create_user(username=name)
        for name in (
            "firm_admin",
            "assigned",
            "unassigned",
            "company_admin",
            "company_user",
            "stranger",
            "other_firm_admin",
        )
    }
    FirmMember.objects.create(firm=firm, person=people["firm_admin"], role=FirmRole.ADMIN)
    member = FirmMember.objects.create(firm=firm, person=people["assigned"], role=FirmRole.BOOKKEEPER)
    FirmMember.objects.create(firm=firm, person=people["unassigned"], role=FirmRole.BOOKKEEPER)
    FirmMember.objects.create(firm=other, person=people["other_firm_admin"], role=FirmRole.ADMIN)
    Assignment.objects.create(client=client, member=member)
    ClientMember.objects.create(client=client, person=people["company_admin"], role=ClientRole.ADMIN)
    ClientMember.objects.create(client=client, person=people["company_user"], role=ClientRole.USER)
    return {name: Actor.of(person) for name, person in people.items()} | {"operator": Actor.operator()}
