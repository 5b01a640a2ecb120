"""Kept connections to a server that answers, dawdles, closes, lies or babbles."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot import lines as module
from bot.lines import Lines, Unreadable, unreached

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers the questions that come in with `answers`, in turn; None says nothing more on that connection."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.questions: list[bytes] = []
        self.connections = 0
        self.then_close = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                self.questions.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0) if self.answers else OK
                if answer is not None:
                    writer.write(answer)
                    await writer.drain()
                if self.then_close:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening(
    server: Server, tls: ssl.SSLContext | None = None, *, path: str = "", most: int = 100
) -> AsyncIterator[Lines]:
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    port = listener.sockets[0].getsockname()[1]
    lines = Lines(f"{'https' if tls else 'http'}://127.0.0.1:{port}{path}", most=most, limit=1000)
    try:
        yield lines
    finally:
        lines.close()
        listener.close()
        await listener.wait_closed()


async def ask(lines: Lines, body: bytes = b"{}", seconds: float = 2.0) -> tuple[int, bytes]:
    return await lines.post("/bot1:a/send", "application/json", body, seconds=seconds)


async def test_one_connection_carries_one_question_after_the_other() -> None:
    server = Server()
    async with listening(server, path="/api/") as lines:
        for body in (b"", b"{}", "路灯".encode()):
            assert await ask(lines, body) == (200, b"ok")
    assert server.connections == 1
    head, _, body = server.questions[2].partition(b"\r\n\r\n")
    first, *fields = head.split(b"\r\n")
    assert first == b"POST /api/bot1:a/send HTTP/1.1"
    assert {b"Content-Type: application/json", b"Content-Length: 6", b"User-Agent: mashang"} < set(fields)
    assert body.decode() == "路灯"


async def test_a_query_is_encoded_and_cannot_end_the_line() -> None:
    server = Server()
    async with listening(server, path="/api") as lines:
        await lines.post("/send", "text/plain", b"", seconds=2, query={"token": "a&b =\r\nX: y", "q": "路"})
    first = server.questions[0].partition(b"\r\n")[0]
    assert first == b"POST /api/send?token=a%26b+%3D%0D%0AX%3A+y&q=%E8%B7%AF HTTP/1.1"


async def test_questions_at_the_same_time_have_connections_of_their_own_up_to_the_limit() -> None:
    server = Server()
    async with listening(server, most=3) as lines:
        answers = await asyncio.gather(*(ask(lines) for _ in range(10)))
    assert answers == [(200, b"ok")] * 10
    assert server.connections == 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", (403, b"")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", (200, b"abcde")),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, (200, b"ok")),
        (b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere\r\nContent-Length: 0\r\n\r\n", (302, b"")),
    ],
)
async def test_answers_of_every_form_and_none_is_followed(answer: bytes, expected: tuple[int, bytes]) -> None:
    server = Server(answer)
    async with listening(server) as lines:
        assert await ask(lines) == expected
        assert await ask(lines) == (200, b"ok")
    assert server.connections == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"SMTP ready\r\n\r\n", Unreadable),
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", Unreadable),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001, Unreadable),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"100\r\n%b\r\n" % (b"x" * 256) * 5, Unreadable),
        (None, TimeoutError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", TimeoutError),
    ],
)
async def test_what_is_no_answer_is_an_error_and_the_next_question_is_not_spoilt(
    answer: bytes | None, error: type[Exception]
) -> None:
    server = Server(answer)
    async with listening(server) as lines:
        with pytest.raises(error):
            await ask(lines, seconds=0.1)
        assert await ask(lines) == (200, b"ok")
    assert server.connections == 2


@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
async def test_a_connection_cut_off_is_an_error_and_nothing_is_sent_twice(answer: bytes | None) -> None:
    server = Server(answer)
    server.then_close = True
    async with listening(server) as lines:
        with pytest.raises(OSError, match="closed"):
            await ask(lines)
    assert len(server.questions) == 1


async def test_a_second_answer_to_one_question_is_not_taken_for_the_next() -> None:
    server = Server(OK + OK.replace(b"ok", b"no"))
    async with listening(server) as lines:
        assert await ask(lines) == (200, b"ok")
        assert await ask(lines) == (200, b"ok")
    assert server.connections == 2


@pytest.mark.parametrize("closing", ["announced", "done", "too old"])
async def test_a_connection_that_may_be_closing_is_not_used_again(
    closing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") if closing == "announced" else OK)
    server.then_close = closing == "done"
    if closing == "too old":
        monkeypatch.setattr(module, "KEPT_FOR", 0.0)
    async with listening(server) as lines:
        assert await ask(lines) == (200, b"ok")
        await asyncio.sleep(0.01)
        assert await ask(lines) == (200, b"ok")
    assert server.connections == 2


async def test_nobody_there_is_an_error() -> None:
    server = Server()
    async with listening(server) as lines:
        pass
    with pytest.raises(ConnectionRefusedError) as refused:
        await ask(lines)
    assert unreached(refused.value)


async def test_a_server_that_does_not_even_connect_was_not_reached_and_one_that_says_nothing_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with listening(Server(None)) as lines:
        with pytest.raises(TimeoutError) as silent:
            await lines.post("/send", "text/plain", b"", seconds=0.05)
        assert not unreached(silent.value)

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
    with pytest.raises(TimeoutError) as missed:
        await lines.post("/send", "text/plain", b"", seconds=0.05)
    assert unreached(missed.value)


@pytest.mark.parametrize(
    "base", ["", "api.test", "ftp://api.test", "http://", "http://me:word@api.test", "http://接.test"]
)
def test_an_address_that_is_none_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match="address of an API"):
        Lines(base, limit=1)


async def test_a_path_cannot_carry_a_header() -> None:
    server = Server()
    async with listening(server) as lines:
        await lines.post("/bot1:a b\r\nX-Evil: 1/send", "application/json", b"", seconds=2.0)
    assert server.questions[0].startswith(b"POST /bot1:a%20b%0D%0AX-Evil:%201/send HTTP/1.1\r\nHost: ")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for this machine with its key, which nobody signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "api")])
    now = datetime.now().astimezone()
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain) + signed.public_bytes(encoding)
    )
    return path


async def test_tls_is_spoken_with_a_server_that_can_be_trusted_only(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    server = Server()
    async with listening(server, tls) as lines:
        with pytest.raises(ssl.SSLCertVerificationError):
            await ask(lines)
    assert server.questions == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with listening(server, tls) as lines:
        assert [await ask(lines) for _ in range(2)] == [(200, b"ok")] * 2
    assert server.connections == 1
