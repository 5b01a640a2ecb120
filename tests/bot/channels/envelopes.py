"""The platforms' side of the encrypted envelope, written from their documentation and sharing nothing with ours.

`Sealed` makes the calls that a platform makes, right ones and, where a test says so, wrong ones.
"""

import base64
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from xml.dom import minidom

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7


def sha1_of(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def encrypt(message: bytes, receiver: str, aes_key: str, head: bytes | None = None) -> str:
    body = (head or os.urandom(16)) + len(message).to_bytes(4, "big") + message + receiver.encode()
    padder = PKCS7(256).padder()
    return encrypt_raw(padder.update(body) + padder.finalize(), aes_key)


def encrypt_raw(blocks: bytes, aes_key: str) -> str:
    key = base64.b64decode(aes_key + "=")
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(blocks) + encryptor.finalize()).decode()


def decrypt(encrypted: str, aes_key: str) -> tuple[bytes, str]:
    """(message, receiver)."""
    key = base64.b64decode(aes_key + "=")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    unpadder = PKCS7(256).unpadder()
    blocks = decryptor.update(base64.b64decode(encrypted)) + decryptor.finalize()
    body = unpadder.update(blocks) + unpadder.finalize()
    end = 20 + int.from_bytes(body[16:20], "big")
    return body[20:end], body[end:].decode()


def element(xml: bytes, name: str) -> str:
    """What stands in one element of an answer; read with another parser than ours."""
    (found,) = minidom.parseString(xml).getElementsByTagName(name)
    return "".join(child.data for child in found.childNodes)


@dataclass(frozen=True)
class Sealed:
    """One account as its platform knows it."""

    token: str
    aes_key: str
    receiver: str

    def call(
        self, xml: str, at: datetime, *, nonce: str = "1372623149", receiver: str | None = None
    ) -> tuple[dict[str, str], bytes]:
        """(query, body) of a call at `at`."""
        return self.call_with(encrypt(xml.encode(), receiver or self.receiver, self.aes_key), at, nonce)

    def call_with(self, encrypted: str, at: datetime, nonce: str = "1372623149") -> tuple[dict[str, str], bytes]:
        timestamp = str(int(at.timestamp()))
        query = {
            "signature": sha1_of(self.token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
            "encrypt_type": "aes",
            "msg_signature": sha1_of(self.token, timestamp, nonce, encrypted),
        }
        return query, f"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()

    def answer(self, body: bytes) -> str:
        """What an encrypted answer says, once its signature and receiver are right."""
        encrypted, signature = element(body, "Encrypt"), element(body, "MsgSignature")
        assert signature == sha1_of(self.token, element(body, "TimeStamp"), element(body, "Nonce"), encrypted)
        message, receiver = decrypt(encrypted, self.aes_key)
        assert receiver == self.receiver
        return message.decode()
