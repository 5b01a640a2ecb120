"""What station staff can do with a case: they confirm or override every suggestion."""

import re

from bot.dialogs.commands import Call, Command, choose_department, split_word
from routing import casework, intake
from routing.department import find_departments
from routing.errors import Refused
from routing.people import Role
from routing.permissions import Operation
from routing.station import Department, Deputy
from routing.workflow import Actor

_CO = ("会办", "協辦", "协办", "co")


def accept(call: Call) -> None:
    casework.accept(call.turn.uow, call.member, call.on)
    call.turn.say("staff.accepted", {"number": call.on.number}, case=call.on)


def decline(call: Call) -> None:
    casework.decline(call.turn.uow, call.member, call.on, call.rest)
    call.turn.say("staff.declined", {"number": call.on.number}, case=call.on)


def assign(call: Call) -> None:
    """改派 NUMBER lead [会办 other other]."""
    query, behind = split_word(call.rest)
    if not query:
        raise Refused(call.usage)
    word, others = split_word(behind)
    co: list[Department] = []
    if word.lower() in _CO:
        for other in re.split(r"[\s、，,]+", others)[:4]:
            found = find_departments(other, call.turn.uow.directory.departments.values())
            if found.exact is None:
                raise Refused("department.unknown", query=other[:20])
            co.append(found.exact)
    elif word:
        raise Refused(call.usage)
    lead = choose_department(call, query, "assign", co=[department.code for department in co])
    if lead is not None:
        assign_to(call, lead, co)


def assign_to(call: Call, lead: Department, co: list[Department]) -> None:
    case = call.on
    casework.assign(call.turn.uow, call.member, case, lead, co)
    params = {"number": case.number, "department": lead.name, "co": [d.name for d in co]}
    call.turn.say("staff.assigned_co" if co else "staff.assigned", params, case=case)


def reclassify(call: Call) -> None:
    category = call.turn.understanding.find_category(call.rest.strip())
    if category is None:
        raise Refused("category.unknown", query=call.rest[:20], names=call.turn.understanding.similar(call.rest))
    casework.reclassify(call.turn.uow, call.member, call.on, category.code)
    call.turn.say("staff.reclassified", {"number": call.on.number, "category": category.name}, case=call.on)


def give_deputy(call: Call) -> None:
    deputy = _find_deputy(call)
    casework.give_deputy(call.turn.uow, call.member, call.on, deputy.id)
    if call.turn.uow.directory.deputy_member(deputy.id) is not None:  # else staff are told that nobody hears yet
        call.turn.say("staff.deputy_given", {"number": call.on.number, "deputy": deputy.name}, case=call.on)


def _find_deputy(call: Call) -> Deputy:
    query = call.rest.strip().removesuffix("代表").removesuffix("号")
    if not query:
        raise Refused(call.usage)
    found = [
        deputy
        for deputy in call.turn.uow.directory.deputies.values()
        if deputy.status != "left" and (query == deputy.name or query.lstrip("0") == deputy.number.lstrip("0"))
    ]
    here = [deputy for deputy in found if deputy.station_id == call.on.station_id]
    found = here or found
    if len(found) != 1:
        near = call.turn.uow.directory.deputies_of(call.on.station_id)[:8]
        raise Refused("deputy.unknown", query=query[:20], names=[f"{d.number} {d.name}" for d in near])
    return found[0]


def release(call: Call) -> None:
    """放行: let the deputy whose code was scanned see a text that was held back."""
    if call.on.deputy_id is None:
        raise Refused("release.no_deputy", number=call.on.number)
    if not call.on.held_from_deputy:
        # Somebody was quicker: the deputy who may be listening already is not asked again.
        call.turn.say("staff.released", {"number": call.on.number}, case=call.on)
        return
    casework.give_deputy(call.turn.uow, call.member, call.on, call.on.deputy_id)
    if call.turn.uow.directory.deputy_member(call.on.deputy_id) is not None:
        call.turn.say("staff.released", {"number": call.on.number}, case=call.on)


def seal(call: Call) -> None:
    number = call.on.number
    intake.seal_case(call.turn.uow, call.on, Actor(Role.STAFF, call.member.id))
    call.turn.say("staff.sealed", {"number": number})


def urge(call: Call) -> None:
    who = casework.urge(call.turn.uow, call.member, call.on)
    call.turn.say("staff.urged", {"number": call.on.number, "who": who}, case=call.on)


def close(call: Call) -> None:
    casework.close(call.turn.uow, call.member, call.on, call.rest)
    call.turn.say("staff.closed", {"number": call.on.number}, case=call.on)


def redo(call: Call) -> None:
    casework.redo(call.turn.uow, call.member, call.on, call.rest)
    call.turn.say("staff.redo", {"number": call.on.number}, case=call.on)


def message(call: Call) -> None:
    casework.message_citizen(call.turn.uow, call.member, call.on, call.rest)
    call.turn.say("staff.sent", {"number": call.on.number}, case=call.on)


def contacted(call: Call) -> None:
    casework.contacted(call.turn.uow, call.member, call.on)
    call.turn.say("staff.contacted", {"number": call.on.number}, case=call.on)


COMMANDS = (
    Command(("受理", "accept"), Operation.ACCEPT, "usage.accept", accept),
    Command(("不受理", "decline"), Operation.DECLINE, "usage.decline", decline),
    Command(("改派", "派", "交办", "assign"), Operation.ASSIGN, "usage.assign", assign),
    Command(("改类", "reclassify"), Operation.RECLASSIFY, "usage.reclassify", reclassify),
    Command(("指派代表", "deputy"), Operation.GIVE_DEPUTY, "usage.give_deputy", give_deputy),
    Command(("放行", "release"), Operation.GIVE_DEPUTY, "usage.release", release),
    Command(("转受限", "seal"), Operation.SEAL, "usage.seal", seal),
    Command(("催办", "催", "urge"), Operation.URGE, "usage.urge", urge),
    Command(("办结", "close"), Operation.CLOSE, "usage.close", close),
    Command(("重办", "redo"), Operation.REDO, "usage.redo", redo),
    Command(("发", "message"), Operation.MESSAGE, "usage.message", message),
    Command(("已联系", "contacted"), Operation.ACCEPT, "usage.contacted", contacted),
)
