"""The command line, run as `main.py` runs it, on a folder of its own."""

import asyncio
import functools
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from openpyxl import load_workbook
from typer.testing import CliRunner

import cli.classify
import cli.wiring
from bot.dialogs import citizen
from bot.fonts import FontMissing, find_font
from bot.message import InboundMessage
from cli.app import app
from cli.demo_data import ROSTER, load_demo_county
from cli.settings import SettingsError, load_settings
from cli.wiring import build_desk, open_store
from nlp.classify import Classifier
from nlp.taxonomy import load_taxonomy
from routing import intake
from routing.code import fold_code
from routing.people import Address, Contact, Conversation
from storage.store import Store
from tests.routing.county import BRIBE, understanding

KEY = "a-real-looking-key-of-more-than-32-characters"


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load the words once: it takes a second, and every command would do it anew."""
    monkeypatch.setattr(cli.classify, "Classifier", lambda taxonomy: _classifier())
    monkeypatch.setattr(cli.wiring, "make_understanding", understanding)


@functools.cache
def _classifier() -> Classifier:
    return Classifier(load_taxonomy())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the data, and no settings but ours."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("MASHANG_"):
            monkeypatch.delenv(name)
    data = tmp_path / "data"
    monkeypatch.setenv("MASHANG_DATA_DIR", str(data))
    monkeypatch.setenv("MASHANG_SECRET_KEY", KEY)
    monkeypatch.setenv("MASHANG_PUBLIC_URL", "https://example.org")
    return data


def run(*args: str, ok: bool = True, given: str | None = None) -> Result:
    result = CliRunner().invoke(app, list(args), input=given)
    shown = f"{result.output}\n{result.exception!r}"
    assert "Traceback" not in result.output, shown
    assert result.exception is None or isinstance(result.exception, SystemExit), shown
    assert (result.exit_code == 0) == ok, shown
    return result


def as_json(*args: str) -> Any:
    return json.loads(run(*args, "--json").stdout)


@pytest.fixture
def store(folder: Path) -> Store:
    """The opened store of the settings, with the demo county."""
    opened = open_store(load_settings())
    with opened.transaction() as uow:
        load_demo_county(uow)
    return opened


@pytest.fixture
def county(store: Store) -> None:
    store.close()


def report(store: Store, text: str) -> str:
    with store.transaction() as uow:
        contact = Contact(uow.now)
        uow.contacts.add(contact)
        address = Address(contact.id, "webchat", "citizen", f"u{contact.id}", uow.now)
        uow.contacts.add_address(address)
        conversation = Conversation(address.id, contact.id, uow.now)
        conversation.station_id = next(s.id for s in uow.directory.stations.values() if s.prefix == "HB")
        uow.conversations.add(conversation)
        draft = intake.take(uow, conversation, address, text=text)
        return intake.submit(uow, understanding(), draft, "webchat").number


# --- help ----------------------------------------------------------------------------------------------------------


def _commands() -> list[tuple[str, ...]]:
    alone = ("serve", "demo", "invite", "import", "export", "classify", "evaluate", "backup", "restore", "doctor")
    groups = {
        "codes": ("new", "list", "revoke", "print"), "db": ("upgrade", "verify"), "inbox": ("list", "retry"),
        "wechat": ("menu",),
    }  # fmt: skip
    return [(name,) for name in alone] + [(group, name) for group, names in groups.items() for name in names]


@pytest.mark.parametrize("command", _commands(), ids=" ".join)
def test_every_command_helps_with_an_example(command: tuple[str, ...]) -> None:
    assert "Example" in run(*command, "--help").stdout


# --- codes ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("county")
class TestCodes:
    def test_a_code_for_a_deputy(self) -> None:
        made = as_json("codes", "new", "--deputy", "86", "--place", "公告栏")
        assert set(made) == {"code", "for", "place", "url"}
        assert fold_code(made["code"]) == made["code"]
        assert (made["for"], made["place"]) == ("086 林秋", "公告栏")
        assert made["url"] == f"https://example.org/c/{made['code']}"

    def test_a_code_for_a_station_is_listed_and_revoked(self) -> None:
        code = as_json("codes", "new", "--station", "hp")["code"]
        whose = {"for": "海平街道代表联络中心站", "station": "HP", "place": ""}
        assert as_json("codes", "list") == [{"code": code, **whose, "arrivals": {}, "state": "valid"}]
        run("codes", "revoke", f"{code[:4].lower()} {code[4:]}")
        run("codes", "revoke", code)
        assert as_json("codes", "list")[0]["state"] == "revoked"
        assert code[:4] in run("codes", "list").stdout

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (("new",), "--deputy"), (("new", "--deputy", "999"), "0 deputies"), (("new", "--station", "XX"), "HP"),
            (("revoke", "7K3M9QXA"), "codes list"), (("print",), "--all"), (("print", "--all"), "codes new"),
            (("print", "7K3M9QXA"), "codes list"), (("print", "--all", "--format", "gif"), "pdf, png or svg"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said_in_a_line(self, args: tuple[str, ...], said: str) -> None:
        assert said in run("codes", *args, ok=False).stderr

    @pytest.mark.parametrize(("format", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
    def test_a_code_is_printed(self, tmp_path: Path, format: str, begins: bytes) -> None:
        if format == "pdf":
            try:
                find_font()
            except FontMissing as missing:
                pytest.skip(str(missing))
        code = as_json("codes", "new", "--deputy", "086")["code"]
        out = tmp_path / f"one.{format}"
        run("codes", "print", code, "--format", format, "--output", str(out))
        assert out.read_bytes().startswith(begins)

    def test_a_whole_set_is_printed_into_a_folder(self, tmp_path: Path) -> None:
        for deputy in ("086", "087"):
            run("codes", "new", "--deputy", deputy)
        run("codes", "new", "--deputy", "012")
        out = tmp_path / "set"
        run("codes", "print", "--all", "--station", "HB", "--format", "png", "--output", str(out))
        assert len(list(out.iterdir())) == 2

    def test_codes_that_lead_only_to_this_machine_are_said(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        code = as_json("codes", "new", "--deputy", "086")["code"]
        printing = ("codes", "print", code, "--format", "png", "--output", str(tmp_path / "one.png"))
        assert run(*printing).stderr == ""
        monkeypatch.delenv("MASHANG_PUBLIC_URL")
        assert "MASHANG_PUBLIC_URL is not set" in run(*printing).stderr

    def test_a_place_that_cannot_be_written_is_said(self, tmp_path: Path) -> None:
        code = as_json("codes", "new", "--deputy", "086")["code"]
        gone = tmp_path / "no" / "such" / "folder" / "x.png"
        assert run("codes", "print", code, "--format", "png", "--output", str(gone), ok=False).stderr


# --- people --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("county")
class TestInvite:
    def test_a_link_and_a_code_that_are_kept_nowhere(self, folder: Path) -> None:
        made = as_json("invite", "staff", "--name", "陈静")
        assert set(made) == {"name", "role", "code", "url", "payload", "until"}
        secret = made["code"].replace("-", "")
        assert made["url"] == f"https://example.org/join/{secret}"
        with sqlite3.connect(folder / "mashang.db") as database:
            assert secret not in "\n".join(database.iterdump())
        database.close()

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (("mayor", "--name", "陈静"), "role"), (("staff", "--name", "无名氏"), "0 people"),
            (("officer", "--name", "周敏", "--department", "人社"), "0 people"),
            (("staff", "--name", "陈静", "--station", "QS"), "0 people"), (("staff",), "--name"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_said_in_a_line(self, args: tuple[str, ...], said: str) -> None:
        assert said in run("invite", *args, ok=False).stderr

    @pytest.mark.parametrize(
        "args", [("deputy", "--name", "86"), ("officer", "--name", "周敏", "--department", "城管")]
    )
    def test_other_roles(self, args: tuple[str, ...]) -> None:
        assert "/join/" in run("invite", *args).stdout


class TestImport:
    def test_a_roster_is_loaded_and_a_second_time_changes_nothing(self) -> None:
        first = as_json("import", str(ROSTER))
        assert first["added"] > 80
        again = as_json("import", str(ROSTER))
        assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, first["added"])

    def test_a_dry_run_changes_nothing(self) -> None:
        assert as_json("import", str(ROSTER), "--dry-run")["added"] > 80
        assert as_json("import", str(ROSTER), "--dry-run")["added"] > 80

    def test_one_wrong_row_and_nothing_is_loaded(self, tmp_path: Path) -> None:
        broken = tmp_path / "roster.yaml"
        broken.write_text(ROSTER.read_text("utf-8").replace('substitute: "087"', 'substitute: "999"', 1), "utf-8")
        said = run("import", str(broken), ok=False).stderr
        assert "999" in said
        assert "Nothing was imported" in said
        assert as_json("import", str(ROSTER), "--dry-run")["added"] > 80

    @pytest.mark.parametrize("suffix", ["xlsx", "yaml"])
    def test_an_empty_form_is_read_and_found_empty(self, tmp_path: Path, suffix: str) -> None:
        form = tmp_path / f"form.{suffix}"
        run("import", "--template", str(form))
        assert "没有可导入的内容" in run("import", str(form), ok=False).stderr

    @pytest.mark.parametrize("name", ["missing.xlsx", "picture.png", "broken.xlsx", "broken.yaml"])
    def test_a_file_that_cannot_be_read_is_said(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        if not name.startswith("missing"):
            path.write_bytes(b"\x00\xff: [}")
        assert run("import", str(path), ok=False).stderr

    def test_without_a_file_it_says_what_to_do(self) -> None:
        assert "--template" in run("import", ok=False).stderr

    def test_a_template_in_no_folder_is_said(self, tmp_path: Path) -> None:
        assert run("import", "--template", str(tmp_path / "no" / "form.yaml"), ok=False).stderr


# --- export --------------------------------------------------------------------------------------------------------


class TestExport:
    TEXT = '=HYPERLINK("http://x") 路灯不亮，我电话13800001234'

    @pytest.fixture(autouse=True)
    def cases(self, store: Store) -> str:
        number = report(store, self.TEXT)
        report(store, BRIBE)
        store.close()
        return number

    def test_json_lines_to_standard_output(self, cases: str) -> None:
        (line,) = run("export", "cases").stdout.splitlines()
        row = json.loads(line)
        assert (row["number"], row["station"], row["state"]) == (cases, "海珀社区代表联络站", "received")
        assert "138" in row["text"]
        assert "13800001234" not in row["text"]

    def test_a_sheet_holds_no_formula(self, tmp_path: Path, cases: str) -> None:
        path = tmp_path / "cases.xlsx"
        assert "1 cases" in run("export", "cases", "--format", "xlsx", "--output", str(path)).stdout
        heading, row = load_workbook(path).active.iter_rows()  # type: ignore[union-attr]
        cell = row[[c.value for c in heading].index("text")]
        assert cell.data_type == "s"
        assert str(cell.value).startswith("=HYPERLINK")

    @pytest.mark.parametrize("name", ["rules.yaml", "rules.xlsx"])
    def test_rules_and_places_go_out_as_import_takes_them_in(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / name
        assert "7 rows" in run("export", "rules", "--output", str(path)).stdout
        again = as_json("import", str(path))
        assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 7)

    def test_a_file_of_json_lines(self, tmp_path: Path, cases: str) -> None:
        path = tmp_path / "cases.jsonl"
        run("export", "cases", "--output", str(path))
        assert json.loads(path.read_text("utf-8"))["number"] == cases

    @pytest.mark.parametrize(
        "args",
        [
            ("people",),
            ("rules",),
            ("rules", "--output", "rules.csv"),
            ("rules", "--output", "no/x.yaml"),
            ("rules", "--output", "no/x.xlsx"),
            ("cases", "--format", "csv"),
            ("cases", "--format", "xlsx"),
            ("cases", "--output", "no/x"),
        ],
    )
    def test_what_is_wrong_is_said(self, args: tuple[str, ...]) -> None:
        assert run("export", *args, ok=False).stderr


# --- words ---------------------------------------------------------------------------------------------------------


def test_classify_prints_this_shape() -> None:
    found = as_json("classify", "路灯不亮")
    assert list(found)[:4] == ["categories", "departments", "safety", "integrity"]
    assert (found["safety"], found["integrity"]) == (None, False)
    first = found["categories"][0]
    assert list(first) == ["code", "name", "confidence", "words"]
    assert 0 < first["confidence"] <= 1
    assert first["words"]
    assert found["departments"][0]["code"] == "zhzf"
    assert list(found["departments"][0]) == ["code", "name", "confidence", "words"]


@pytest.mark.parametrize("text", ["", "😀", "x" * 20_000, "\u202e路燈\u200b不亮"])
def test_any_text_is_classified(text: str) -> None:
    assert set(as_json("classify", text)) >= {"categories", "departments", "safety", "integrity"}


def test_classify_tells_where_and_when() -> None:
    text = "幸福路2024年3月5号起没灯，每晚7点半就黑"
    found = as_json("classify", text)
    assert found["places"] == [{"kind": "road", "name": "幸福路", "words": "幸福路"}]
    assert [told["value"] for told in found["times"]] == ["2024-03-05", "19:30"]
    said = run("classify", text).stdout
    assert "地点：幸福路\n" in said
    assert "时间：2024年3月5号（2024-03-05）、晚7点半（19:30）\n" in said


def test_classify_reads_standard_input_and_speaks_to_people() -> None:
    assert "执法" in run("classify", "-", given="路灯不亮").stdout
    assert "12388" in run("classify", BRIBE).stdout


# --- messages whose handling failed --------------------------------------------------------------------------------


@pytest.fixture
def failed(store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A message that really failed, by a bug; call it to repair the bug."""

    def breaks(turn: Any) -> None:
        raise KeyError

    async def receive() -> None:
        desk = build_desk(load_settings(), store, understanding())
        message = InboundMessage("webchat", "citizen", "citizen", "m1", "u1", store.clock(), "text", "路灯不亮")
        await desk.reception.receive(message)
        await desk.http.close()
        await store.aclose()

    with monkeypatch.context() as patched:
        patched.setattr(citizen, "respond", breaks)
        asyncio.run(receive())
    monkeypatch.setattr(citizen, "respond", breaks)
    return monkeypatch.undo


