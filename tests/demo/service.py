#!/usr/bin/env python3
"""A small order service with the classic mistakes of asyncio programs in it.

Three workers serve a queue of orders and are fine.  Around them:

  never awaited      Mailer.queue() calls the coroutine send() and stores what it
                     returns, as if it were a result:    app.mailer.outbox['order-17']
  always true        audit_allows() lacks an await: the coroutine it returns is true
  forgotten task     watch_stock() is started and nobody keeps the task; it waits for
                     a reply that only it holds, so the collector may destroy it
  silent failure     load_rates() failed, and nobody looks at its task's exception

Prints "READY <pid>" once it is parked, and stays until it is killed.
"""
import argparse
import asyncio
import os


class Mailer:
    def __init__(self):
        self.outbox = {}

    async def send(self, order, address):
        await asyncio.sleep(0.1)
        return "%s sent to %s" % (order, address)

    def queue(self, order, address):
        self.outbox[order] = self.send(order, address)      # never awaited


class Application:
    def __init__(self):
        self.mailer = Mailer()
        self.background = []
        self.orders = None


app = Application()


async def audit_allows(order):
    await asyncio.sleep(0)
    return False


async def charge(order):
    await asyncio.sleep(0.01)
    return {"order": order, "paid": True}


async def handle_order(order):
    allowed = audit_allows(order)
    if allowed:                                             # always true
        receipt = await charge(order)
        app.mailer.queue(order, "customer@example.org")
        await approval(receipt)


async def approval(receipt):
    app.approval = asyncio.get_running_loop().create_future()   # a person will set it
    await app.approval


async def worker(orders):
    while True:
        order = await orders.get()
        try:
            await charge(order)
        finally:
            orders.task_done()


async def watch_stock():
    reply = asyncio.get_running_loop().create_future()
    return await reply


async def load_rates(rows):
    return {row["currency"]: row["rate"] for row in rows}


async def main(hold):
    app.orders = asyncio.Queue()
    workers = [asyncio.create_task(worker(app.orders), name="worker-%d" % number)
               for number in range(1, 4)]
    for number in range(10):
        app.orders.put_nowait("order-%d" % number)
    await app.orders.join()

    asyncio.create_task(watch_stock(), name="stock-watch")  # forgotten
    app.background.append(
        asyncio.create_task(load_rates([{"currency": "EUR"}]), name="rates"))   # fails in silence
    handler = asyncio.create_task(handle_order("order-17"), name="handler-17")

    loop = asyncio.get_running_loop()
    loop.call_later(hold, os._exit, 0)
    loop.call_later(0.1, lambda: print("READY", os.getpid(), flush=True))
    await asyncio.gather(handler, *workers)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hold", type=float, default=3600, help="end after this many seconds")
    asyncio.run(main(parser.parse_args().hold))
