"""Stations, deputies and departments."""

from routing.station import Department, Deputy, Station
from storage.work import Work


class Stations:
    """`routing.repositories.StationRepository`."""

    def __init__(self, work: Work) -> None:
        self._stations = work.map(work.tables.stations)
        self._deputies = work.map(work.tables.deputies)
        self._departments = work.map(work.tables.departments)

    def get(self, station_id: int) -> Station | None:
        return self._stations.get(station_id)

    def add(self, station: Station) -> None:
        self._stations.add(station)

    def deputy(self, deputy_id: int) -> Deputy | None:
        return self._deputies.get(deputy_id)

    def add_deputy(self, deputy: Deputy) -> None:
        self._deputies.add(deputy)

    def department(self, code: str) -> Department | None:
        return self._departments.get(code)

    def add_department(self, department: Department) -> None:
        self._departments.add(department)
