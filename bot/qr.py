"""The QR of a code's address, as a picture and as lines."""

import io
from urllib.parse import urlsplit

import segno

#: Longer addresses make a QR too fine for a poster seen from a metre away.
MAX_URL = 300


def qr_png(url: str, scale: int = 16) -> bytes:
    """A black-and-white PNG with its quiet zone; `scale` is pixels per module (1–64).

    Raises `ValueError` when `url` isn't an http(s) address of at most 300 characters.
    """
    if not 1 <= scale <= 64:
        raise ValueError(f"{scale} pixels per module; choose 1 to 64")
    return _save(url, "png", scale=scale)


def qr_svg(url: str) -> bytes:
    """An SVG document (UTF-8) that scales to any size. Raises `ValueError` as `qr_png`."""
    return _save(url, "svg", scale=8, xmldecl=True, nl=False)


def _save(url: str, kind: str, **options: object) -> bytes:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url) > MAX_URL:
        raise ValueError(f"{url[:80]!r} isn't an http(s) address of at most {MAX_URL} characters; set the public URL")
    # Level Q survives a quarter of it being dirty or torn; a poster hangs outdoors.
    qr = segno.make_qr(url, error="q", boost_error=True)
    file = io.BytesIO()
    qr.save(file, kind=kind, border=4, **options)
    return file.getvalue()
