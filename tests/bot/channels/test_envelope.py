"""Vectors that others published, an implementation of the test's own, and calls as nobody honest makes them."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.envelope import BODY_LIMIT, FRESH_SECONDS, REMEMBERED, REPEATS, Envelope, Refused, Signed
from bot.channels.safe_xml import BadXml, cdata, read_xml
from tests.bot.channels.envelopes import Sealed, decrypt, element, encrypt, encrypt_raw, sha1_of

NOW = datetime(2026, 11, 28, 4, tzinfo=UTC)
ACCOUNT = Sealed("QDG6eK-own", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7")
TEXT = "<xml><FromUserName><![CDATA[o1]]></FromUserName><Content><![CDATA[路灯不亮]]></Content></xml>"


class Now:
    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def opener(account: Sealed = ACCOUNT, at: datetime | Now = NOW) -> Envelope:
    clock = at if isinstance(at, Now) else Now(at)
    return Envelope(token=account.token, aes_key=account.aes_key, receiver=account.receiver, clock=clock)


def refused(envelope: Envelope, query: dict[str, str], body: bytes) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        envelope.open(query, body)
    assert caught.value.__cause__ is None
    return caught.value.status, caught.value.reason


# Published vectors.

# WeCom's documentation, "加解密方案说明", and its sample code.
WECOM = Sealed("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7")
WECOM_POST = (
    {
        "msg_signature": "477715d11cdb4164915debcba66cb864d751f3e6",
        "timestamp": "1409659813",
        "nonce": "1372623149",
    },
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3"
    "TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gs"
    "ijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUa"
    "x5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIG"
    "HBZZIs2pDBS8R07+qN+E7Q==",
)
WECOM_GET = {
    "msg_signature": "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
    "timestamp": "1409659589",
    "nonce": "263014780",
    "echostr": "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==",
}
# The sample code of WeChat's open platform. The account is in its compatible mode: the plain fields beside the
# encrypted one are not looked at.
WECHAT = Sealed("spamtest", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx2c2769f8efd9abc2")
WECHAT_POST = (
    {
        "msg_signature": "5d197aaffba7e9b25a30732f161a50dee96bd5fa",
        "timestamp": "1409735669",
        "nonce": "1320562132",
    },
    "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXp"
    "bUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlp"
    "Kn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD"
    "1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE=",
)
# wechatpy's own tests at 5b8502e.
WECHATPY = Sealed("123456", "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR", "wx49f0ab532d5d035a")
WECHATPY_POST = (
    {
        "msg_signature": "74d92dfeb87ba7c714f89d98870ae5eb62dff26d",
        "timestamp": "1411525903",
        "nonce": "461056294",
    },
    "RgqEoJj5A4EMYlLvWO1F86ioRjZfaex/gePD0gOXTxpsq5Yj4GNglrBb8I2BAJVODGajiFnXBu7mCPatfjsu6IHCrsTyeDXzF6Bv283dGymzxh6y"
    "dJRvZsryDyZbLTE7rhnus50qGPMfp2wASFlzEgMW9z1ef/RD8XzaFYgm7iTdaXpXaG4+BiYyolBug/gYNx410cvkKR2/nPwBiT+P4hIiOAQqGp/T"
    "ywZBtDh1yCF2KOd0gpiMZ5jSw3e29mTvmUHzkVQiMS6td7vXUaWOMZnYZlF3So2SjHnwh4jYFxdgpkHHqIrH/54SNdshoQgWYEvccTKe7FS709/5"
    "t6NMxuGhcUGAPOQipvWTT4dShyqio7mlsl5noTrb++x6En749zCpQVhDpbV6GDnTbcX2e8K9QaNWHp91eBdCRxthuL0=",
)


@pytest.mark.parametrize(
    ("account", "post", "sender", "content"),
    [
        (WECOM, WECOM_POST, "mycreate", "hello"),
        (WECHAT, WECHAT_POST, "oyORnuP8q7ou2gfYjqLzSIWZf0rs", "abcdteT"),
        (WECHATPY, WECHATPY_POST, "messense", "test"),
    ],
    ids=["wecom", "wechat", "wechatpy"],
)
def test_published_calls_are_opened(
    account: Sealed, post: tuple[dict[str, str], str], sender: str, content: str
) -> None:
    query, encrypted = post
    at = datetime.fromtimestamp(int(query["timestamp"]), UTC)
    body = f"<xml><Content>plain</Content><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()
    message = opener(account, at).open(query, body)
    assert (message.findtext("FromUserName"), message.findtext("Content")) == (sender, content)
    # The test's own half, by which the rest is judged, is right too.
    assert sha1_of(account.token, query["timestamp"], query["nonce"], encrypted) == query["msg_signature"]
    assert decrypt(encrypted, account.aes_key)[1] == account.receiver


def test_the_published_check_of_an_address_is_answered() -> None:
    at = datetime.fromtimestamp(int(WECOM_GET["timestamp"]), UTC)
    assert opener(WECOM, at).echo_sealed(WECOM_GET) == "1616140317555161061"
    twice = {**WECOM_GET, "echostr": WECOM_GET["echostr"].replace("+", " ")}
    assert opener(WECOM, at).echo_sealed(twice) == "1616140317555161061"


def test_the_published_ciphertext_is_made_again() -> None:
    """From the Java sample of WeChat's open platform, which fixes the random head."""
    text, key, appid = "我是中文abcd123", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wxb11529c136998cb6"
    published = "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="
    assert encrypt(text.encode(), appid, key, head=b"aaaabbbbccccdddd") == published
    envelope = opener(Sealed("pamtest", key, appid))
    query, _ = Sealed("pamtest", key, appid).call_with(published, NOW)
    assert envelope.echo_sealed({**query, "echostr": published}) == text


