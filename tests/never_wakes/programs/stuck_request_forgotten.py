"""Requests by number: the entry of one that is still waited for was removed."""
import asyncio
import _case

TASKS = {"caller-1": "stuck", "caller-2": "wakes"}


class Client:
    def __init__(self):
        self.pending = {}

    def request(self, number):
        self.pending[number] = asyncio.get_running_loop().create_future()
        return self.pending[number]

    def answer(self):
        for future in self.pending.values():
            future.set_result(None)


async def call(client, number):
    await client.request(number)
    _case.woken("caller-%d" % number)


async def main():
    client = Client()
    tasks = [asyncio.create_task(call(client, n), name="caller-%d" % n) for n in (1, 2)]
    await asyncio.sleep(0)
    del client.pending[1]                               # the bug
    asyncio.get_running_loop().add_reader(0, client.answer)
    _case.ready()
    await tasks[1]
    await asyncio.sleep(600)


asyncio.run(main())
