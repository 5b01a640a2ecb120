"""What the rows of a roster refer to: stations above, substitutes, departments. In the file or in the store."""

from collections.abc import Iterator

from routing.directory import Directory
from routing.people import Member, Role
from routing.roster_read import Entry, Roster
from routing.roster_routing import check_routing
from routing.roster_sheets import Problem, RosterInvalid
from routing.station import Deputy, Station

MemberKey = tuple[Role, str, int | None, str | None]


class Known:
    """The store's people and bodies by what a file calls them, and those that this import added."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.stations = {station.prefix: station.id for station in directory.stations.values()}
        self.deputies = {(d.station_id, d.number): d.id for d in directory.deputies.values()}
        self.members: dict[MemberKey, Member] = {}
        self.deputy_members: dict[int, list[Member]] = {}
        for member in directory.members.values():
            self.members[member.role, member.name, member.station_id, member.department] = member
            if member.role is Role.DEPUTY and member.deputy_id is not None:
                self.deputy_members.setdefault(member.deputy_id, []).append(member)
        #: What this import added, by id.
        self.new_stations: dict[int, Station] = {}
        self.new_deputies: dict[int, Deputy] = {}

    def add_station(self, station: Station) -> None:
        self.stations[station.prefix] = station.id
        self.new_stations[station.id] = station

    def add_deputy(self, deputy: Deputy) -> None:
        self.deputies[deputy.station_id, deputy.number] = deputy.id
        self.new_deputies[deputy.id] = deputy

    def department_name(self, code: str) -> str | None:
        department = self.directory.departments.get(code)
        return department.name if department else None

    def substitute(self, station_id: int, number: object) -> int | None:
        """A deputy of the same station, else the only one anywhere with that number."""
        if not isinstance(number, str):
            return None
        if (own := self.deputies.get((station_id, number))) is not None:
            return own
        elsewhere = [deputy_id for (_, other), deputy_id in self.deputies.items() if other == number]
        return elsewhere[0] if len(elsewhere) == 1 else None


def check_references(roster: Roster, known: Known) -> None:
    """Raises `RosterInvalid` with every reference that leads nowhere and every station above itself."""
    problems = [*_stations(roster, known), *_deputies(roster, known), *_members(roster, known)]
    problems += check_routing(roster, known.directory)
    if problems:
        raise RosterInvalid(problems)


def _prefixes(roster: Roster, known: Known) -> set[str]:
    return {*known.stations, *(entry.text("prefix") for entry in roster["stations"])}


def _stations(roster: Roster, known: Known) -> Iterator[Problem]:
    prefixes = _prefixes(roster, known)
    above = {
        station.prefix: known.directory.stations[station.parent_id].prefix
        for station in known.directory.stations.values()
        if station.parent_id in known.directory.stations
    }
    for entry in roster["stations"]:
        if "parent" in entry.values:
            above[entry.text("prefix")] = entry.text("parent")
    for entry in roster["stations"]:
        if (parent := entry.text("parent")) and parent not in prefixes:
            yield _nowhere("stations", entry, "parent", "roster.no_station")
        elif _circles(entry.text("prefix"), above):
            yield Problem("roster.circle", "stations", entry.row, "parent", {"value": entry.text("prefix")})


def _circles(prefix: str, above: dict[str, str]) -> bool:
    seen, at = {prefix}, above.get(prefix)
    while at:
        if at == prefix:
            return True
        if at in seen:
            return False
        seen.add(at)
        at = above.get(at)
    return False


def _deputies(roster: Roster, known: Known) -> Iterator[Problem]:
    prefixes = _prefixes(roster, known)
    by_id = {station_id: prefix for prefix, station_id in known.stations.items()}
    homes: dict[str, set[str]] = {}
    for station_id, number in known.deputies:
        homes.setdefault(number, set()).add(by_id.get(station_id, ""))
    for entry in roster["deputies"]:
        homes.setdefault(entry.text("number"), set()).add(entry.text("station"))
    for entry in roster["deputies"]:
        if entry.text("station") not in prefixes:
            yield _nowhere("deputies", entry, "station", "roster.no_station")
        substitute = entry.text("substitute")
        if not substitute or entry.text("station") in homes.get(substitute, set()):
            continue
        if substitute not in homes:
            yield _nowhere("deputies", entry, "substitute", "roster.no_deputy")
        elif len(homes[substitute]) > 1:
            yield _nowhere("deputies", entry, "substitute", "roster.which_deputy")


def _members(roster: Roster, known: Known) -> Iterator[Problem]:
    codes = {*known.directory.departments, *(entry.text("code") for entry in roster["departments"])}
    for entry in roster["officers"]:
        if entry.text("department") not in codes:
            yield _nowhere("officers", entry, "department", "roster.no_department")
    prefixes = _prefixes(roster, known)
    for entry in roster["staff"]:
        if (station := entry.text("station")) and station not in prefixes:
            yield _nowhere("staff", entry, "station", "roster.no_station")


def _nowhere(sheet: str, entry: Entry, column: str, key: str) -> Problem:
    return Problem(key, sheet, entry.row, column, {"value": entry.text(column)})
