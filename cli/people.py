"""`main.py invite` and `main.py import`: who is on the roster, and their way in."""

from pathlib import Path

import typer

from cli.codes import find_station
from cli.common import fail, print_json, settings, transaction
from routing.department import find_departments
from routing.invitations import invite as make_invitation
from routing.people import Member, Role
from routing.ports import UnitOfWork
from routing.roster import RosterInvalid, Summary, apply_roster, read_roster


def invite(role: str, name: str, *, department: str | None, station: str | None, as_json: bool) -> None:
    """Print a one-time link and code for a member of the roster."""
    if role not in (Role.DEPUTY, Role.OFFICER, Role.STAFF, Role.ADMIN, Role.INTEGRITY):
        fail("The role is deputy, officer, staff, admin or integrity.")
    with transaction() as uow:
        member = _find(uow, Role(role), name, department, station)
        issued = make_invitation(uow, member)
    url = f"{settings().url}/join/{issued.secret}"
    if as_json:
        until = issued.expires_at.isoformat()
        payload = f"join_{issued.secret}"
        print_json(
            {"name": member.name, "role": role, "code": issued.shown, "url": url, "payload": payload, "until": until}
        )
        return
    typer.echo(f"{member.name} ({role}), once, within 15 minutes:\n  {url}\n  {issued.shown}")


def _find(uow: UnitOfWork, role: Role, name: str, department: str | None, station: str | None) -> Member:
    directory = uow.directory
    found = [m for m in directory.members.values() if m.active and m.role is role]
    if role is Role.DEPUTY:
        ids = {d.id for d in directory.deputies.values() if name == d.name or name.lstrip("0") == d.number.lstrip("0")}
        found = [m for m in found if m.deputy_id in ids]
    else:
        found = [m for m in found if m.name == name]
    if department is not None:
        code = find_departments(department, directory.departments.values()).exact
        found = [m for m in found if code is not None and m.department == code.code]
    if station is not None:
        at = find_station(uow, station).id
        found = [m for m in found if m.station_id == at]
    if len(found) != 1:
        fail(
            f"{len(found)} people on the roster are {role.value} {name!r}; "
            "narrow it with --station or --department, or import them first."
        )
    return found[0]


class _DryRun(Exception):
    """Leaves the transaction without a commit."""


def import_roster(file: Path | None, *, template: Path | None, dry_run: bool, as_json: bool) -> None:
    """Read, check and apply a roster; every problem is listed with its sheet and row."""
    from cli.roster_messages import describe
    from cli.roster_template import template_yaml, write_template
    from cli.tables import read_tables

    if template is not None:
        try:
            if template.suffix == ".xlsx":
                write_template(template)
            else:
                template.write_text(template_yaml(), encoding="utf-8")
        except OSError as error:
            fail(f"{template}: {error.strerror}")
        typer.echo(f"Template: {template}")
        return
    if file is None:
        fail("Name a roster file, or --template FILE.xlsx to get an empty one.")
    summary: Summary | None = None
    try:
        roster = read_roster(read_tables(file))
        with transaction() as uow:
            summary = apply_roster(uow, roster, uow.now)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    except RosterInvalid as error:
        for problem in error.problems:
            typer.echo(describe(problem), err=True)
        fail("没有导入任何内容。 Nothing was imported.")
    assert summary is not None
    counts = {"added": summary.added, "changed": summary.changed, "unchanged": summary.unchanged, "dry_run": dry_run}
    if as_json:
        print_json(counts)
    else:
        head = "试运行（没有写入） " if dry_run else ""
        typer.echo(f"{head}新增 {summary.added}，修改 {summary.changed}，不变 {summary.unchanged}")
