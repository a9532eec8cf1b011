"""A StreamReader that nobody but the task has: its protocol has a weak reference.  And a process that will end."""
import asyncio
import os
import socket
import sys
import _case

TASKS = {"stream": "wakes", "process": "wakes"}
CLASSES = {"stream": "outside", "process": "outside"}


async def read(sock):
    reader, writer = await asyncio.open_connection(sock=sock)
    await reader.readline()
    _case.woken("stream")
    writer.close()


async def run():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import sys; sys.stdin.read()", stdin=asyncio.subprocess.PIPE)
    kept = os.dup(process._transport.get_pipe_transport(0).get_extra_info("pipe").fileno())
    process._transport.get_pipe_transport(0).close()
    DESCRIPTORS.append(kept)
    await process.wait()
    _case.woken("process")


DESCRIPTORS = []


async def main():
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    DESCRIPTORS.append(os.dup(theirs.fileno()))
    theirs.close()
    tasks = [asyncio.create_task(read(ours), name="stream"), asyncio.create_task(run(), name="process")]

    def go():
        loop.remove_reader(0)
        os.write(DESCRIPTORS[0], b"line\n")
        os.close(DESCRIPTORS[1])

    while len(DESCRIPTORS) < 2:
        await asyncio.sleep(0.01)
    loop.add_reader(0, go)
    await asyncio.sleep(0.2)
    _case.ready()
    await asyncio.wait(tasks)


asyncio.run(main())