# Both ways, against the test's own implementation.


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_what_a_platform_seals_is_opened_and_what_we_seal_it_opens(text: str) -> None:
    xml = f"<xml><Content>{cdata(text)}</Content></xml>"
    query, body = ACCOUNT.call(xml, NOW)
    opened = opener().open(query, body)
    answer = ACCOUNT.answer(opener().seal(xml))
    assert answer == xml
    assert opened.findtext("Content") == read_xml(answer).findtext("Content")


def test_equal_answers_look_different() -> None:
    envelope = opener()
    assert len({element(envelope.seal(TEXT), "Encrypt") for _ in range(50)}) == 50


@given(st.text())
def test_any_text_stands_in_an_answer_as_it_is_but_for_what_xml_can_not_hold(text: str) -> None:
    xml = f"<xml><Content>{cdata(text)}</Content></xml>".encode()
    kept = "".join(
        c for c in text
        if c in "\t\n\r" or (c >= "\x20" and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )  # fmt: skip
    # A parser reads every end of line as "\n" (https://www.w3.org/TR/xml/#sec-line-ends).
    assert element(xml, "Content") == kept.replace("\r\n", "\n").replace("\r", "\n")


# What is refused.


def test_a_plain_body_is_refused() -> None:
    query, _ = ACCOUNT.call(TEXT, NOW)
    assert refused(opener(), query, TEXT.encode()) == (400, "plain")
    assert refused(opener(), query, b"<xml><Encrypt></Encrypt></xml>") == (400, "plain")
    as_in_plain_mode = {name: query[name] for name in ("signature", "timestamp", "nonce")}
    assert refused(opener(), as_in_plain_mode, TEXT.encode()) == (400, "plain")


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
@pytest.mark.parametrize("value", [None, "", "x" * 65, "٣" * 10, "\u200b", "-1", "1e9", "é"])
def test_a_query_that_lacks_something_is_refused(name: str, value: str | None) -> None:
    query, body = ACCOUNT.call(TEXT, NOW)
    changed = {key: entry for key, entry in query.items() if key != name}
    if value is not None:
        changed[name] = value
    status, reason = refused(opener(), changed, body)
    assert (status, reason) in [(400, "query"), (403, "signature"), (400, "plain")]


def test_another_token_or_a_changed_content_is_refused() -> None:
    query, body = ACCOUNT.call(TEXT, NOW)
    other = Sealed("another", ACCOUNT.aes_key, ACCOUNT.receiver).call(TEXT, NOW)
    assert refused(opener(), *other) == (403, "signature")
    assert refused(opener(), {**query, "nonce": "1"}, body) == (403, "signature")
    assert refused(opener(), query, ACCOUNT.call(TEXT + " ", NOW)[1]) == (403, "signature")
    # The signature of the plain parameters, which proves nothing of the content.
    assert refused(opener(), {**query, "msg_signature": query["signature"]}, body) == (403, "signature")


@pytest.mark.parametrize("seconds", [-FRESH_SECONDS - 1, FRESH_SECONDS + 1, 86_400])
def test_a_call_out_of_its_time_is_refused(seconds: int) -> None:
    call = ACCOUNT.call(TEXT, NOW)
    assert refused(opener(at=NOW + timedelta(seconds=seconds)), *call) == (403, "stale")


def test_a_call_is_taken_as_often_as_a_platform_repeats_it_and_no_more() -> None:
    envelope = opener()
    call = ACCOUNT.call(TEXT, NOW)
    for _ in range(REPEATS):
        assert envelope.open(*call).findtext("Content") == "路灯不亮"
    assert refused(envelope, *call) == (403, "replayed")
    assert envelope.open(*ACCOUNT.call(TEXT, NOW, nonce="2")) is not None


def test_a_call_that_was_refused_is_not_counted() -> None:
    envelope = opener()
    query, body = ACCOUNT.call(TEXT, NOW)
    for _ in range(REPEATS + 1):
        assert refused(envelope, query, body.replace(b"</Encrypt>", b"A</Encrypt>")) == (403, "signature")
    envelope.open(query, body)


def test_what_is_remembered_is_bounded_and_forgotten() -> None:
    clock = Now()
    envelope = opener(at=clock)
    for number in range(REMEMBERED + 10):
        envelope._remember(_signed(f"{number:040x}", clock.at))
    assert len(envelope._seen) == REMEMBERED
    clock.at += timedelta(seconds=FRESH_SECONDS + 1)
    envelope._remember(_signed("f" * 40, clock.at))
    assert len(envelope._seen) == 1


def test_another_account_in_a_right_envelope_is_refused() -> None:
    for receiver in ("wx0000000000000000", "wx5823bf96d3bd56c", "wx5823bf96d3bd56c77", "", " wx5823bf96d3bd56c7"):
        encrypted = encrypt(TEXT.encode(), receiver, ACCOUNT.aes_key)
        assert refused(opener(), *ACCOUNT.call_with(encrypted, NOW)) == (403, "receiver")


def test_a_body_that_is_too_long_is_refused() -> None:
    query, _ = ACCOUNT.call(TEXT, NOW)
    assert refused(opener(), query, b" " * (BODY_LIMIT + 1)) == (413, "size")


def _padded(body: bytes, tail: bytes) -> str:
    return encrypt_raw(body + tail, ACCOUNT.aes_key)


_WHOLE = b"r" * 16 + (8).to_bytes(4, "big") + b"<xml/>  " + b"wx5823bf96d3bd56c7" + b"\0" * 2


@pytest.mark.parametrize(
    "encrypted",
    [
        "!", "AAAA", "A" * 43, "Jj==", "é" * 24,
        base64.b64encode(b"x" * 31).decode(),
        base64.b64encode(b"x" * 32).decode(),
        encrypt_raw(b"\x20" * 32, ACCOUNT.aes_key),  # nothing but padding
        _padded(b"r" * 16, b"\x10" * 16),  # no room for a length
        _padded(b"r" * 16 + b"\xff\xff\xff\xff", b"\x0c" * 12),  # longer than there is
        _padded(_WHOLE, b"\0" * 16),  # padding 0, which wechatpy takes for all
        _padded(_WHOLE, b"\0" * 15 + b"\x21"),  # past a block
        _padded(_WHOLE, b"\x10" * 14 + b"\x0f\x10"),  # not the same throughout
        _padded(_WHOLE, b"\0" * 15 + b"\xff"),
    ],
)  # fmt: skip
def test_what_does_not_decipher_is_refused(encrypted: str) -> None:
    assert refused(opener(), *ACCOUNT.call_with(encrypted, NOW)) == (400, "cipher")


BOMBS = {
    "billion laughs": '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>',
    "quadratic": f'<!DOCTYPE x [<!ENTITY a "{"x" * 1000}">]><xml><Encrypt>{"&a;" * 1000}</Encrypt></xml>',
    "external entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Encrypt>&e;</Encrypt></xml>',
    "external DTD": '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><xml><Encrypt>x</Encrypt></xml>',
    "parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/"> %p;]><xml/>',
    "bare DTD": "<!DOCTYPE xml><xml><Encrypt>x</Encrypt></xml>",
    "undeclared entity": "<xml><Encrypt>&e;</Encrypt></xml>",
    "cut off": "<xml><Encrypt>",
    "not xml": "hello",
    "nothing": "",
    "another root": "<html><Encrypt>x</Encrypt></html>",
    "namespace": '<a:xml xmlns:a="b"/>',
    "zero character": "<xml>\0</xml>",
}


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_xml_is_refused_outside_and_inside_the_envelope(name: str) -> None:
    query, _ = ACCOUNT.call(TEXT, NOW)
    assert refused(opener(), query, BOMBS[name].encode()) == (400, "xml")
    assert refused(opener(), *ACCOUNT.call(BOMBS[name], NOW)) == (400, "xml")


