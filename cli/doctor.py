"""`main.py doctor`: what is missing, what is wrong, and what each channel can do."""

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import typer

from cli.common import print_json
from cli.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from routing.platform_token import PlatformToken
    from routing.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Finding:
    """`level` "wrong" makes the command exit with 1; "note" is worth knowing."""

    part: str
    level: Literal["ok", "note", "wrong"]
    text: str


def doctor(*, list_settings: bool, as_json: bool) -> None:
    """Print the findings."""
    if list_settings:
        for name, field in Settings.model_fields.items():
            typer.echo(f"MASHANG_{name.upper()}\n    {field.description}")
        return
    findings = examine()
    if as_json:
        print_json([{"part": f.part, "level": f.level, "text": f.text} for f in findings])
    else:
        marks = {"ok": "✓", "note": "·", "wrong": "✗"}
        for finding in findings:
            typer.echo(f"{marks[finding.level]} {finding.part}: {finding.text}")
    if any(finding.level == "wrong" for finding in findings):
        raise typer.Exit(1)


def examine() -> list[Finding]:
    """Look at the settings, the database, the people, the words, the calendar, the fonts and the channels."""
    try:
        settings = load_settings()
    except SettingsError as error:
        return [Finding("settings", "wrong", str(error))]
    findings = [_public_url(settings), _disk(settings), *_store(settings), _words(), _font(settings)]
    findings += [*_scanner(settings), *_channels(settings)]
    return findings


def _public_url(settings: Settings) -> Finding:
    url = settings.public_url
    if not url:
        return Finding("public URL", "note", f"MASHANG_PUBLIC_URL is not set; codes lead to {settings.url}, here only")
    if not url.startswith("https://"):
        return Finding("public URL", "wrong", f"{url} is not https: what citizens write could be read on the way")
    return Finding("public URL", "ok", url)


def _disk(settings: Settings) -> Finding:
    wanted = settings.data_dir.absolute()
    folder = next(path for path in (wanted, *wanted.parents) if path.exists())
    free = shutil.disk_usage(folder).free // 2**20
    return Finding("disk", "wrong" if free < 200 else "ok", f"{free} MB free for {settings.data_dir}")


def _store(settings: Settings) -> list[Finding]:
    from routing.errors import StorageUnavailable
    from storage.migrate import needed
    from storage.sealer import AesSealer
    from storage.store import Store

    try:
        if needed(settings.database):
            return [Finding("database", "wrong", "its tables are not the newest; run `main.py db upgrade`")]
        sealer = AesSealer(settings.key, settings.older_keys)
        store = Store(settings.database, sealer=sealer, data_dir=settings.data_dir)
    except (StorageUnavailable, OSError) as error:
        return [Finding("database", "wrong", f"it can't be opened: {error}")]
    findings = [Finding("database", "ok", settings.database.partition(":")[0])]
    try:
        with store.transaction() as uow:
            findings += [*_people(uow), *_queues(uow, settings), _model(uow)]
    except StorageUnavailable as error:
        findings = [Finding("database", "wrong", f"it can't be read: {error}")]
    finally:
        store.close()
    return findings


def _people(uow: "UnitOfWork") -> list[Finding]:
    from routing.people import Role

    directory = uow.directory
    if not directory.stations:
        advice = "no stations yet; `main.py import --template roster.xlsx` writes a form to fill in"
        return [Finding("people", "wrong", advice)]
    codes = sum(1 for code in uow.codes.all() if code.valid_at(uow.now))
    known = f"{len(directory.stations)} stations, {len(directory.deputies)} deputies, {codes} valid codes"
    findings = [Finding("people", "ok", known)]
    for role in (Role.STAFF, Role.INTEGRITY):
        if not any(m.role is role and m.active and m.contact_id for m in directory.members.values()):
            advice = f"nobody has accepted an invitation as {role.value}; `main.py invite {role.value} --name …`"
            findings.append(Finding("people", "wrong", advice))
    return findings


def _queues(uow: "UnitOfWork", settings: Settings) -> list[Finding]:
    from routing.working_days import WorkingCalendar, local_date

    findings = []
    missing = WorkingCalendar(uow.calendar.overrides()).missing_year(local_date(uow.now))
    if missing is not None:
        advice = f"the holidays of {missing} are not known; due dates in it are marked 暂定"
        findings.append(Finding("calendar", "note", advice))
    failed = len(uow.inbox.failed())
    text = f"{failed} failed messages; see `main.py inbox list`" if failed else "no failed messages"
    findings.append(Finding("inbox", "wrong" if failed else "ok", text))
    counts = uow.notices.counts()
    text = f"{counts.get('pending', 0)} to be sent"
    if waiting := counts.get("waiting", 0):
        text += f", {waiting} waiting until their recipients write: their platform takes nothing before"
    findings.append(Finding("outbox", "ok", text))
    findings += [_token(token) for token in uow.tokens.all()]
    findings += _codes(uow, settings)
    return findings