def test_a_failed_message_is_listed_without_its_words_and_run_again(
    failed: Callable[[], None], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = as_json("inbox", "list")
    assert (row["channel"], row["account"], row["error"]) == ("webchat", "citizen", "KeyError")
    assert "路灯" not in run("inbox", "list").stdout
    said = run("inbox", "retry", ok=False)
    assert "still fails (KeyError)" in said.stderr
    failed()
    monkeypatch.setenv("MASHANG_DATA_DIR", str(folder))
    monkeypatch.setenv("MASHANG_SECRET_KEY", KEY)
    assert "1 of 1 handled" in run("inbox", "retry").stdout
    assert as_json("inbox", "list") == []
    assert "0 of 0 handled" in run("inbox", "retry").stdout


# --- doctor and database -------------------------------------------------------------------------------------------


def test_doctor_looks_at_a_folder_that_is_not_there_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MASHANG_DATA_DIR", str(tmp_path / "a" / "b" / "c"))
    assert findings()["disk"] == "ok"


def findings() -> dict[str, str]:
    result = CliRunner().invoke(app, ["doctor", "--json"])
    found = json.loads(result.stdout)
    assert (result.exit_code == 1) == any(item["level"] == "wrong" for item in found)
    order = ["ok", "note", "wrong"]
    worst: dict[str, str] = {}
    for item in found:
        worst[item["part"]] = max(item["level"], worst.get(item["part"], "ok"), key=order.index)
    return worst


def test_doctor_says_what_is_missing_on_a_fresh_machine() -> None:
    assert findings()["database"] == "wrong"
    run("db", "upgrade")
    found = findings()
    assert (found["database"], found["people"], found["taxonomy"]) == ("ok", "wrong", "ok")


@pytest.mark.usefixtures("county")
def test_doctor_says_that_nobody_hears_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    said = run("doctor", ok=False).stdout
    assert "main.py invite staff" in said
    monkeypatch.setenv("MASHANG_PUBLIC_URL", "http://example.org")
    assert findings()["public URL"] == "wrong"


def test_doctor_finds_failed_messages(failed: Callable[[], None]) -> None:
    assert findings()["inbox"] == "wrong"


def test_doctor_lists_every_setting_with_its_help() -> None:
    said = run("doctor", "--settings").stdout
    for name in ("DATABASE_URL", "DATA_DIR", "PUBLIC_URL", "SECRET_KEY", "TELEGRAM_CITIZEN_TOKEN"):
        assert f"MASHANG_{name}\n    " in said
    assert "None" not in said
    assert KEY not in said


def test_upgrading_twice_changes_nothing() -> None:
    assert "none →" in run("db", "upgrade").stdout
    first = run("db", "upgrade").stdout
    assert first == run("db", "upgrade").stdout


def test_every_history_is_checked_and_a_changed_line_is_found(store: Store, folder: Path) -> None:
    sealed = report(store, BRIBE)
    store.close()
    assert "1 histories checked, 0 broken" in run("db", "verify").stdout, "sealed ones as well"
    with sqlite3.connect(folder / "mashang.db") as database:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            database.execute("UPDATE case_events SET actor_role = 'staff'")
        guards = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'case_events'")
        for (guard,) in guards.fetchall():
            database.execute(f"DROP TRIGGER {guard}")
        database.execute("UPDATE case_events SET actor_role = 'staff' WHERE seq = 1")
    database.close()
    assert f"{sealed}: event 1 was changed" in run("db", "verify", ok=False).stderr


def test_a_backup_is_restored_into_an_empty_folder(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = report(store, "路灯不亮")
    store.close()
    run("backup", str(tmp_path / "copy"))
    assert run("backup", str(tmp_path / "copy"), ok=False).stderr, "never over another backup"
    monkeypatch.setenv("MASHANG_DATA_DIR", str(tmp_path / "elsewhere"))
    run("restore", str(tmp_path / "copy"))
    assert number in run("export", "cases").stdout
    assert run("restore", str(tmp_path / "copy"), ok=False).stderr, "never over data that is there"


# --- settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "SECRET_KEY",
        "TELEGRAM_CITIZEN_TOKEN",
        "TELEGRAM_DESK_TOKEN",
        "TELEGRAM_WEBHOOK_SECRET",
        "DINGTALK_CLIENT_SECRET",
        "WECOM_SECRET",
    ],
)
@pytest.mark.parametrize(
    "sample",
    ["change-me", "changeme" * 8, "Password1", "your-token-here", "<a token>", "example" * 8, "xxxxxxxx", "123456:ABC"],
)
def test_a_sample_secret_stops_the_start_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, sample: str
) -> None:
    monkeypatch.setenv(f"MASHANG_{name}", sample)
    said = run("codes", "list", ok=False).stderr
    assert f"MASHANG_{name}" in said
    assert sample not in said


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECRET_KEY", "short", "32 characters"),
        ("PORT", "eighty", "MASHANG_PORT"),
        ("DATABASE_URL", "mysql://x/y", "MASHANG_DATABASE_URL"),
        ("DATABASE_URL", "nonsense", "MASHANG_DATABASE_URL"),
        ("DATA_DIR", "/proc/no/such", ""),
        ("TELEGRAM_WEBHOOK_SECRET", "two words", "MASHANG_TELEGRAM_WEBHOOK_SECRET is not"),
        ("TELEGRAM_WEBHOOK_SECRET", "ключ", "MASHANG_TELEGRAM_WEBHOOK_SECRET is not"),
    ],
)
def test_a_wrong_setting_is_named_in_a_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(f"MASHANG_{name}", value)
    result = run("codes", "list", ok=False)
    assert result.stderr.strip()
    assert said in result.stderr


