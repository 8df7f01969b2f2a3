"""A broadcast to many is approved by somebody else than who wrote it, however its audience came to be so large."""

from tests.builders import Shop
from tests.messaging.broadcasts.shows import ANNA, BORIS, MACHINE, do, draft, look, progress, setting, wanted, work
from tests.messaging.news import NOW, readers
from verno.kit import db
from verno.messaging.broadcasts import service
from verno.messaging.broadcasts.types import Broadcast, BroadcastRefusal, BroadcastState, Done, Refused, Result, Warned
from verno.workspace import audit, settings
from verno.workspace.audit import Actor

OVER = "broadcasts.second_person_over"


def approve(shop: Shop, held: Broadcast, *, by: Actor, version: int = 1) -> Result:
    with db.transaction(shop.program.id) as conn:
        return service.approve(conn, shop.program.id, held.id, version=version, by=by, now=NOW)


def lacking(count: int, limit: int) -> Refused:
    return Refused(BroadcastRefusal.SECOND_PERSON, f"{count}/{limit}")


def test_its_author_approves_a_small_one_alone(shop: Shop) -> None:
    readers(shop, 3)
    setting(shop, OVER, 3)
    held = draft(shop)
    assert isinstance(approve(shop, held, by=ANNA), Done)
    assert isinstance(do("launch", shop, held), Done)
    work()
    assert progress(shop, held).by_state == {"planned": 3}


def test_a_large_one_takes_somebody_else(shop: Shop) -> None:
    readers(shop, 3)
    setting(shop, OVER, 2)
    held = draft(shop)
    assert approve(shop, held, by=ANNA) == lacking(3, 2)
    assert look(shop, held).approved_by is None
    assert isinstance(approve(shop, held, by=BORIS), Done)
    assert isinstance(do("launch", shop, held), Done)
    work()
    assert look(shop, held).state is BroadcastState.RUNNING


def test_who_changed_it_last_is_its_author(shop: Shop) -> None:
    readers(shop, 3)
    setting(shop, OVER, 2)
    held = draft(shop)
    with db.transaction(shop.program.id) as conn:
        service.edit(conn, shop.program.id, held.id, wanted(name="Winter"), based_on=1, by=BORIS, now=NOW)
    assert approve(shop, held, by=BORIS, version=2) == lacking(3, 2)
    assert isinstance(approve(shop, held, by=ANNA, version=2), Done)


def test_a_draft_of_a_machine_has_another_author_already(shop: Shop) -> None:
    readers(shop, 3)
    setting(shop, OVER, 0)
    with db.transaction(shop.program.id) as conn:
        (made,) = service.create(conn, shop.program.id, [wanted()], by=MACHINE, now=NOW)
    assert isinstance(made, Done)
    assert isinstance(approve(shop, made.broadcast, by=ANNA), Done)


def test_who_works_alone_switches_it_off(shop: Shop) -> None:
    readers(shop, 3)
    setting(shop, OVER, 0)
    held = draft(shop)
    assert approve(shop, held, by=ANNA) == lacking(3, 0)
    with db.transaction(shop.program.id) as conn:
        settings.write_all(conn, shop.program.id, {OVER: "none"}, now=NOW, in_words=True)
    assert isinstance(approve(shop, held, by=ANNA), Done)


def test_an_audience_that_grows_is_asked_for_again(shop: Shop) -> None:
    """At the launch, and when it is frozen: then it waits for somebody else to let it go on."""
    readers(shop, 2)
    setting(shop, OVER, 2)
    held, other = draft(shop), draft(shop, name="Winter")
    for one in (held, other):
        assert isinstance(approve(shop, one, by=ANNA), Done)
    assert isinstance(do("launch", shop, held), Done)
    readers(shop, 1, start=10)
    assert do("launch", shop, other) == lacking(3, 2)
    work()
    told = look(shop, held)
    assert (told.state, told.reason, told.audience) == (BroadcastState.PAUSED, Warned.SECOND_PERSON, 3)
    assert progress(shop, held).by_state == {"waiting": 3}
    assert do("resume", shop, held, by=ANNA) == lacking(3, 2)
    assert isinstance(do("resume", shop, held, by=BORIS), Done)
    work()
    assert progress(shop, held).by_state == {"planned": 3}
    with db.transaction(shop.program.id) as conn:
        acts = [one for one in audit.page(conn, shop.program.id, limit=20) if one.action == "broadcast.resume"]
    assert [(one.actor_id, one.detail) for one in acts] == [("boris", "needs-a-second-person")]
