"""Putting a checked roster into the store: all or nothing, and a second time changes nothing.

Rows are recognised by what people call them: a station by its prefix, a deputy by station and number, a department
by its code, an officer by department and name, staff by station, name and role, a place by its name, a rule by its
number. What the file doesn't name stays.
Somebody whose role was taken away stays without it: a file must not undo that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.people import Member, Role
from routing.ports import UnitOfWork
from routing.roster_read import Entry, Roster, read_roster
from routing.roster_references import Known, check_references
from routing.roster_routing import note_rule, place_of, rule_of
from routing.roster_sheets import BY_KEY, Problem, RosterInvalid
from routing.station import Department, Deputy, Station

__all__ = ["Change", "Problem", "Roster", "RosterInvalid", "Summary", "apply_roster", "read_roster"]


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one row: `outcome` is added, changed or unchanged; `fields` names the columns that changed."""

    sheet: str
    row: int
    name: str
    outcome: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What an import did (or would do), row by row in the order of the sheets."""

    changes: tuple[Change, ...]

    @property
    def added(self) -> int:
        return self._count("added")

    @property
    def changed(self) -> int:
        return self._count("changed")

    @property
    def unchanged(self) -> int:
        return self._count("unchanged")

    def _count(self, outcome: str) -> int:
        return sum(1 for change in self.changes if change.outcome == outcome)


def apply_roster(uow: UnitOfWork, roster: Roster, now: datetime) -> Summary:
    """Add and change what `roster` says. Raises `RosterInvalid`, before anything is touched, where a row refers to
    what is neither in the file nor in the store."""
    known = Known(uow.directory)
    check_references(roster, known)
    return Summary(tuple(_Importer(uow, known, now).run(roster)))


class _Importer:
    def __init__(self, uow: UnitOfWork, known: Known, now: datetime) -> None:
        self._uow, self._known, self._now = uow, known, now
        self._changes: list[Change] = []

    def run(self, roster: Roster) -> list[Change]:
        # Ids first, references second: a row may refer to one that comes later.
        for entry in roster["stations"]:
            self._station_id(entry)
        for entry in roster["stations"]:
            self._station(entry)
        for entry in roster["deputies"]:
            self._deputy_id(entry)
        for entry in roster["deputies"]:
            self._deputy(entry)
        for entry in roster["departments"]:
            self._department(entry)
        for entry in roster["officers"]:
            department = entry.text("department")
            name = self._known.department_name(department) or department
            self._member("officers", entry, Role.OFFICER, f"{name} {entry.text('name')}", department=department)
        for entry in roster["staff"]:
            station = self._known.stations.get(entry.text("station"))
            self._member("staff", entry, Role(entry.text("role")), entry.text("name"), station_id=station)
        places = {place.name: place.id for place in self._uow.directory.places}
        for entry in roster["places"]:
            place, added, wanted = place_of(self._uow, entry, self._known.stations, places)
            self._settle("places", entry, entry.text("name"), place, wanted, added=added)
        for entry in roster["rules"]:
            rule, added, wanted = rule_of(self._uow, entry, self._known.stations, self._now)
            if self._settle("rules", entry, entry.text("number"), rule, wanted, added=added) != "unchanged":
                note_rule(self._uow, rule, added=added)
        return self._changes

    def _station_id(self, entry: Entry) -> None:
        prefix = entry.text("prefix")
        if prefix not in self._known.stations:
            station = Station(prefix, entry.text("name"))
            self._uow.stations.add(station)
            self._known.add_station(station)

    def _station(self, entry: Entry) -> None:
        prefix = entry.text("prefix")
        wanted: dict[str, Any] = dict(entry.values)
        if "parent" in wanted:
            wanted["parent_id"] = self._known.stations.get(wanted.pop("parent"))
        station_id = self._known.stations[prefix]
        added = station_id in self._known.new_stations
        station = self._known.new_stations.get(station_id) or self._uow.stations.get(station_id)
        self._settle("stations", entry, f"{prefix} {entry.text('name')}", station, wanted, added=added)

    def _deputy_id(self, entry: Entry) -> None:
        key = (self._known.stations[entry.text("station")], entry.text("number"))
        if key not in self._known.deputies:
            deputy = Deputy(key[0], key[1], entry.text("name"))
            self._uow.stations.add_deputy(deputy)
            self._known.add_deputy(deputy)

    def _deputy(self, entry: Entry) -> None:
        station_id, number = self._known.stations[entry.text("station")], entry.text("number")
        wanted: dict[str, Any] = {name: value for name, value in entry.values.items() if name != "station"}
        if "substitute" in wanted:
            substitute = self._known.substitute(station_id, wanted.pop("substitute"))
            wanted["substitute_id"] = substitute
        deputy_id = self._known.deputies[station_id, number]
        added = deputy_id in self._known.new_deputies
        deputy = self._known.new_deputies.get(deputy_id) or self._uow.stations.deputy(deputy_id)
        if deputy is None:
            raise LookupError(f"deputy {deputy_id} is in the directory and not in the store")
        had_left = deputy.status == "left"
        self._settle("deputies", entry, f"{number} {entry.text('name')}", deputy, wanted, added=added)
        self._deputy_member(deputy, came_back=had_left)

    def _deputy_member(self, deputy: Deputy, *, came_back: bool) -> None:
        """Keep the role that an invitation binds to a person. It ends when the deputy leaves; under a new name the
        number may be another person's, who must be invited anew."""
        all_known = self._known.deputy_members.get(deputy.id, [])
        current = next((member for member in all_known if member.active), None)
        if current is not None:
            if deputy.status != "left" and current.name == deputy.name:
                return
            member = self._uow.members.get(current.id)
            if member is not None and deputy.status != "left" and member.contact_id is None:
                member.name = deputy.name
                return
            if member is not None:
                member.active = False
        if deputy.status != "left" and (current is not None or came_back or not all_known):
            fresh = Member(Role.DEPUTY, deputy.name, self._now, station_id=deputy.station_id, deputy_id=deputy.id)
            self._uow.members.add(fresh)

    def _department(self, entry: Entry) -> None:
        code = entry.text("code")
        department = self._uow.stations.department(code)
        added = department is None
        if department is None:
            department = Department(code, entry.text("name"))
            self._uow.stations.add_department(department)
        wanted = dict(entry.values)
        # A court or procurator's office only ever gets told about, never assigned to.
        if wanted.get("kind") == "judicial":
            wanted["refer_only"] = True
        self._settle("departments", entry, f"{code} {entry.text('name')}", department, wanted, added=added)

    def _member(self, sheet: str, entry: Entry, role: Role, shown: str, **place: Any) -> None:
        key = (role, entry.text("name"), place.get("station_id"), place.get("department"))
        added = key not in self._known.members
        if added:
            member = Member(role, entry.text("name"), self._now, **place)
            self._uow.members.add(member)
            self._known.members[key] = member
        self._changes.append(Change(sheet, entry.row, shown, "added" if added else "unchanged"))

    def _settle(self, sheet: str, entry: Entry, name: str, row: Any, wanted: Mapping[str, Any], *, added: bool) -> str:
        """Set what differs and return what happened; a row that is right already is not touched, so that it isn't
        written."""
        differing = tuple(field for field, value in wanted.items() if getattr(row, field) != value)
        for field in differing:
            value = wanted[field]
            setattr(row, field, list(value) if isinstance(value, list) else value)
        outcome = "added" if added else "changed" if differing else "unchanged"
        columns = {column.key for column in BY_KEY[sheet].columns}
        fields = tuple(f if f in columns else f.removesuffix("_id") for f in differing) if outcome == "changed" else ()
        self._changes.append(Change(sheet, entry.row, name, outcome, fields))
        return outcome
