"""The command line with hostile words and files, in this process: a plain refusal, no traceback, nothing changed."""

import io
import os
import random
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

import cli.classify
import cli.evaluate
from cli.app import app
from cli.demo_data import ROSTER
from cli.roster_template import write_template
from nlp.taxonomy import TaxonomyError, default_taxonomy, load_taxonomy
from tests.hostile import corpora
from tests.hostile.station import CANARY, KEY, clean_words
from tests.hostile.tally import Tally
from tests.routing.county import understanding

Run = Callable[..., str]
#: What no shell can hand over, and what would begin to serve or to play.
_NEVER = ("\x00",)
STRINGS = [
    string
    for string in (*corpora.OWN, *corpora.naughty_strings()[::3], *corpora.payloads()[::6], "\udcff\udc80", "-", "--")
    if not any(part in string for part in _NEVER)
]
#: Each with a hostile word at `?`. None of them has anything to find by such a word.
COMMANDS = (
    "classify ?", "classify ? --json", "?", "inbox ?", "db ?", "codes ?", "export ?", "export cases --format ?",
    "invite ? --name 陈静", "invite staff --name ?", "invite officer --name 周敏 --department ?",
    "invite deputy --name 086 --station ?", "codes revoke ?", "codes new --deputy ?", "codes new --station ?",
    "codes print --all --station ?", "codes print ?", "import ?", "evaluate ?", "restore ?", "doctor ?",
    "model ?", "model promote ?", "model train ?",
)  # fmt: skip


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a roster."""
    return tmp_path_factory.mktemp("county")


@pytest.fixture
def run(county: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally) -> Run:
    """Runs a command in the county as `main.py` would; what it said is judged."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("MASHANG_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MASHANG_DATA_DIR", str(county))
    monkeypatch.setenv("MASHANG_SECRET_KEY", KEY)
    monkeypatch.setattr(cli.classify, "_classifier", lambda: understanding().classifier)
    monkeypatch.setattr(cli.evaluate, "make_classifier", lambda taxonomy, model: understanding().classifier)
    monkeypatch.setattr(cli.evaluate, "load_taxonomy", default_taxonomy)
    runner = CliRunner()

    def run(*words: str, sent: str = "", codes: tuple[int, ...] = (0, 1, 2)) -> str:
        tally.cases["command line"] += 1
        result = runner.invoke(app, list(words))
        left = result.exception
        assert left is None or isinstance(left, SystemExit), f"{words!r}: {left!r}"
        assert result.exit_code in codes, f"{words!r}: {result.exit_code}\n{result.output}"
        clean_words(result.output, sent)
        return str(result.output)

    if not (county / "mashang.db").exists():
        run("import", str(ROSTER), codes=(0,))
    return run


def _rows(county: Path) -> dict[str, int]:
    with sqlite3.connect(county / "mashang.db") as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
    database.close()
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_a_hostile_word_is_refused_plainly(command: str, run: Run, county: Path) -> None:
    before = _rows(county)
    for string in STRINGS[COMMANDS.index(command) % 8 :: 8]:
        words = [string if word == "?" else word for word in command.split()]
        # What begins with a dash would be an option, or "--help".
        run(*words, sent=string)
    assert _rows(county) == before


def test_words_that_are_kept_come_back_byte_for_byte(run: Run, county: Path) -> None:
    kept = [string for string in STRINGS if string.isprintable() and string.strip() == string][::5]
    for string in kept:
        run("codes", "new", "--station", "HB", f"--place={string}", sent=string, codes=(0,))
    with sqlite3.connect(county / "mashang.db") as database:
        places = {place for (place,) in database.execute("SELECT place FROM codes")}
    database.close()
    assert set(kept) <= places
    listed = run("codes", "list", "--json", sent="\n".join(kept))
    assert listed.count('"code"') == len(kept)


def _workbook(folder: Path) -> bytes:
    """A roster that would be taken."""
    path = folder / "roster.xlsx"
    write_template(path)
    book = load_workbook(path)
    for page in book.worksheets[:-1]:
        # Its example counts as one only while its note says so.
        page.cell(2, page.max_column, "真的")
    book.save(path)
    return path.read_bytes()


