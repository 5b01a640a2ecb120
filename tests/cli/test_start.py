"""What a start imports. Libraries that a command does not use cost it tenths of a second and megabytes for good."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: `serve --demo` up to where it would listen; the last line is what had been imported by then.
SERVE = """
import json, sys
import cli.serve
from cli.common import settings

class Server:
    def __init__(self, app):
        self.app = app

    async def serve(self):
        before = sorted(sys.modules)
        if "to the end" in sys.argv:
            async with self.app.router.lifespan_context(self.app):
                before = sorted(sys.modules)
        print(json.dumps(before))

cli.serve.server_for = lambda app, **_: Server(app)
cli.serve.serve(settings(), demo=True)
"""

HELP = """
import json, runpy, sys
sys.argv = ["main.py", *sys.argv[1:]]
try:
    runpy.run_path("main.py", run_name="__main__")
except SystemExit:
    print(json.dumps(sorted(sys.modules)))
"""

BOTS = {
    "TELEGRAM_CITIZEN_TOKEN": f"1000001:{'a' * 35}", "TELEGRAM_DESK_TOKEN": f"1000002:{'b' * 35}",
    "DINGTALK_CLIENT_ID": "dingabcdefgh1234", "DINGTALK_CLIENT_SECRET": "c" * 40,
}  # fmt: skip

#: By package, why a start must not import it.
NOT_BY_A_START = {
    "alembic": "only a database that is not at the newest revision is migrated",
    "openpyxl": "for rosters and exports",
    "fpdf": "for posters",
    "fontTools": "for posters",
    "PIL": "for the first photo",
    "pypinyin": "for the first department that somebody types",
    "psycopg": "for PostgreSQL",
    "aiohttp": "for the first call of a platform",
    "httpx": "python-telegram-bot's, and not used",
    "aiogram": "for the citizens' bot, beside the rest",
    "telegram": "for the work bot, beside the rest",
    "dingtalk_stream": "for the work robot, beside the rest",
    "websockets": "dingtalk_stream's",
    "wechatpy": "for WeChat",
    "requests": "wechatpy's and dingtalk_stream's, and not used",
}

#: By `--help`, which people wait for at the keyboard.
NOT_BY_HELP = {"sqlalchemy", "starlette", "uvicorn", "structlog", "jinja2", "yaml"}


def imported(program: str, *words: str, folder: Path, **settings: str) -> set[str]:
    """The packages that `program` had imported at its end. Settings without their prefix."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MASHANG_")}
    given = {f"MASHANG_{name}": value for name, value in settings.items()}
    # So that no `.env` is read, a folder of its own, with the code in reach.
    environment = {**inherited, "PYTHONPATH": str(ROOT), "MASHANG_DATA_DIR": str(folder), **given}
    run = subprocess.run(
        [sys.executable, "-c", program.replace('"main.py"', repr(str(ROOT / "main.py"))), *words],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {name.partition(".")[0] for name in json.loads(run.stdout.splitlines()[-1])}


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path) -> Path:
    """The folder of a station whose tables are the newest."""
    assert sqlite_url.endswith(f"{tmp_path}/mashang.db")
    return tmp_path


def test_a_station_with_nothing_but_the_web_chat_imports_what_that_needs(served: Path) -> None:
    found = imported(SERVE, "to the end", folder=served)
    assert {"starlette", "sqlalchemy"} <= found
    assert not found & NOT_BY_A_START.keys()


def test_a_new_database_is_what_alembic_is_imported_for(tmp_path: Path) -> None:
    assert "alembic" in imported(SERVE, folder=tmp_path)


def test_bots_are_loaded_beside_the_rest_and_not_before(served: Path) -> None:
    found = imported(SERVE, folder=served, **BOTS)
    assert not found & {"aiogram", "telegram", "httpx", "dingtalk_stream", "websockets", "requests"}


@pytest.mark.parametrize("words", [["--help"], ["serve", "--help"], ["codes", "--help"]], ids=" ".join)
def test_help_imports_neither_a_database_nor_a_server(words: list[str], tmp_path: Path) -> None:
    found = imported(HELP, *words, folder=tmp_path)
    assert "typer" in found
    assert not found & {*NOT_BY_A_START, *NOT_BY_HELP}


def test_a_database_that_is_away_ends_the_start_with_one_line(tmp_path: Path) -> None:
    away = {"MASHANG_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "MASHANG_DATA_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "main.py", "serve"], env=os.environ | away, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith("The database can't be opened: ")
    assert "Traceback" not in run.stderr
