"""The demo county for a served program, with the public bot by webhook at a fake Telegram."""

from pathlib import Path

from benchmarks.soak_program import free_port
from cli.demo_data import prepare_demo
from cli.settings import Settings
from cli.stage import find_code
from cli.wiring import open_store

TOKEN, SECRET = "1000001:AAE-endurance-0123456789", "endurance-webhook-0123456789"
KEY = "endurance-sealing-0123456789-0123456789"


def prepare(folder: Path, url: str = "") -> str:
    """A new database (without `url`, SQLite in the folder). Returns the code of a deputy."""
    settings = Settings(_env_file=None, data_dir=folder, database_url=url, secret_key=KEY)  # type: ignore[call-arg]
    store = open_store(settings)
    try:
        prepare_demo(store)
        with store.transaction() as uow:
            return find_code(uow, "HB", "086")
    finally:
        store.close()


def environment(api: str, folder: Path, url: str = "", **served: object) -> dict[str, str]:
    """For `served.py` on a free port; `api` is the fake Telegram's, `served` are the SERVED_… settings."""
    port = free_port()
    settings = {
        "DATA_DIR": str(folder), "DATABASE_URL": url, "HOST": "127.0.0.1", "PORT": str(port), "SECRET_KEY": KEY,
        "PUBLIC_URL": f"http://127.0.0.1:{port}", "TELEGRAM_CITIZEN_TOKEN": TOKEN, "TELEGRAM_API_BASE": api,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
    }  # fmt: skip
    ours = {f"SERVED_{name.upper()}": str(value) for name, value in ({"pace": 0} | served).items()}
    return {f"MASHANG_{name}": value for name, value in settings.items()} | ours
