"""The fictional county of the demonstration, and a way into it for each role."""

from pathlib import Path

from bot.pages.entrance import DemoLink
from cli.tables import read_tables
from routing.code import Code, CodeKind, make_code
from routing.invitations import invite
from routing.people import Role
from routing.ports import UnitOfWork
from routing.roster import apply_roster, read_roster
from routing.station import Deputy
from storage.store import Store

ROSTER = Path(__file__).parent / "demo_county.yaml"
#: Whom a newcomer plays: (station prefix, deputy number, department).
_STATION, _DEPUTY, _DEPARTMENT = "HB", "086", "zhzf"


def prepare_demo(store: Store) -> None:
    """The demo county with its codes, in an empty store; nothing where it stands already. Codes are given to stations
    that are there, hence a transaction later."""
    with store.transaction() as uow:
        load_demo_county(uow)
    with store.transaction() as uow:
        give_codes(uow)


def load_demo_county(uow: UnitOfWork) -> bool:
    """Put the demo county into an empty store. False: there is data already."""
    if uow.directory.stations:
        return False
    apply_roster(uow, read_roster(read_tables(ROSTER)), uow.now)
    return True


def give_codes(uow: UnitOfWork) -> None:
    """A code for each station and deputy that has none."""
    coded = {(code.station_id, code.deputy_id) for code in uow.codes.all() if code.revoked_at is None}
    for station in uow.directory.stations.values():
        if (station.id, None) not in coded:
            uow.codes.add(Code(make_code(), CodeKind.STATION, station.id, uow.now, place=station.address))
    for deputy in uow.directory.deputies.values():
        if (deputy.station_id, deputy.id) not in coded:
            station_of = uow.directory.stations[deputy.station_id]
            uow.codes.add(
                Code(make_code(), CodeKind.DEPUTY, station_of.id, uow.now, deputy_id=deputy.id, place=station_of.name)
            )


def demo_links(uow: UnitOfWork, url: str) -> list[DemoLink]:
    """A citizen's code and a fresh invitation for each role, to be opened in a tab each; none if the store holds
    another county than the demo's."""
    directory = uow.directory
    station = next((s for s in directory.stations.values() if s.prefix == _STATION), None)
    deputy = next((d for d in directory.deputies.values() if station and _is(d, station.id)), None)
    if station is None or deputy is None:
        return []
    code = next(c for c in uow.codes.all() if c.deputy_id == deputy.id and c.revoked_at is None)
    links = [DemoLink("citizen", f"{url}/c/{code.code}")]
    for role, fits in (
        ("deputy", lambda m: m.role is Role.DEPUTY and m.deputy_id == deputy.id),
        ("staff", lambda m: m.role is Role.STAFF and m.station_id == station.id),
        ("officer", lambda m: m.role is Role.OFFICER and m.department == _DEPARTMENT),
        ("integrity", lambda m: m.role is Role.INTEGRITY),
    ):
        member = next((m for m in directory.members.values() if m.active and fits(m)), None)
        if member is not None:
            links.append(DemoLink(role, f"{url}/join/{invite(uow, member).secret}", member.name))
    return links


def _is(deputy: Deputy, station_id: int) -> bool:
    return deputy.station_id == station_id and deputy.number == _DEPUTY
