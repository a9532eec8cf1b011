"""Talks to a WebSocket server until it is killed: client.py URL.  Prints a line for each round."""
import asyncio
import sys

import websockets


async def listen(socket):
    async for _ in socket:
        pass


async def talk(url, number):
    while True:
        async with websockets.connect(url) as socket:
            listener = asyncio.create_task(listen(socket))
            for turn in range(20):
                await socket.send("%d %d" % (number, turn))
                await asyncio.sleep(0.005)
        await listener


async def main():
    tasks = [asyncio.create_task(talk(sys.argv[1], number)) for number in range(8)]
    await asyncio.sleep(0.3)
    print("TALKING", flush=True)
    await asyncio.gather(*tasks)


asyncio.run(main())