TOKEN = "7000000001:AAF-real-looking-token"


@pytest.mark.parametrize("name", ["TELEGRAM_CITIZEN_TOKEN", "TELEGRAM_DESK_TOKEN"])
@pytest.mark.parametrize(
    "value",
    ["7000000001", "7000000001:", "7000000001:AAF-cut", "AAF-real-looking-token", "x:AAF-real-looking-token",
     "٣:AAF-real-looking-token", f" {TOKEN}", f"{TOKEN} ", f"{TOKEN}\n", f"{TOKEN}/x", f"bot{TOKEN}", f"{TOKEN}é",
     TOKEN.replace(":", "："), f"{TOKEN}:{TOKEN}"],
)  # fmt: skip
def test_a_token_that_can_be_none_stops_the_start_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A bot's library would refuse it, but only once everything else is being served."""
    monkeypatch.setenv(f"MASHANG_{name}", value)
    said = run("serve", ok=False).stderr.strip()
    assert said == f"MASHANG_{name} is no bot's token: digits, a colon and 35 of A-Z a-z 0-9 _ -"


@pytest.mark.parametrize("base", ["", "api.telegram.org", "ftp://x", "https://", "http://x:99999", "http://u:p@x"])
def test_an_address_of_telegram_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("MASHANG_TELEGRAM_API_BASE", base)
    assert load_settings(), "without a bot nobody asks for it"
    monkeypatch.setenv("MASHANG_TELEGRAM_CITIZEN_TOKEN", TOKEN)
    with pytest.raises(SettingsError, match="MASHANG_TELEGRAM_API_BASE"):
        load_settings()


