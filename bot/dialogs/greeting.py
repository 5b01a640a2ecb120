"""The first words: who listens here, what is kept and how long, and where emergencies belong."""

from bot.dialogs.turn import Turn
from routing.errors import Refused
from routing.notice import moment, word

#: Shown to every contact once, and again when it changes (personal information protection law, Art. 17).
NOTICE_VERSION = "2026-11"
#: Deputies whose hours are told at once.
_DEPUTIES_TOLD = 8


def greet(turn: Turn) -> None:
    """Greet somebody who arrived at a station or a deputy."""
    uow, conversation = turn.uow, turn.conversation
    station = uow.directory.stations.get(conversation.station_id or 0)
    if station is None:
        greet_unknown(turn)
        return
    deputy = uow.directory.deputies.get(conversation.deputy_id or 0)
    params = {"station": station.name, "reception": station.reception}
    if deputy is None:
        turn.say("greeting.station", params)
    else:
        hearing = uow.directory.serving_deputy(deputy.id, uow.now) or deputy
        params |= {"deputy": deputy.name, "deputy_number": deputy.number}
        if hearing.id != deputy.id:
            back = word("greeting.until", until=moment(deputy.away_until)) if deputy.away_until else ""
            turn.say("greeting.deputy_away", {**params, "substitute": hearing.name, "until": back})
        else:
            turn.say("greeting.deputy", params)
    _notice(turn, station.name)


def greet_unknown(turn: Turn) -> None:
    """Greet somebody who came without a code: the county's head station listens."""
    stations = [s for s in turn.uow.directory.stations.values() if s.active]
    if not stations:
        raise Refused("intake.no_station")
    head = min(stations, key=lambda station: (station.parent_id is not None, station.id))
    if turn.conversation.station_id is None:
        turn.conversation.station_id = head.id
    turn.say("greeting.unknown", {"station": head.name})
    _notice(turn, head.name)


def say_on_duty(turn: Turn) -> None:
    """When a station receives people, and when its deputies do."""
    uow = turn.uow
    station = uow.directory.stations.get(turn.conversation.station_id or 0)
    if station is None:
        greet_unknown(turn)
        return
    facts = (
        ("on_duty.reception", station.reception), ("on_duty.address", station.address),
        ("on_duty.phone", station.phone),
    )  # fmt: skip
    lines = [word(key, value=value) for key, value in facts if value]
    lines += [
        word("on_duty.deputy", number=deputy.number, name=deputy.name, reception=deputy.reception)
        for deputy in uow.directory.deputies_of(station.id)
        if deputy.status == "active" and deputy.reception
    ][:_DEPUTIES_TOLD]
    turn.say("on_duty.station", {"station": station.name, "lines": lines})


def _notice(turn: Turn, station: str) -> None:
    if turn.contact.notice_version == NOTICE_VERSION:
        return
    turn.contact.notice_version, turn.contact.notice_at = NOTICE_VERSION, turn.uow.now
    turn.say("privacy.notice", {"station": station})
