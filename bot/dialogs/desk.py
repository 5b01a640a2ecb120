"""Commands that look at the whole desk: search, lists, figures, codes, invitations, duty, sealed cases."""

from datetime import timedelta
from typing import Any

from bot.cards import case_view
from bot.dialogs.commands import Call, Command
from nlp.scripts import to_simplified
from routing import casework, sealed
from routing.buttons import literal
from routing.case import OPEN_STATES, CaseState
from routing.code import display_code
from routing.decisions import Share, acceptance
from routing.department import find_departments
from routing.errors import Forbidden, Refused
from routing.invitations import invite
from routing.notice import NoticeState, moment, word
from routing.notices import card_buttons
from routing.people import Member, Role
from routing.permissions import Operation
from routing.worklist import card_kind, stations_of, worklist

PAGE = 10
#: Learned models that 统计 分类 tells of, the latest.
_MODELS = 5
_STATES = {
    "待受理": (CaseState.RECEIVED,), "已受理": (CaseState.ACCEPTED,), "预交办": (CaseState.PROPOSED,),
    "办理中": (CaseState.ASSIGNED,), "待补充": (CaseState.NEEDS_INFO,), "已答复": (CaseState.ANSWERED,),
    "复核": (CaseState.REVIEW,), "办结": (CaseState.CLOSED,), "不受理": (CaseState.DECLINED,),
    "全部": tuple(CaseState), "all": tuple(CaseState), **{state.value: (state,) for state in CaseState},
}  # fmt: skip


def search(call: Call) -> None:
    """查 NUMBER: the whole case, with its history, and the buttons for what the member can do with it now."""
    turn, case = call.turn, call.on
    view = case_view(turn.uow, turn.understanding, case)
    steps = [
        word("progress.step", at=moment(event.at, short=True), what=word(f"event.{event.kind}"))
        for event in turn.uow.cases.events(case.id)
    ]
    kind = card_kind(call.member, case)
    buttons = card_buttons(turn.uow, call.member, kind, case) if kind else []
    waiting = sum(1 for notice in turn.uow.notices.of_case(case.id, [NoticeState.WAITING]) if notice.member_id is None)
    params = {**view.params, "steps": steps, "waiting": word("staff.waiting", count=waiting) if waiting else ""}
    turn.say("staff.case", params, buttons, case=case, files=view.files)


def list_cases(call: Call) -> None:
    """列表 [state]: what a member has before them, by role, newest first."""
    turn = call.turn
    wanted = to_simplified(call.rest.strip()).lower()
    if wanted and wanted not in _STATES:
        raise Refused("usage.list", states=[name for name in _STATES if not name.isascii()])
    cases = worklist(turn.uow, call.member, _STATES.get(wanted), PAGE + 1)
    if not cases:
        turn.say("list.empty" if wanted else "list.nothing_open")
        return
    lines = [_line(call, case.number, case.state, case.department) for case in cases[:PAGE]]
    more = word("list.more") if len(cases) > PAGE else ""
    buttons = [turn.button(literal(c.number), "open_case", c, member=call.member.id) for c in cases[:PAGE]]
    turn.say("list.cases", {"lines": lines, "more": more}, buttons)


def _line(call: Call, number: str, state: CaseState, department: str | None) -> dict[str, object]:
    found = call.turn.uow.directory.departments.get(department or "")
    if found is None:
        return word("list.line", number=number, state=word(f"state.{state}"))
    return word("list.line_at", number=number, state=word(f"state.{state}"), department=found.name)


def statistics(call: Call) -> None:
    """统计 [days]: counts beside every rate, and silence never counted as satisfied."""
    first, _, rest = call.rest.partition(" ")
    if to_simplified(first).lower() in ("分类", "suggestions"):
        _suggestion_statistics(call, _days(rest))
        return
    days = _days(call.rest)
    uow = call.turn.uow
    counts = uow.cases.counts(station_ids=stations_of(call.turn.uow, call.member), since=uow.now - timedelta(days=days))
    states, ratings = counts.get("state", {}), counts.get("rating", {})
    rated = sum(ratings.values())
    good = ratings.get("satisfied", 0) + ratings.get("mostly", 0)
    by_department = sorted(counts.get("department", {}).items(), key=lambda item: -item[1])[:5]
    rate = word("stats.rate", percent=round(100 * good / rated), rated=rated) if rated >= 5 else word("stats.few")
    call.turn.say("stats.summary", {
        "days": days,
        "total": sum(states.values()),
        "open": sum(states.get(state, 0) for state in OPEN_STATES),
        "closed": states.get(CaseState.CLOSED, 0),
        "states": [word("stats.item", name=word(f"state.{name}"), count=count) for name, count in states.items()]
        or word("word.none"),
        "departments": [
            word("stats.item", name=casework.department_name(uow.directory, code), count=count)
            for code, count in by_department
        ] or word("word.none"),
        "rate": rate,
    })  # fmt: skip


