"""What a call may meet at the fake WeChat and the fake WeCom, on the wire."""

import asyncio

from aiohttp import web

from tests.fakes.cgi_account import ApiError, Fault

PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


async def suffer(request: web.Request, fault: Fault, closing: asyncio.Future[None]) -> web.StreamResponse:
    """Answer a call as `fault` says; what hangs does so until `closing`."""
    match fault.kind:
        case "errcode":
            raise ApiError(fault.code, "as the test wants it")
        case "html":
            return web.Response(text=PAGE.format("Sign in to this network"), content_type="text/html")
        case "bad_gateway":
            return web.Response(status=502, text=PAGE.format("502 Bad Gateway"), content_type="text/html")
        case "empty":
            return web.Response()
        case "malformed":
            return web.Response(text='{"errcode":0,"errm', content_type="application/json")
        case "wrong_type":
            return web.json_response(["errcode", 0])
        case "reset":
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        case "cut_off":
            answer = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "500"})
            await answer.prepare(request)
            await answer.write(b'{"errcode":0,')
            if request.transport is not None:
                request.transport.abort()
            return answer
        case "hang":
            await asyncio.shield(closing)
            return web.Response(status=500)
    raise ValueError(fault.kind)


async def uploaded(request: web.Request) -> tuple[str, str, bytes] | None:
    """Name, type and content of the file in a form."""
    part = (await request.post()).get("media")
    if not isinstance(part, web.FileField):
        return None
    content = part.file.read()
    part.file.close()
    return part.filename, part.content_type, content
