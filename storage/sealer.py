"""Sealing with a key that is not in the database: AES-256-GCM under keys derived from the secret of the settings."""

import base64
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PREFIX = "s1."
_NONCE_BYTES = 12


class BytesSealer:
    """Seals bytes for one purpose, bound to a label that must be given again to open them.

    `secret` seals and opens; `older` secrets open what was sealed before the secret was changed.
    Raises `ValueError` for an empty secret.
    """

    def __init__(self, secret: str, older: Sequence[str] = (), *, purpose: str) -> None:
        if not all((secret, *older)):
            raise ValueError("the secret key is empty; set MASHANG_SECRET_KEY")
        self._ciphers = [
            AESGCM(HKDF(SHA256(), length=32, salt=b"mashang", info=purpose.encode()).derive(one.encode()))
            for one in (secret, *older)
        ]

    def seal(self, plain: bytes, label: bytes) -> bytes:
        """Nonce and ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._ciphers[0].encrypt(nonce, plain, label)

    def open(self, sealed: bytes, label: bytes) -> bytes:
        """Raises `ValueError` when it was sealed with another key or label, or changed, or cut."""
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], label)
            except (InvalidTag, ValueError):
                continue
        raise ValueError("this was sealed with another key, or changed")


class AesSealer:
    """`routing.ports.Sealer`: text to URL-safe text."""

    def __init__(self, secret: str, older: Sequence[str] = ()) -> None:
        self._secrets = (secret, *older)
        self._bytes = BytesSealer(secret, older, purpose="seal")

    def for_bytes(self, purpose: str) -> BytesSealer:
        """One of the same secrets for something else than text, under keys of its own."""
        secret, *older = self._secrets
        return BytesSealer(secret, older, purpose=purpose)

    def seal(self, text: str) -> str:
        # A hostile text may hold lone surrogates, which must come back too.
        sealed = self._bytes.seal(text.encode("utf-8", "surrogatepass"), _PREFIX.encode())
        return _PREFIX + base64.urlsafe_b64encode(sealed).decode("ascii")

    def open(self, sealed: str) -> str:
        if not sealed.startswith(_PREFIX):
            raise ValueError("this text was not sealed by this program")
        try:
            blob = base64.b64decode(sealed[len(_PREFIX) :].encode("ascii"), altchars=b"-_", validate=True)
        except ValueError:
            raise ValueError("this sealed text was changed") from None
        if _PREFIX + base64.urlsafe_b64encode(blob).decode("ascii") != sealed:
            # Base64 has bits to spare at its end, which would make several texts out of one.
            raise ValueError("this sealed text was changed")
        return self._bytes.open(blob, _PREFIX.encode()).decode("utf-8", "surrogatepass")
