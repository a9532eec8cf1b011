"""--layers layers of two tasks; each task of a layer waits, by gather(), for both of the next one.  Those of
the last layer wait for a future."""
import asyncio

import park

ARGS = park.arguments(layers=16)
LAYERS = []


async def layer(number):
    await asyncio.sleep(0)              # until all are there
    if number + 1 < len(LAYERS):
        await asyncio.gather(*LAYERS[number + 1])
    else:
        await asyncio.get_running_loop().create_future()


async def main():
    loop = asyncio.get_running_loop()
    for number in range(ARGS.layers):
        LAYERS.append([loop.create_task(layer(number), name="%s-%d" % (side, number))
                       for side in ("left", "right")])
    await park.ready()


asyncio.run(main())