DINGTALK = {"CLIENT_ID": "dingabcdefgh1234", "CLIENT_SECRET": "Real-looking_secret0123456789"}


@pytest.mark.parametrize("missing", DINGTALK)
def test_half_of_dingtalk_stops_the_start_and_says_which_half_is_missing(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name, value in DINGTALK.items():
        if name != missing:
            monkeypatch.setenv(f"MASHANG_DINGTALK_{name}", value)
    said = run("serve", ok=False).stderr.strip()
    assert said == f"dingtalk is only half set: MASHANG_DINGTALK_{missing} missing; set all or none"


@pytest.mark.parametrize("name", DINGTALK)
@pytest.mark.parametrize("value", ["short", "with blank inside", "dingabcdefgh1234\n", "钉钉abcdefgh", "a" * 129])
def test_what_can_be_no_credential_of_dingtalk_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for other, good in DINGTALK.items():
        monkeypatch.setenv(f"MASHANG_DINGTALK_{other}", good)
    monkeypatch.setenv(f"MASHANG_DINGTALK_{name}", value)
    with pytest.raises(SettingsError, match=f"MASHANG_DINGTALK_{name} ") as raised:
        load_settings()
    assert value not in str(raised.value)


def test_a_sample_client_id_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**DINGTALK, "CLIENT_ID": "your-app-key"}.items():
        monkeypatch.setenv(f"MASHANG_DINGTALK_{name}", value)
    with pytest.raises(SettingsError, match="MASHANG_DINGTALK_CLIENT_ID is still a sample"):
        load_settings()


