"""The encrypted envelope in which WeChat and WeCom hand over messages and take answers.

    <xml><ToUserName>…</ToUserName><Encrypt>base64</Encrypt></xml>    ?msg_signature=…&timestamp=…&nonce=…

    msg_signature   sha1 of the sorted token, timestamp, nonce and Encrypt
    Encrypt         AES-256-CBC, IV = the key's first 16 bytes, padded by PKCS#7 to 32:
                    16 random bytes | length of the message, 4 bytes, big-endian | message | our appid or corpid

(https://developers.weixin.qq.com/doc/oplatform/developers/dev/Message_Encryption_and_Decryption.html,
https://developer.work.weixin.qq.com/document/path/90968). The cipher is wechatpy's; its reading of what comes out is
not used: it compares signatures with `!=`, takes any padding, checks no time, and raises `IndexError`, `struct.error`,
`KeyError`, `ExpatError` or `UnicodeDecodeError` for bodies that anybody can send.

Nothing is deciphered before its signature was right, so whoever doesn't know the token learns nothing from an answer.
"""

import base64
import hashlib
import hmac
import re
import secrets
import struct
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from wechatpy.crypto import PrpCrypto

from bot.channels.safe_xml import BadXml, cdata, read_xml
from routing.ports import Clock

#: Bytes of a body. The longest message of either platform has a hundredth of it.
BODY_LIMIT = 256 * 1024
#: Seconds by which the platform's clock and ours may differ; as long as a signature is good for.
FRESH_SECONDS = 300
#: How often one signature is taken: the platforms hand a message over three times, and a proxy may repeat each.
REPEATS = 6
#: Signatures that are counted. What is pushed out could be repeated more often; its id keeps it from happening twice.
REMEMBERED = 20_000

AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_NONCE = re.compile(r"[!-~]{1,64}")
_SIGNATURE = re.compile(r"[0-9a-f]{40}")
_BLOCK = 32
_RANDOM = 16
_HEAD = _RANDOM + 4


