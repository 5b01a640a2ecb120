"""Pages, paths and headers."""

import asyncio
from urllib.parse import quote

import pytest

from tests.hostile import corpora
from tests.hostile.station import CANARY, Station, together

_TRAVERSALS = (
    "../secret.key", "..%2fsecret.key", "%2e%2e/secret.key", "%2e%2e%2fsecret.key", "..%252fsecret.key",
    "....//secret.key",
    "..%5csecret.key", "%2fetc%2fpasswd", "/etc/passwd", "..%c0%afsecret.key", "%00", "secret.key%00.jpg",
    "mashang.db",
    "..%2fmashang.db", "files%2f..%2fmashang.db", "~root", "C:%5cboot.ini", "%ff%fe", "a" * 3000,
    "%0d%0aX-Injected:%201",
    "..;/secret.key", ".%2e/.%2e/main.py", "%u002e%u002e", "con", "", ".", "..",
)  # fmt: skip
_FOLDERS = ("/c/", "/join/", "/chat/files/", "/desk/", "/desk/AAAAAAAA/files/", "/static/", "/", "//", "/telegram/")


@pytest.mark.parametrize("accept", ["text/html", "application/json", "*/*", "\u00e9", "a" * 5000])
async def test_no_path_leads_out(accept: str, station: Station) -> None:
    before = station.counts()

    async def ask(path: str) -> None:
        answer = await station.ask("GET", path, headers={"Accept": accept})
        assert answer.status in (200, 303, 304, 400, 401, 404, 405, 410, 414, 431), f"{answer.status} {path}"
        assert not any(inside in answer.body for inside in (b"root:", b"SQLite format", b"import typer"))
        assert "X-Injected" not in answer.headers

    await together(ask, [folder + way for folder in _FOLDERS for way in _TRAVERSALS])
    assert station.counts() == before


async def test_every_string_as_path_and_query(station: Station) -> None:
    await station.settled()
    before = station.counts()

    async def ask(string: str) -> None:
        typed = quote(string.encode("utf-8", "surrogatepass"), safe="")[:4000]
        for path in (
            f"/c/{typed}",
            f"/c?code={typed}",
            f"/join/{typed}",
            f"/chat?code={typed}",
            f"/?lang={typed}&code={typed}",
        ):
            answer = await station.ask("GET", path, headers={"Accept": "text/html"}, sent=string)
            assert answer.status in (200, 303, 400, 404, 410, 414), f"{answer.status} {string!r}"
            if "<" in string and len(string) > 8:
                assert string.encode("utf-8", "surrogatepass") not in answer.body, f"not escaped: {string!r}"
        if len(typed) < 500:
            assert (await station.ask("POST", f"/join/{typed}", sent=string)).status in (303, 404, 405, 410)

    strings = [*corpora.OWN, *corpora.naughty_strings()[::2], *corpora.payloads()[::3]]
    assert await together(ask, strings) > 60
    assert station.counts() == before


async def test_an_invitation_is_taken_only_by_its_button(station: Station) -> None:
    secret = station.spare
    await station.settled()
    before = station.counts()
    assert (await station.ask("GET", f"/join/{secret}", headers={"Accept": "text/html"})).status == 200
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await station.ask("POST", f"/join/{secret}", headers=headers)).status == 403
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert (await station.ask(method, f"/join/{secret}")).status == 405
    assert station.counts() == before
    answers = await asyncio.gather(*(station.ask("POST", f"/join/{secret}") for _ in range(10)))
    # Several may have looked at it while it was good; one has it.
    assert station.rows("SELECT count(*) FROM members WHERE name = '王磊' AND contact_id IS NOT NULL") == [(1,)]
    assert 303 in {answer.status for answer in answers}
    assert (await station.ask("POST", f"/join/{secret}")).status == 410


_HEADERS = (
    ("Host", "evil.example"), ("Host", ""), ("Host", "x" * 3000), ("Accept-Language", "x" * 5000),
    ("Accept-Language", "zh;q=NaN,en;q=1e999,;;,"),
    ("Accept-Language", "zh;q=" + "9" * 400), ("Cookie", "mashang_chat=\xff; ; =; =x; mashang_lang=../x"),
    ("Cookie", "a=b; " * 1000),
    ("Content-Length", "-1"), ("Content-Length", "abc"), ("Content-Length", "9" * 30), ("Content-Length", "\xb2"),
    ("Transfer-Encoding", "x"),
    ("Expect", "100-continue"), ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Range", "bytes=0-99999999999"),
    ("X-Forwarded-For", "' OR 1=1"), ("X-Forwarded-Host", "evil.example"), ("Forwarded", "for=x"),
    ("If-None-Match", '"' * 500),
    ("Content-Type", "multipart/form-data"), ("Content-Type", "multipart/form-data; boundary=" + "x" * 4000),
    ("Content-Encoding", "gzip"),
    ("Sec-Fetch-Site", "\xff"), ("Origin", "\x80"), ("User-Agent", f"${{jndi:ldap://127.0.0.1/{CANARY}}}"),
    ("Purpose", "\xff"),
)  # fmt: skip


async def test_hostile_headers_on_the_wire(station: Station) -> None:
    await station.settled()
    before = station.counts()

    async def send(case: tuple[str, str, str]) -> None:
        line, name, value = case
        host = b"" if name == "Host" else b"Host: x\r\n"
        head = (
            line.encode()
            + b" HTTP/1.1\r\n"
            + host
            + f"{name}: {value}".encode("latin-1")
            + b"\r\nConnection: close\r\n\r\n"
        )
        answer = await station.raw(head, wait=1)
        assert not answer.startswith(b"HTTP/1.1 5"), f"{name}: {value[:80]!r} to {line}: {answer[:300]!r}"
        assert b"Traceback" not in answer

    lines = (
        "GET /", "GET /chat", "GET /c/AAAAAAAA", "POST /chat", "POST /chat/messages", "POST /telegram/citizen",
        "POST /join/x", "GET /health",
    )  # fmt: skip
    await together(send, [(line, name, value) for line in lines for name, value in _HEADERS])
    assert station.counts() == before


async def test_what_is_no_http_at_all(station: Station) -> None:
    await station.settled()
    before = station.counts()
    post = b"POST /chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    for data in (
        b"\x00" * 100, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"G" * 100_000, b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        post + b"Content-Length: 3\r\nContent-Length: 30\r\n\r\n{}x",
        post + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
        post + b"Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n{",
        post + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ):  # fmt: skip
        answer = await station.raw(data, wait=1)
        assert not answer.startswith(b"HTTP/1.1 5"), answer[:300]
    assert station.counts() == before
    assert (await station.ask("GET", "/health")).status == 200


async def test_a_chunked_body_without_end_is_cut_off(station: Station) -> None:
    """A body of unknown length is bounded as it comes."""
    head = b"POST /chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    answer = await station.raw(head + chunk * 40, wait=5)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413"), answer[:300]