@pytest.mark.parametrize("base", ["", "api.dingtalk.com", "ftp://x", "https://", "http://u:p@x"])
def test_an_address_of_dingtalk_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch, base: str) -> None:
    monkeypatch.setenv("MASHANG_DINGTALK_API_BASE", base)
    assert load_settings(), "without the robot nobody asks for it"
    for name, value in DINGTALK.items():
        monkeypatch.setenv(f"MASHANG_DINGTALK_{name}", value)
    with pytest.raises(SettingsError, match="MASHANG_DINGTALK_API_BASE"):
        load_settings()


def test_the_work_bot_needs_a_token_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CITIZEN", "DESK"):
        monkeypatch.setenv(f"MASHANG_TELEGRAM_{name}_TOKEN", TOKEN)
    with pytest.raises(SettingsError, match="DESK_TOKEN"):
        load_settings()


def test_a_webhook_needs_a_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASHANG_TELEGRAM_WEBHOOK_SECRET", "aReal_LookingSecret")
    monkeypatch.delenv("MASHANG_PUBLIC_URL")
    with pytest.raises(SettingsError, match="PUBLIC_URL"):
        load_settings()


WECHAT = {
    "APP_ID": "wx5f2e1c9a7b30d468", "APP_SECRET": "0" * 32, "TOKEN": "aRealLookingToken", "AES_KEY": "k" * 43,
}  # fmt: skip


