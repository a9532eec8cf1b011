"""An aiohttp application, run by `python3 -m aiohttp.web -H HOST -P PORT aiohttp_app:init`."""
import asyncio

import aiohttp
from aiohttp import web

routes = web.RouteTableDef()


@routes.get("/hello")
async def hello(request):
    return web.json_response({"hello": request.query.get("name", "world")})


@routes.get("/slow")
async def slow(request):
    await asyncio.sleep(0.05)
    return web.Response(text="slow")


@routes.get("/fan")
async def fan(request):
    session = request.app["session"]
    url = "http://%s/slow" % request.host

    async def fetch():
        async with session.get(url) as response:
            return await response.text()

    return web.json_response(await asyncio.gather(*(fetch() for _ in range(4))))


@routes.get("/timeout")
async def timeout(request):
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0.02)
    except asyncio.TimeoutError:
        return web.Response(text="timed out")


@routes.get("/stream")
async def stream(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(20):
        await response.write(b"x" * 1000)
        await asyncio.sleep(0.002)
    await response.write_eof()
    return response


@routes.get("/ws")
async def socket(request):
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for message in ws:
        await ws.send_str(message.data)
    return ws


async def background(app):
    async def tick():
        while True:
            await asyncio.sleep(0.01)

    app["session"] = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
    app["ticker"] = asyncio.create_task(tick())
    yield
    app["ticker"].cancel()
    await app["session"].close()


def init(argv):
    app = web.Application()
    app.add_routes(routes)
    app.cleanup_ctx.append(background)
    return app
