"""WeChat's encrypted envelope, written by hand from its documentation and from none of the code under test.

AES-256-CBC, the IV is the key's first 16 bytes, padded to 32: 16 random bytes, the length of the message in 4 bytes,
the message, the appid. The signature is the sha1 of the sorted token, timestamp, nonce and ciphertext.
"""

import base64
import hashlib
import os
import re
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


@dataclass(frozen=True)
class Envelope:
    """The secrets of one account's callback."""

    app_id: str
    token: str
    aes_key: str

    def encrypt(self, message: str, *, app_id: str | None = None) -> str:
        """Base64, as it stands in `<Encrypt>`. `app_id`: another than the account's."""
        content, receiver = message.encode(), (app_id or self.app_id).encode()
        plain = os.urandom(16) + struct.pack(">I", len(content)) + content + receiver
        padding = 32 - len(plain) % 32
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()).decode()

    def decrypt(self, encrypted: str) -> str:
        """Raises `ValueError` for what is not meant for this account."""
        decryptor = self._cipher().decryptor()
        plain = decryptor.update(base64.b64decode(encrypted, validate=True)) + decryptor.finalize()
        padding = plain[-1]
        if not 1 <= padding <= 32 or plain[-padding:] != bytes([padding]) * padding:
            raise ValueError("the padding is wrong")
        plain = plain[:-padding]
        (length,) = struct.unpack(">I", plain[16:20])
        if plain[20 + length :].decode() != self.app_id:
            raise ValueError("this is for another account")
        return plain[20 : 20 + length].decode()

    def sign(self, *parts: str) -> str:
        """The signature over the token and `parts`."""
        return hashlib.sha1("".join(sorted([self.token, *parts])).encode()).hexdigest()

    def query(self, timestamp: int, nonce: str, encrypted: str, openid: str | None = None) -> dict[str, str]:
        """What stands behind the callback's address; WeChat says more than WeCom, which names nobody there."""
        query = {
            "timestamp": str(timestamp),
            "nonce": nonce,
            "msg_signature": self.sign(str(timestamp), nonce, encrypted),
        }
        if openid is not None:
            query |= {"signature": self.sign(str(timestamp), nonce), "openid": openid, "encrypt_type": "aes"}
        return query

    def open_reply(self, body: str) -> str:
        """The XML of an encrypted reply. Raises `ValueError` when it is none, or its signature is wrong."""
        fields = {name: field(body, name) for name in ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")}
        if None in fields.values():
            raise ValueError("the reply is not encrypted")
        encrypted, signature, timestamp, nonce = (str(value) for value in fields.values())
        if signature != self.sign(timestamp, nonce, encrypted):
            raise ValueError("the reply's signature is wrong")
        return self.decrypt(encrypted)

    def _cipher(self) -> Cipher[modes.CBC]:
        key = base64.b64decode(self.aes_key + "=")
        return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def field(xml: str, name: str) -> str | None:
    """The text of one element of the flat XML that both sides write."""
    found = re.search(rf"<{name}>(?:<!\[CDATA\[(.*?)\]\]></{name}>|([^<]*)</{name}>)", xml, re.DOTALL)
    if found is None:
        return None
    return found[1].replace("]]]]><![CDATA[>", "]]>") if found[1] is not None else found[2]


def cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