def _days(written: str) -> int:
    written = written.strip()
    return int(written) if written.isascii() and written.isdigit() and len(written) < 4 else 30


def _suggestion_statistics(call: Call, days: int) -> None:
    """统计 分类 [days]: how often the suggested department was taken, when, by whom, and what was mistaken for what."""
    uow = call.turn.uow
    stations = stations_of(uow, call.member)
    found = acceptance(uow.cases.decided(station_ids=stations, since=uow.now - timedelta(days=days)), uow.now)
    if not found.all.of:
        call.turn.say("stats.no_suggestions", {"days": days})
        return

    def name(code: str) -> Any:
        return casework.department_name(uow.directory, code)

    call.turn.say("stats.suggestions", {
        "days": days,
        "all": _share(found.all),
        "sure": _share(found.sure) if found.sure.of else word("word.none"),
        "routed": _share(found.routed) if found.routed.of else word("word.none"),
        "unsuggested": found.unsuggested,
        "weeks": [word("stats.week", ago=ago, share=_share(share)) for ago, share in found.weeks[-PAGE:]],
        "departments": [word("stats.of", name=name(code), share=_share(of)) for code, of in found.departments[:5]],
        "confused": [
            word("stats.confused", suggested=name(one), settled=name(other), count=count)
            for (one, other), count in found.confused[:5]
        ] or word("word.none"),
        "categories": [
            word("stats.confused", suggested=_category(call, one), settled=_category(call, other), count=count)
            for (one, other), count in found.confused_categories[:5]
        ] or word("word.none"),
        # One model alone is all that was told above.
        "models": word("stats.models", models=[
            word("stats.of", name=model, share=_share(of)) for model, of in found.models[-_MODELS:]
        ]) if len(found.models) > 1 else "",
    })  # fmt: skip


def _share(share: Share) -> dict[str, Any]:
    return word("stats.share", percent=share.percent, accepted=share.accepted, of=share.of)


def _category(call: Call, code: str) -> str:
    found = call.turn.understanding.find_category(code)
    return found.name if found else code


def codes(call: Call) -> None:
    """码: the codes of one's stations, with how often each was scanned and used."""
    uow = call.turn.uow
    allowed = stations_of(call.turn.uow, call.member)
    counts = uow.codes.scan_counts()
    lines = []
    for code in uow.codes.all():
        if code.revoked_at is not None or (allowed is not None and code.station_id not in allowed):
            continue
        deputy = uow.directory.deputies.get(code.deputy_id or 0)
        station = uow.directory.stations.get(code.station_id)
        owner = f"{deputy.number} {deputy.name}" if deputy else (station.name if station else "")
        # A browser is counted when it opens the page, and again when somebody begins to write there.
        opened = counts.get((code.code, "page"), 0)
        begun = sum(count for (scanned, _), count in counts.items() if scanned == code.code) - opened
        lines.append(
            word(
                "codes.line",
                code=display_code(code.code),
                owner=owner,
                place=code.place or "",
                opened=opened,
                begun=begun,
            )
        )
    call.turn.say("codes.list" if lines else "codes.none", {"lines": lines[:30]})


def invite_member(call: Call) -> None:
    """邀请 工作人员|代表|部门 WHO: a one-time link for somebody who is on the roster."""
    kind, _, who = call.rest.partition(" ")
    member = _member_named(call, kind, who.strip())
    if member is None:
        raise Refused("invite.unknown", who=(who or kind)[:20])
    if member.role in (Role.ADMIN, Role.INTEGRITY) and call.member.role is not Role.ADMIN:
        raise Forbidden("error.role", action=word("operation.invite"))
    # Who makes an invitation holds its secret: staff must not make themselves staff of the stations above.
    if member.station_id is not None and not call.turn.uow.directory.sees_station(call.member, member.station_id):
        raise Forbidden("error.role", action=word("operation.invite"))
    invitation = invite(call.turn.uow, member)
    call.turn.say("invite.made", {
        "name": member.name, "role": word(f"role.{member.role}"), "secret": invitation.shown,
        "links": call.turn.work_links(f"join_{invitation.secret}"), "until": moment(invitation.expires_at),
    }, sealed=True)  # fmt: skip


