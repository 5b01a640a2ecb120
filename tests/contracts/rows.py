"""Rows that the contract tests start from."""

from dataclasses import dataclass

from routing.case import Case, CaseState
from routing.notice import Notice, Priority
from routing.people import Address, Contact
from routing.ports import UnitOfWork
from routing.station import Station


@dataclass
class Somebody:
    station: Station
    contact: Contact
    address: Address

    @property
    def address_key(self) -> tuple[str, str, str]:
        return self.address.channel, self.address.account, self.address.user_id


def somebody(unit: UnitOfWork, user_id: str = "u1", station: Station | None = None) -> Somebody:
    """A person who chats with a station."""
    if station is None:
        station = Station("HP", "和平站")
        unit.stations.add(station)
    contact = Contact(unit.now)
    unit.contacts.add(contact)
    address = Address(contact.id, "webchat", "citizen", user_id, unit.now)
    unit.contacts.add_address(address)
    return Somebody(station, contact, address)


def case_of(unit: UnitOfWork, who: Somebody, number: str, state: CaseState = CaseState.RECEIVED) -> Case:
    case = Case(number, who.station.id, who.contact.id, "webchat", unit.now, unit.now, state=state)
    unit.cases.add(case)
    return case


def notice_to(unit: UnitOfWork, contact: Contact, priority: Priority = Priority.PUSH, kind: str = "told") -> Notice:
    notice = Notice(kind, contact.id, unit.now, unit.now, priority=priority)
    unit.notices.add(notice)
    return notice
