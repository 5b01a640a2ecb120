"""What `bot/openapi.yaml` allows and what it forbids, made up by schemathesis and sent to the real server.

`MASHANG_TEST_EXAMPLES` (30) is how many random requests of each operation; the cases at the edges of each field, and
those of the wrong kind, come besides.
"""

import os
from typing import Any

import httpx
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from benchmarks.soak_program import ROOT
from bot.channels.webchat_session import COOKIES
from tests.hostile.station import SECRET, Station

EXAMPLES = int(os.environ.get("MASHANG_TEST_EXAMPLES", "30"))
CONFIG = {
    "generation": {"mode": "all", "deterministic": True, "with-security-parameters": False},
    # The server's word for what it refuses is often more exact than a plain 400.
    "checks": {"negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 405, 410, 413, 415]},
               "positive_data_acceptance": {"expected-statuses": [200, 303, 401, 404, 410]}},
    "request-timeout": 20,
    # A stream goes on for ever, also where there is nothing to tell; its beginning is looked at.
    "max-stream-events": 1,
    "operations": [{"include-path-regex": "/stream$", "request-timeout": 0.3}],
}  # fmt: skip

description = yaml.safe_load((ROOT / "bot" / "openapi.yaml").read_text("utf-8"))
api = schemathesis.openapi.from_dict(description, config=SchemathesisConfig.from_dict(CONFIG))


@api.hook
def filter_body(context: Any, body: Any) -> bool:
    """JSON Schema takes 1.0 for an integer; neither Telegram nor our page writes one like that, and we take none."""
    if isinstance(body, dict | list):
        return all(filter_body(context, inner) for inner in (body.values() if isinstance(body, dict) else body))
    return not (isinstance(body, float) and body.is_integer())


@api.hook
def filter_headers(context: Any, headers: Any) -> bool:
    """An empty one is none, to us as to a browser; schemathesis means by it now the number 0, now the word false."""
    return not headers or headers.get("Last-Event-ID") != ""


@pytest.fixture(scope="module")
def admitted(served: tuple[Station, Any]) -> dict[str, str]:
    """What opens each web chat: a citizen's session and a member's."""
    station, _ = served
    with httpx.Client(base_url=station.url) as browser:
        browser.post("/chat", json={"code": station.station_code}).raise_for_status()
        assert browser.post(f"/join/{station.web_desk}").status_code == 303
        sessions = {account: browser.cookies[cookie] for account, cookie in COOKIES.items()}
    station.cookies.update(sessions.values())
    return sessions


@api.parametrize()
@settings(
    max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_the_server_keeps_its_description(case: Case, admitted: dict[str, str], station: Station) -> None:
    needed = {scheme for schemes in case.operation.definition.raw.get("security", ()) for scheme in schemes}
    cookies = {COOKIES[account]: token for account, token in admitted.items() if account in needed}
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET} if "telegram" in needed else {}
    # A form's field is text whatever was meant, so a number where a text belongs is right again on the wire.
    excluded = [negative_data_rejection] if case.media_type == "multipart/form-data" else []
    if needed & {"wechat", "wecom"}:
        # What must be signed nobody can make up.
        excluded.append(positive_data_acceptance)
    case.call_and_validate(
        base_url=station.url, allow_redirects=False, cookies=cookies, headers=headers, excluded_checks=excluded
    )
