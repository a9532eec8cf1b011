"""A server that sends each message to all clients, with the websockets library: server.py PORT."""
import asyncio
import sys

import websockets

CLIENTS = set()


async def serve_one(socket):
    CLIENTS.add(socket)
    try:
        async for message in socket:
            websockets.broadcast(CLIENTS, message)
    finally:
        CLIENTS.discard(socket)


async def main():
    async with websockets.serve(serve_one, "127.0.0.1", int(sys.argv[1]), ping_interval=0.2,
                                ping_timeout=5):
        await asyncio.Future()


asyncio.run(main())
