"""Until a client is active its firm knows that it comes, and nothing of what it holds; archived it is nobody's."""

from __future__ import annotations

import pytest

from kobling.access.models import Client, Stage
from kobling.access.policy import (
    MAY,
    STAGES,
    WAY_MAY,
    Doing,
    NotFound,
    Role,
    Way,
    clients_of,
    counted_on_the_way,
    known_to,
    may,
    on_the_way,
    require_known,
)
from kobling.hub.services import clients
from tests.services.cast import NOBODYS, cast

pytestmark = pytest.mark.django_db
ROLES = {each.value: each for each in Role}
ON_THE_WAY = [stage for way in (Way.INVITES, Way.ONBOARDING) for stage in STAGES[way]]


@pytest.fixture
def client() -> Client:
    return Client.objects.create(name="Bageren")


def put(client: Client, stage: Stage) -> None:
    client.stage = stage
    client.save()


@pytest.mark.parametrize("stage", [*ON_THE_WAY, Stage.ACTIVE])
@pytest.mark.parametrize("role", ["firm_admin", "assigned", "company_admin", "company_user"])
def test_what_a_role_may_begins_for_the_firm_when_the_client_is_active(client: Client, stage: Stage, role: str) -> None:
    who = cast(client)[role]
    put(client, stage)
    of_the_firm = role in ("firm_admin", "assigned")
    wanted = frozenset() if of_the_firm and stage is not Stage.ACTIVE else MAY[ROLES[role]]
    assert {doing for doing in Doing if may(who, doing, client)} == wanted


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("way", list(Way))
@pytest.mark.parametrize("role", [*ROLES, *NOBODYS])
def test_that_a_client_comes_is_known_to_those_whom_the_table_names(
    client: Client, stage: Stage, way: Way, role: str
) -> None:
    who = cast(client)[role]
    put(client, stage)
    wanted = stage in STAGES[way] and role in ROLES and way in WAY_MAY[ROLES[role]]
    assert on_the_way(who, way).filter(pk=client.pk).exists() is wanted
    assert counted_on_the_way(who)[way] == on_the_way(who, way).count()


@pytest.mark.parametrize("role", [*ROLES, "operator", *NOBODYS])
def test_an_archived_client_is_nobodys(client: Client, role: str) -> None:
    who = cast(client)[role]
    put(client, Stage.ARCHIVED)
    assert not clients_of(who).filter(pk=client.pk).exists()
    assert not any(may(who, doing, client) for doing in Doing)
    assert known_to(who).filter(pk=client.pk).exists() is (role in ("operator", "firm_admin"))


@pytest.mark.parametrize("stage", list(Stage))
@pytest.mark.parametrize("role", NOBODYS)
def test_who_may_nothing_knows_of_no_client_wherever_it_stands(client: Client, stage: Stage, role: str) -> None:
    who = cast(client)[role]
    put(client, stage)
    assert not known_to(who).filter(pk=client.pk).exists()
    with pytest.raises(NotFound):
        require_known(who, client)


def test_acting_for_one_client_narrows_the_way_too(client: Client) -> None:
    other = Client.objects.create(name="Smeden", stage=Stage.INVITED)
    admin = cast(client)["firm_admin"]
    other.firm = client.firm
    other.save()
    assert list(on_the_way(admin, Way.INVITES)) == [other]
    assert not on_the_way(admin.within(client), Way.INVITES).exists()


def test_the_operator_sees_who_comes_and_lists_no_archived(client: Client) -> None:
    operator = cast(client)["operator"]
    put(client, Stage.VERIFICATION)
    assert client in clients.listed(operator)
    put(client, Stage.ARCHIVED)
    assert client not in clients.listed(operator)