def set_wechat(monkeypatch: pytest.MonkeyPatch, **changed: str) -> None:
    for name, value in (WECHAT | changed).items():
        monkeypatch.setenv(f"MASHANG_WECHAT_{name}", value)


@pytest.mark.parametrize("missing", [(name,) for name in WECHAT] + [("APP_SECRET", "AES_KEY")])
def test_half_of_a_wechat_account_stops_the_start(monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...]) -> None:
    set_wechat(monkeypatch, **dict.fromkeys(missing, ""))
    named = ", ".join(f"MASHANG_WECHAT_{name}" for name in missing)
    assert run("serve", ok=False).stderr.strip() == f"wechat is only half set: {named} missing; set all or none"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AES_KEY", "k" * 42, "is not 43 of"), ("AES_KEY", "k" * 44, "is not 43 of"), ("AES_KEY", "k" * 42 + "=", "43"),
        ("AES_KEY", "k" * 42 + "é", "43"), ("TOKEN", "aa", "is not 3 to 32"), ("TOKEN", "a" * 33, "is not 3 to 32"),
        ("TOKEN", "two words", "is not 3 to 32"), ("TOKEN", "change-me", "still a sample"),
        ("APP_SECRET", "your-app-secret", "still a sample"), ("API_BASE", "api.weixin.qq.com", "address of an API"),
        ("TEMPLATES", "/no/such/file", "No such file"),
    ],
)  # fmt: skip
def test_a_wechat_setting_that_can_be_none_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    set_wechat(monkeypatch, **{name: value})
    told = run("serve", ok=False).stderr.strip()
    assert told.startswith(f"MASHANG_WECHAT_{name}")
    assert said in told
    assert WECHAT["AES_KEY"] not in told