class Refused(Exception):
    """A call that is not taken. `status` is the HTTP answer, `reason` a word for log and metrics; neither tells what
    the call held.

    400  query (a parameter is missing), cut_off, xml, plain (not encrypted), cipher
    403  signature, stale, replayed, receiver (meant for another account), agent (for another app of the enterprise)
    413  size
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Signed:
    """The query of a call: what its signature is made over, but for the content."""

    signature: str
    timestamp: str
    nonce: str


class Envelope:
    """Opens and seals the messages of one account.

    Args:
        token: The account's callback token.
        aes_key: `EncodingAESKey`, 43 characters.
        receiver: The appid or corpid that must stand inside every message.

    Raises:
        ValueError: The token or the receiver is empty, or the key is none. wechatpy would take an empty token, and then
            anybody's signature is right.
    """

    def __init__(self, *, token: str, aes_key: str, receiver: str, clock: Clock) -> None:
        if not token or not receiver:
            raise ValueError("an envelope needs a token and a receiver")
        if not AES_KEY.fullmatch(aes_key):
            raise ValueError("an EncodingAESKey has 43 letters and digits")
        self._token = token
        self._receiver = receiver.encode()
        self._crypto = _Crypto(base64.b64decode(aes_key + "="))
        self._clock = clock
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def open(self, query: Mapping[str, str], body: bytes) -> Element:
        """The message inside the body of a POST. Raises `Refused`.

        A repeat is opened again, up to `REPEATS` times: whether the platform signs its repeats anew is documented
        nowhere, and a repeat must get the same answer. What keeps it from happening twice is its id, which stands
        inside what is signed; and after `FRESH_SECONDS` the signature is good for nothing.
        """
        if len(body) > BODY_LIMIT:
            raise Refused(413, "size")
        if "msg_signature" not in query and "signature" in query:
            # An account in plain mode (明文模式), whose signature says nothing of the content.
            raise Refused(400, "plain")
        signed = signed_by(query, "msg_signature")
        outer = _read(body)
        encrypted = outer.findtext("Encrypt")
        if not encrypted:
            raise Refused(400, "plain")
        self._verify(signed, encrypted)
        self._remember(signed)
        return _read(self._decrypt(encrypted))

    def echo(self, query: Mapping[str, str]) -> str:
        """The answer to the check of an address, when the platform signs it in plain (WeChat). Raises `Refused`."""
        signed = signed_by(query, "signature")
        self._verify(signed, None)
        return _echoed(query)

    def echo_sealed(self, query: Mapping[str, str]) -> str:
        """The answer to the check of an address, when the platform seals it (WeCom). Raises `Refused`."""
        signed = signed_by(query, "msg_signature")
        # Where something between decodes the query twice, a "+" arrives as a blank; base64 has none.
        sealed = _echoed(query).replace(" ", "+")
        self._verify(signed, sealed)
        try:
            return self._decrypt(sealed).decode()
        except UnicodeDecodeError:
            raise Refused(400, "cipher") from None

    def seal(self, xml: str) -> bytes:
        """An answer, encrypted and signed, as the body of the HTTP answer."""
        encrypted = self.encrypt(xml)
        timestamp, nonce = str(int(self._clock().timestamp())), str(secrets.randbelow(10**10))
        return (
            f"<xml><Encrypt>{cdata(encrypted)}</Encrypt>"
            f"<MsgSignature>{cdata(self.sign(timestamp, nonce, encrypted))}</MsgSignature>"
            f"<TimeStamp>{timestamp}</TimeStamp><Nonce>{cdata(nonce)}</Nonce></xml>"
        ).encode()

    def encrypt(self, text: str) -> str:
        """What stands in `<Encrypt>`, or in the `echostr` of WeCom."""
        encrypted: bytes = self._crypto.encrypt(text, self._receiver.decode())
        return encrypted.decode()

    def sign(self, timestamp: str, nonce: str, content: str | None = None) -> str:
        """The signature over `content` and the token."""
        parts = [self._token, timestamp, nonce, *([content] if content is not None else ())]
        # The platforms ask for SHA-1; what protects the content is that the token is part of it.
        return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()

    def _verify(self, signed: Signed, content: str | None) -> None:
        right = self.sign(signed.timestamp, signed.nonce, content)
        if not hmac.compare_digest(right, signed.signature):
            raise Refused(403, "signature")
        if abs(self._clock().timestamp() - int(signed.timestamp)) > FRESH_SECONDS:
            raise Refused(403, "stale")

    def _remember(self, signed: Signed) -> None:
        """Count a right signature. Only the platform and who listens to it can put something in."""
        now = self._clock().timestamp()
        until, times = self._seen.pop(signed.signature, (int(signed.timestamp) + FRESH_SECONDS, 0))
        self._seen[signed.signature] = until, times + 1
        while self._seen:
            oldest = next(iter(self._seen))
            if self._seen[oldest][0] >= now and len(self._seen) <= REMEMBERED:
                break
            del self._seen[oldest]
        if times >= REPEATS:
            raise Refused(403, "replayed")

    def _decrypt(self, encrypted: str) -> bytes:
        """The message in `encrypted`, once all of it is as it must be."""
        try:
            padded: bytes = self._crypto.cipher.decrypt(base64.b64decode(encrypted, validate=True))
        except ValueError:
            # Not base64 (`binascii.Error` is one), or not whole blocks.
            raise Refused(400, "cipher") from None
        padding = padded[-1] if padded else 0
        if not 1 <= padding <= _BLOCK or padded[-padding:] != bytes([padding]) * padding:
            raise Refused(400, "cipher")
        content = padded[:-padding]
        if len(content) < _HEAD:
            raise Refused(400, "cipher")
        (length,) = struct.unpack(">I", content[_RANDOM:_HEAD])
        message, receiver = content[_HEAD : _HEAD + length], content[_HEAD + length :]
        if len(message) != length:
            raise Refused(400, "cipher")
        if not hmac.compare_digest(receiver, self._receiver):
            raise Refused(403, "receiver")
        return message


class _Crypto(PrpCrypto):  # type: ignore[misc]  # wechatpy publishes no types
    """wechatpy's, with a better random head: under a fixed IV, it is all that tells two equal answers apart."""

    def get_random_string(self) -> str:
        return secrets.token_hex(_RANDOM // 2)


def signed_by(query: Mapping[str, str], name: str) -> Signed:
    """The signature `name` of a query with its time and nonce. Raises `Refused`."""
    signature, timestamp, nonce = query.get(name, ""), query.get("timestamp", ""), query.get("nonce", "")
    if not _SIGNATURE.fullmatch(signature) or not _TIMESTAMP.fullmatch(timestamp) or not _NONCE.fullmatch(nonce):
        raise Refused(400, "query")
    return Signed(signature, timestamp, nonce)


def _echoed(query: Mapping[str, str]) -> str:
    echoed = query.get("echostr", "")
    if not 0 < len(echoed) <= 1024 or not echoed.isascii() or not echoed.isprintable():
        raise Refused(400, "query")
    return echoed


def _read(xml: bytes) -> Element:
    try:
        return read_xml(xml.decode())
    except (UnicodeDecodeError, BadXml):
        raise Refused(400, "xml") from None