def _token(token: "PlatformToken") -> Finding:
    part = f"{token.channel} access token"
    if token.trouble is None:
        return Finding(part, "ok", f"good until {token.ends_at:%Y-%m-%d %H:%M} UTC" if token.ends_at else "none yet")
    since = f"since {token.trouble_since:%Y-%m-%d %H:%M} UTC"
    if token.trouble == "refused":
        return Finding(part, "wrong", f"{since} the platform refuses the token that it gives; nothing goes out")
    advice = "check the account's id, its secret and the list of allowed IP addresses at the platform"
    return Finding(part, "wrong", f"{since} the platform gives none; {advice}")


def _codes(uow: "UnitOfWork", settings: Settings) -> list[Finding]:
    """How many of the lasting codes that WeChat allows are made."""
    if not settings.wechat_app_id:
        return []
    from bot.channels.wechat_check import code_finding

    found = code_finding(uow.platform_codes.lasting("wechat", settings.wechat_app_id), 0)
    return [Finding("WeChat codes", "ok" if found.ok else "wrong", found.detail or found.todo)]


def _model(uow: "UnitOfWork") -> Finding:
    from routing.trained import ModelStep

    champion = uow.models.champion()
    known = (
        f"{champion.id} suggests, of {champion.data['lessons']} lessons" if champion else "the packaged one suggests"
    )
    last = uow.models.last(ModelStep.TRAINED, ModelStep.TOO_FEW, ModelStep.NOTHING_NEW, ModelStep.FAILED)
    if last is not None and last.step is ModelStep.FAILED:
        advice = "the last training by night failed; `main.py model train` says why"
        return Finding("model", "note", f"{known}; {advice}")
    return Finding("model", "ok", known)


def _words() -> Finding:
    from nlp.taxonomy import TaxonomyError, load_taxonomy

    try:
        taxonomy = load_taxonomy()
    except TaxonomyError as error:
        return Finding("taxonomy", "wrong", str(error))
    return Finding("taxonomy", "ok", f"{len(taxonomy.categories)} categories, {len(taxonomy.departments)} departments")


def _font(settings: Settings) -> Finding:
    from bot.fonts import FontMissing, find_font

    try:
        find_font(settings.poster_font or None)
    except FontMissing as error:
        return Finding("posters", "note", str(error))
    return Finding("posters", "ok", "a Chinese font is there")


def _scanner(settings: Settings) -> list[Finding]:
    from routing.errors import Unchecked
    from storage.clamd import Clamd

    if not settings.clamd_address:
        return [Finding("virus scanner", "note", "off; MASHANG_CLAMD_ADDRESS has every file scanned by ClamAV")]
    try:
        Clamd(settings.clamd_address).ping()
    except Unchecked as error:
        return [Finding("virus scanner", "wrong", f"{error}; no file is kept until it answers")]
    return [Finding("virus scanner", "ok", f"ClamAV at {settings.clamd_address}")]


def _channels(settings: Settings) -> list[Finding]:
    can = "text, photos, voices, files, places, buttons, live"
    findings = [Finding("web chat", "ok", f"{settings.url}/c/CODE; {can}")]
    if settings.wechat_app_id:
        text = (
            f"on; `main.py doctor wechat` tries it; its server address is {settings.url}/wechat; text, photos, voices, "
            "videos, places; numbered choices"
        )
        findings.append(Finding("WeChat, citizens", "ok", text))
    else:
        findings.append(Finding("WeChat, citizens", "note", "off (no Official Account)"))
    for name, token in (("citizens", settings.telegram_citizen_token), ("work", settings.telegram_desk_token)):
        if not token.get_secret_value():
            findings.append(Finding(f"Telegram, {name}", "note", "off (no token)"))
            continue
        way = "webhook" if settings.telegram_webhook_secret.get_secret_value() else "polling"
        abroad = "its servers are abroad: no personal data of a real station may go there (PIPL Art. 36)"
        findings.append(Finding(f"Telegram, {name}", "note", f"on by {way}; {abroad}"))
    wecom = "on; `main.py doctor wecom` tries it" if settings.wecom_corp_id else "off (no corp id)"
    findings.append(Finding("WeCom, work", "note", wecom))
    dingtalk = "on; `main.py doctor dingtalk` tries it" if settings.dingtalk_client_id else "off (no client id)"
    findings.append(Finding("DingTalk, work", "note", dingtalk))
    return findings