@pytest.mark.parametrize(
    "body", [b"\xff\xfe<\0x\0", b"\xff", "<xml>é</xml>".encode("latin-1"), b"<xml>\xed\xa0\x80</xml>"]
)
def test_what_is_not_utf_8_is_refused(body: bytes) -> None:
    query, _ = ACCOUNT.call(TEXT, NOW)
    assert refused(opener(), query, body) == (400, "xml")
    encrypted = encrypt(body, ACCOUNT.receiver, ACCOUNT.aes_key)
    assert refused(opener(), *ACCOUNT.call_with(encrypted, NOW)) == (400, "xml")


def test_deep_nesting_is_read_without_harm() -> None:
    query, _ = ACCOUNT.call(TEXT, NOW)
    deep = f"<xml>{'<a>' * 30_000}{'</a>' * 30_000}</xml>".encode()
    assert refused(opener(), query, deep) == (400, "plain")


@given(st.binary(max_size=200))
def test_whatever_comes_is_opened_or_refused(body: bytes) -> None:
    query, _ = ACCOUNT.call(TEXT, NOW)
    with pytest.raises(Refused):
        opener().open(query, body)
    encrypted = base64.b64encode(body).decode()
    with pytest.raises(Refused):
        opener().open(*ACCOUNT.call_with(encrypted, NOW))
    with pytest.raises(Refused):
        opener().open(*ACCOUNT.call_with(encrypt(body, ACCOUNT.receiver, ACCOUNT.aes_key), NOW))