WECOM = {
    "CORP_ID": "ww5f2e1c9a7b30d468", "AGENT_ID": "1000002", "SECRET": "0" * 43, "TOKEN": "aRealLookingToken",
    "AES_KEY": "k" * 43,
}  # fmt: skip


def set_wecom(monkeypatch: pytest.MonkeyPatch, **changed: str) -> None:
    for name, value in (WECOM | changed).items():
        monkeypatch.setenv(f"MASHANG_WECOM_{name}", value)


@pytest.mark.parametrize("missing", [(name,) for name in WECOM] + [("AGENT_ID", "AES_KEY")])
def test_a_part_of_a_wecom_app_stops_the_start(monkeypatch: pytest.MonkeyPatch, missing: tuple[str, ...]) -> None:
    set_wecom(monkeypatch, **dict.fromkeys(missing, ""))
    named = ", ".join(f"MASHANG_WECOM_{name}" for name in missing)
    assert run("serve", ok=False).stderr.strip() == f"wecom is only half set: {named} missing; set all or none"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CORP_ID", "ww 1"), ("CORP_ID", "w"), ("AGENT_ID", "app"), ("AGENT_ID", "-1"), ("AGENT_ID", "１００"),
        ("TOKEN", "aa"), ("TOKEN", "change-me"), ("AES_KEY", "k" * 42), ("SECRET", "your-app-secret"),
        ("API_BASE", "qyapi.weixin.qq.com"),
    ],
)  # fmt: skip
def test_a_wecom_setting_that_can_be_none_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    set_wecom(monkeypatch, **{name: value})
    with pytest.raises(SettingsError, match=f"^MASHANG_WECOM_{name}") as raised:
        load_settings()
    assert WECOM["SECRET"] not in str(raised.value)
    assert WECOM["AES_KEY"] not in str(raised.value)


def test_wechat_templates_are_looked_at_before_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "templates.yaml"
    set_wechat(monkeypatch, TEMPLATES=str(path))
    path.write_text("case.answered: {template: Kx2h, fields: {thing1: 有答复了}}", "utf-8")
    assert load_settings().wechat_templates == str(path)
    path.write_text("case.answerd: {template: Kx2h, fields: {thing1: 有答复了}}", "utf-8")
    with pytest.raises(SettingsError, match=r"MASHANG_WECHAT_TEMPLATES: case\.answerd: there is no such notice"):
        load_settings()


def test_a_key_is_made_once_where_none_is_set(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.delenv("MASHANG_SECRET_KEY")
    first = load_settings().key
    assert (len(first) >= 32, load_settings().key) == (True, first)
    assert (folder / "secret.key").stat().st_mode & 0o777 == 0o600


def test_settings_are_read_from_a_file_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MASHANG_PUBLIC_URL")