def _member_named(call: Call, kind: str, who: str) -> Member | None:
    directory = call.turn.uow.directory
    members = [m for m in directory.members.values() if m.active]
    if kind in ("代表", "deputy"):
        numbers = {d.id for d in directory.deputies.values() if who in (d.name, d.number, d.number.lstrip("0"))}
        found = [m for m in members if m.role is Role.DEPUTY and m.deputy_id in numbers]
    elif kind in ("部门", "officer"):
        query, _, name = who.partition(" ")
        department = find_departments(query, directory.departments.values()).exact
        found = [
            m for m in members
            if m.role is Role.OFFICER and department is not None and m.department == department.code
            and (not name or m.name == name)
        ]  # fmt: skip
    elif kind in ("工作人员", "staff"):
        found = [m for m in members if m.role in (Role.STAFF, Role.ADMIN, Role.INTEGRITY) and m.name == who]
    else:
        raise Refused(call.usage)
    if len(found) > 1:
        raise Refused("invite.which", who=who[:20], names=[m.name for m in found])
    return found[0] if found else None


def duty(call: Call) -> None:
    """值班: who is on duty; 值班 我 or a name changes it."""
    turn, member = call.turn, call.member
    name = call.rest.strip()
    if not name:
        station = member.station_id or next(iter(turn.uow.directory.stations), 0)
        on = turn.uow.directory.duty_of(station)
        turn.say("duty.now", {"names": [m.name for m in on] or word("word.none")})
        return
    staff = [m for m in turn.uow.directory.members.values() if m.role is Role.STAFF and m.active and m.contact_id]
    same = [m for m in staff if m.station_id == member.station_id]
    found = [member] if name in ("我", "me") else [m for m in same if m.name == name]
    if len(found) != 1:
        raise Refused("duty.unknown", name=name[:20], names=[m.name for m in same])
    casework.set_duty(turn.uow, member, found[0])
    turn.say("duty.set", {"name": found[0].name})


def sealed_cases(call: Call) -> None:
    """受限 [NUMBER]: for integrity officers alone."""
    turn = call.turn
    number = call.rest.strip().upper()
    if number:
        case = turn.uow.cases.by_number(number)
        if case is None:
            raise Forbidden(number=number[:24])
        open_sealed(Call(turn, call.member, case, "", call.usage))
        return
    cases = turn.uow.cases.sealed()
    if not cases:
        turn.say("sealed.none")
        return
    lines = [word("list.line", number=c.number, state=word(f"state.{c.state}")) for c in cases]
    buttons = [turn.button(f"={c.number}", "open_sealed", c, member=call.member.id) for c in cases[:6]]
    turn.say("sealed.list", {"lines": lines}, buttons)


def open_sealed(call: Call) -> None:
    case = call.on
    text = sealed.read_sealed(call.turn.uow, call.member, case)
    consent = word("sealed.consented") if case.transfer_consent else word("sealed.no_consent")
    params = {"number": case.number, "text": text, "consent": consent, "at": moment(case.created_at)}
    call.turn.say("sealed.case", params, case=case, sealed=True)


def transfer(call: Call) -> None:
    if not call.rest.strip():
        raise Refused(call.usage)
    sealed.transfer(call.turn.uow, call.member, call.on, call.rest.strip())
    call.turn.say("sealed.transferred", {"number": call.on.number})


COMMANDS = (
    Command(("查", "查看", "case"), Operation.SEARCH, "usage.search", search),
    Command(("列表", "我的", "list"), Operation.LIST, "usage.list", list_cases, needs_case=False),
    Command(("统计", "stats"), Operation.STATISTICS, "usage.stats", statistics, needs_case=False),
    Command(("码", "codes"), Operation.CODES, "usage.codes", codes, needs_case=False),
    Command(("邀请", "invite"), Operation.INVITE, "usage.invite", invite_member, needs_case=False),
    Command(("值班", "duty"), Operation.DUTY, "usage.duty", duty, needs_case=False),
    Command(("受限", "sealed"), Operation.TRANSFER, "usage.sealed", sealed_cases, needs_case=False),
    Command(("移送", "transfer"), Operation.TRANSFER, "usage.transfer", transfer),
)