@given(st.text())
def test_a_text_is_no_xml_and_nothing_of_it_is_quoted(text: str) -> None:
    with pytest.raises(BadXml, match="not well-formed, or with a DTD"):
        read_xml(text)


# The check of an address.


def test_the_check_of_an_address_in_plain_is_echoed() -> None:
    query, _ = ACCOUNT.call(TEXT, NOW)
    assert opener().echo({**query, "echostr": "5448455673471530827"}) == "5448455673471530827"


@pytest.mark.parametrize("change", [{"nonce": "2"}, {"signature": "0" * 40}, {"timestamp": "1409659589"}])
def test_a_wrong_check_of_an_address_is_refused(change: dict[str, str]) -> None:
    query, _ = ACCOUNT.call(TEXT, NOW)
    with pytest.raises(Refused, match="signature"):
        opener().echo({**query, "echostr": "1", **change})
    with pytest.raises(Refused, match="signature"):
        opener().echo_sealed({**query, "echostr": "1", **change, "msg_signature": "0" * 40})


@pytest.mark.parametrize("echo", ["", "\n", "é", "a" * 2000])
def test_an_echo_that_no_platform_asks_for_is_refused(echo: str) -> None:
    query, _ = ACCOUNT.call(TEXT, NOW)
    with pytest.raises(Refused, match="query"):
        opener().echo({**query, "echostr": echo})


@pytest.mark.parametrize(
    ("token", "aes_key", "receiver"),
    [
        ("", "a" * 43, "wx1"),
        ("t", "a" * 43, ""),
        ("t", "a" * 42, "wx1"),
        ("t", "a" * 44, "wx1"),
        ("t", "é" * 43, "wx1"),
    ],
)
def test_an_envelope_needs_what_protects_it(token: str, aes_key: str, receiver: str) -> None:
    with pytest.raises(ValueError, match=r"needs a token|43 letters"):
        Envelope(token=token, aes_key=aes_key, receiver=receiver, clock=Now())


def _signed(signature: str, at: datetime) -> Signed:
    return Signed(signature, str(int(at.timestamp())), "1")
