"""The few static files, held in memory, named by their content so that browsers may keep them for good."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    media_type: str
    digest: str


@cache
def _assets() -> dict[str, Asset]:
    found = {}
    for entry in files("bot.pages").joinpath("static").iterdir():
        suffix = entry.name.rpartition(".")[2]
        if suffix in _TYPES:
            content = entry.read_bytes()
            found[entry.name] = Asset(content, _TYPES[suffix], hashlib.sha256(content).hexdigest()[:16])
    return found


def asset_url(name: str) -> str:
    """The address of a static file; it changes with the content. Raises `KeyError` when there is no such file."""
    return f"/static/{name}?v={_assets()[name].digest}"


async def _serve(request: Request) -> Response:
    asset = _assets().get(request.path_params["name"])
    if asset is None:
        raise HTTPException(404)
    etag = f'"{asset.digest}"'
    current = request.query_params.get("v") == asset.digest
    headers = {"ETag": etag, "Cache-Control": "public, max-age=31536000, immutable" if current else "no-cache"}
    if etag in (tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)


def asset_route() -> Route:
    return Route("/static/{name}", _serve, methods=["GET"], name="static")
