"""A Starlette application, run by uvicorn and by hypercorn: `python3 -m uvicorn asgi_app:app`."""
import asyncio
import contextlib

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute


class Timing(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        response.headers["x-seen"] = "1"
        return response


async def hello(request):
    return JSONResponse({"hello": request.query_params.get("name", "world")})


async def slow(request):
    await asyncio.sleep(0.05)
    return PlainTextResponse("slow")


async def fan(request):
    await asyncio.gather(*(asyncio.sleep(0.01) for _ in range(10)))
    return PlainTextResponse("fan")


async def timeout(request):
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0.02)
    except asyncio.TimeoutError:
        return PlainTextResponse("timed out")


async def later():
    await asyncio.sleep(0.1)


async def background(request):
    return PlainTextResponse("later", background=BackgroundTask(later))


def blocking(request):                      # not async: Starlette runs it in a thread
    return PlainTextResponse("from a thread")


async def pool(request):
    return PlainTextResponse(await run_in_threadpool(str, 42))


async def stream(request):
    async def body():
        for _ in range(20):
            yield b"x" * 1000
            await asyncio.sleep(0.002)

    return StreamingResponse(body())


async def socket(ws):
    await ws.accept()
    try:
        while True:
            await ws.send_text(await ws.receive_text())
    except Exception:
        pass


@contextlib.asynccontextmanager
async def lifespan(app):
    async def tick():
        while True:
            await asyncio.sleep(0.01)

    ticker = asyncio.create_task(tick())
    yield
    ticker.cancel()


app = Starlette(
    routes=[Route("/" + function.__name__, function) for function in
            (hello, slow, fan, timeout, background, blocking, pool, stream)]
    + [WebSocketRoute("/ws", socket)],
    middleware=[Middleware(Timing)], lifespan=lifespan)
