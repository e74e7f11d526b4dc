"""The cast of every access test: the firm's people, the company's people, and all who may nothing."""

from __future__ import annotations

from kobling.access.actors import SCHEDULE
from kobling.access.models import Assignment, Client, ClientMember, ClientRole, Firm, FirmMember, FirmRole, Person
from kobling.access.policy import Actor

NOBODYS = (
    "unassigned",
    "stranger",
    "other_firm_admin",
    "left_behind",
    "in_two_firms",
    "superuser",
    "inactive_firm_admin",
    "inactive_assigned",
    "inactive_company_admin",
    "deleted",
    "never_saved",
    "schedule",
    "operator_for_another",
)


def cast(client: Client) -> dict[str, Actor]:
    """People around a client, by role."""
    firm = Firm.objects.create(name="Bogholderiet")
    client.firm = firm
    client.save()
    other = Firm.objects.create(name="Konkurrenten")
    people: dict[str, Person] = {}

    def person(name: str, **more: bool) -> Person:
        people[name] = Person.objects.create_user(username=name, email=f"{name}@people.example", **more)
        return people[name]

    def works(name: str, firm: Firm, role: FirmRole, *, assigned: bool = False, **more: bool) -> None:
        who = people.get(name) or person(name, **more)
        member = FirmMember.objects.create(firm=firm, person=who, role=role)
        if assigned:
            Assignment.objects.create(client=client, member=member)

    works("firm_admin", firm, FirmRole.ADMIN)
    works("assigned", firm, FirmRole.BOOKKEEPER, assigned=True)
    works("unassigned", firm, FirmRole.BOOKKEEPER)
    works("other_firm_admin", other, FirmRole.ADMIN)
    works("left_behind", other, FirmRole.BOOKKEEPER, assigned=True)
    works("in_two_firms", firm, FirmRole.BOOKKEEPER)
    works("in_two_firms", other, FirmRole.BOOKKEEPER, assigned=True)
    works("inactive_firm_admin", firm, FirmRole.ADMIN, is_active=False)
    works("inactive_assigned", firm, FirmRole.BOOKKEEPER, assigned=True, is_active=False)
    ClientMember.objects.create(client=client, person=person("company_admin"), role=ClientRole.ADMIN)
    ClientMember.objects.create(client=client, person=person("company_user"), role=ClientRole.USER)
    gone = person("inactive_company_admin", is_active=False)
    ClientMember.objects.create(client=client, person=gone, role=ClientRole.ADMIN)
    person("stranger")
    person("superuser", is_superuser=True, is_staff=True)
    return {name: Actor.of(each) for name, each in people.items()} | _others(other)


def _others(other: Firm) -> dict[str, Actor]:
    """Who is no person that signs in, or no longer, and the operator, of all and of one other client."""
    deleted = Person.objects.create_user(username="deleted")
    deleted.delete()
    another = Client.objects.create(name="Nabo ApS", number="99", firm=other)
    return {
        "deleted": Actor.of(deleted),
        "never_saved": Actor.of(Person(username="never_saved")),
        "schedule": SCHEDULE,
        "operator": Actor.operator(),
        "operator_for_another": Actor.operator().within(another),
    }
