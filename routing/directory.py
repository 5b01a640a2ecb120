"""Stations, deputies, departments, members, routing rules and named places, held in memory and replaced whole when one
of them changes.

Storage reads a version number with every group of messages and loads a new directory when it rose. The objects in
here are shared: to change one, get it through its repository in the unit of work.
"""

import functools
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from routing.people import Member, Role
from routing.rule import Place, RoutingRule
from routing.station import Department, Deputy, Station


class Directory:
    """Read-only lookup of the people and bodies that cases go to."""

    def __init__(
        self,
        version: int = 0,
        stations: Iterable[Station] = (),
        deputies: Iterable[Deputy] = (),
        departments: Iterable[Department] = (),
        members: Iterable[Member] = (),
        rules: Iterable[RoutingRule] = (),
        places: Iterable[Place] = (),
    ) -> None:
        self.version = version
        self.stations = {station.id: station for station in stations}
        self.deputies = {deputy.id: deputy for deputy in deputies}
        self.departments = {department.code: department for department in departments}
        self.members = {member.id: member for member in members}
        self.rules = tuple(rules)
        self.places = tuple(places)
        self._by_contact: dict[int, list[Member]] = defaultdict(list)
        for member in self.members.values():
            if member.active and member.contact_id is not None:
                self._by_contact[member.contact_id].append(member)

    @functools.cached_property
    def by_skill(self) -> dict[str, list[Deputy]]:
        """The deputies by what they know well, as the roster calls it."""
        skilled: dict[str, list[Deputy]] = defaultdict(list)
        for deputy in self.deputies.values():
            for skill in deputy.skills:
                skilled[skill].append(deputy)
        return dict(skilled)

    def members_of(self, contact_id: int) -> list[Member]:
        """The roles that a contact holds now."""
        return self._by_contact.get(contact_id, [])

    def _bound(self, role: Role) -> list[Member]:
        return [m for m in self.members.values() if m.active and m.role == role and m.contact_id is not None]

    def staff_of(self, station_id: int) -> list[Member]:
        """Staff who can be reached for a station: its own, else those of the nearest station above, else any."""
        staff = self._bound(Role.STAFF)
        at: int | None = station_id
        seen: set[int] = set()
        while at is not None and at not in seen:
            seen.add(at)
            here = [member for member in staff if member.station_id == at]
            if here:
                return here
            station = self.stations.get(at)
            at = station.parent_id if station else None
        return staff

    def chiefs_above(self, station_id: int) -> list[Member]:
        """Whom to call when a station's own staff stay silent: the staff of the stations above it."""
        station = self.stations.get(station_id)
        if station is None or station.parent_id is None:
            return []
        return self.staff_of(station.parent_id)

    def duty_of(self, station_id: int) -> list[Member]:
        """Who is on duty for a station; all its staff when nobody is."""
        staff = self.staff_of(station_id)
        return [member for member in staff if member.on_duty] or staff

    def officers_of(self, department: str) -> list[Member]:
        return [m for m in self._bound(Role.OFFICER) if m.department == department]

    def integrity_officers(self) -> list[Member]:
        return self._bound(Role.INTEGRITY)

    def deputy_member(self, deputy_id: int) -> Member | None:
        """The bound member behind a deputy's profile, if they accepted their invitation."""
        return next((m for m in self._bound(Role.DEPUTY) if m.deputy_id == deputy_id), None)

    def deputies_of(self, station_id: int) -> list[Deputy]:
        return [d for d in self.deputies.values() if d.station_id == station_id and d.status != "left"]

    def serving_deputy(self, deputy_id: int, now: datetime) -> Deputy | None:
        """Who hears for a deputy now: themselves, their substitute while away, nobody once they left."""
        deputy = self.deputies.get(deputy_id)
        if deputy is None or deputy.status == "left":
            return None
        away = deputy.status == "away" and (deputy.away_until is None or now < deputy.away_until)
        if away and deputy.substitute_id is not None:
            substitute = self.deputies.get(deputy.substitute_id)
            if substitute is not None and substitute.status == "active":
                return substitute
        return deputy

    def sees_station(self, member: Member, station_id: int) -> bool:
        """Whether a member's station is `station_id` or above it; members without a station see all."""
        if member.station_id is None:
            return True
        at: int | None = station_id
        seen: set[int] = set()
        while at is not None and at not in seen:
            if at == member.station_id:
                return True
            seen.add(at)
            station = self.stations.get(at)
            at = station.parent_id if station else None
        return False

    def stations_above(self, station_id: int) -> list[int]:
        """A station and those above it, nearest first."""
        chain: list[int] = []
        at: int | None = station_id
        while at is not None and at in self.stations and at not in chain:
            chain.append(at)
            at = self.stations[at].parent_id
        return chain