def _with_part(whole: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.namelist():
            target.writestr(entry, content if entry == name else source.read(entry))
    return out.getvalue()


def _hostile_workbooks(whole: bytes) -> Iterator[bytes]:
    for content in corpora.xml_files().values():
        for part in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"):
            yield _with_part(whole, part, content)
    yield from (whole[:length] for length in range(0, len(whole), len(whole) // 25))
    chance = random.Random(5)
    for _ in range(50):
        spoilt = bytearray(whole)
        for at in chance.sample(range(len(whole)), 8):
            spoilt[at] = chance.randrange(256)
        yield bytes(spoilt)
    yield from (*corpora.json_files().values(), *corpora.xml_files().values())


def test_a_hostile_workbook_is_no_roster(run: Run, county: Path, tmp_path: Path) -> None:
    before = _rows(county)
    whole = _workbook(tmp_path)
    file = tmp_path / "hostile.xlsx"
    for content in _hostile_workbooks(whole):
        file.write_bytes(content)
        # Bytes that nothing depends on may be changed without harm, and then it is the roster that it was.
        run("import", str(file), "--dry-run", codes=(0, 1))
    assert _rows(county) == before


def test_hostile_yaml_is_no_roster_and_no_taxonomy(run: Run, county: Path, tmp_path: Path, tally: Tally) -> None:
    before = _rows(county)
    file = tmp_path / "hostile.yaml"
    bombs = (b"a: &a [x]\n" + b"b: &b [*a, *a]\n" * 50, b"!!python/object/apply:os.system [id]", b"- " * 50_000)
    texts = [string.encode("utf-8", "surrogatepass") for string in corpora.strings()[::8]]
    for content in (*bombs, *corpora.json_files().values(), *corpora.xml_files().values(), *texts):
        file.write_bytes(content)
        run("import", str(file), sent=content.decode("utf-8", "replace"), codes=(1,))
        with pytest.raises(TaxonomyError):
            load_taxonomy(file)
        tally.cases["imported files"] += 2
    assert _rows(county) == before


def test_hostile_text_in_a_roster_is_kept_as_text(run: Run, tmp_path: Path, county: Path) -> None:
    """A formula, a tag, a command: in a name it is a name, or it is refused with its row."""
    template = ROSTER.read_text("utf-8")
    file = tmp_path / "names.yaml"
    for string in STRINGS[::8]:
        if not string.isprintable():
            continue
        quoted = "'" + string.replace("'", "''") + "'"
        file.write_text(template.replace("林秋", "X", 1).replace("name: X", f"name: {quoted}", 1), "utf-8")
        run("import", str(file), "--dry-run", sent=string, codes=(0, 1))


def test_hostile_labelled_sentences_are_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "hostile.tsv"
    for content in (
        *corpora.json_files().values(),
        *corpora.xml_files().values(),
        b"\xff\xfe",
        b"\t\t\t",
        b"x\tNONE\n",
    ):
        file.write_bytes(content)
        run("evaluate", str(file), sent=content.decode("utf-8", "replace"), codes=(0, 1))


def test_hostile_labelled_messages_and_label_maps_are_refused(run: Run, tmp_path: Path) -> None:
    """Each as the messages, and as the map of good ones."""
    hostile, good = tmp_path / "hostile.jsonl", tmp_path / "good.jsonl"
    good.write_text('{"text": "路灯不亮", "label": "roads"}\n', "utf-8")
    bomb = b"a: &a [CG04]\n" + b"b: &b [*a, *a]\n" * 50
    for content in (*corpora.json_files().values(), *corpora.xml_files().values(), b"\xff\xfe", b"- " * 50_000, bomb):
        hostile.write_bytes(content)
        sent = content.decode("utf-8", "replace")
        run("evaluate", str(hostile), "--json", sent=sent, codes=(1,))
        run("evaluate", str(good), "--label-map", str(hostile), "--json", sent=sent, codes=(1,))


def test_what_is_no_backup_is_not_restored(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = tmp_path / "backup"
    run("backup", str(good), codes=(0,))
    database = next(path for path in good.rglob("*") if path.read_bytes()[:6] == b"SQLite") if good.is_dir() else good
    whole = database.read_bytes()
    chance = random.Random(6)
    target = tmp_path / "target"
    monkeypatch.setenv("MASHANG_DATA_DIR", str(target))
    damaged = [whole[:length] for length in range(0, len(whole), len(whole) // 15)][:-1]
    damaged += [bytes(chance.choices(range(256), k=5000)), b"SQLite format 3\0" + b"\xff" * 5000]
    damaged += list(corpora.json_files().values())[:40]
    for content in damaged:
        database.write_bytes(content)
        run("restore", str(good), codes=(1,))
        assert not (target / "mashang.db").exists(), "a broken database was put in place"


_SETTINGS = ("SECRET_KEY", "DATABASE_URL", "PORT", "HOST", "PUBLIC_URL", "TELEGRAM_CITIZEN_TOKEN", "TELEGRAM_API_BASE",
             "TELEGRAM_WEBHOOK_SECRET", "OLDER_SECRET_KEYS", "POSTER_FONT", "WECHAT_APP_ID", "WECHAT_APP_SECRET",
             "WECHAT_TOKEN", "WECHAT_AES_KEY", "WECHAT_API_BASE", "WECHAT_TEMPLATES")  # fmt: skip


@pytest.mark.parametrize("name", _SETTINGS)
def test_a_hostile_setting_is_named_and_never_quoted(
    name: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for position, string in enumerate(STRINGS[::40]):
        value = f"{string}{CANARY}"
        if position % 2 and "\n" not in value:
            monkeypatch.delenv(f"MASHANG_{name}", raising=False)
            (tmp_path / ".env").write_text(f"MASHANG_{name}={value}\n", "utf-8", "surrogatepass")
        else:
            (tmp_path / ".env").unlink(missing_ok=True)
            monkeypatch.setenv(f"MASHANG_{name}", value)
        said = run("doctor", sent=value)
        if "SECRET" in name or "TOKEN" in name or name == "DATABASE_URL":
            assert CANARY not in said, f"a secret is shown: {said[:500]}"
