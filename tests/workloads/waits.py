#!/usr/bin/env python3
"""A task for each way to wait that asyncio has, and what is to be said of it.

Each task is named after what it does, and declared with expect(): the kind of its
wait, a pattern for its text, and, where it matters, what wakes it, the names of the
tasks it waits for and of those that hold what it wants.  All that goes into the
truth (--truth FILE) as "waits", beside what truth.py itself writes.  tests/waits/run.py
compares.

Runs on 3.8 and later; what a version lacks is left out.
"""
import argparse
import asyncio
import concurrent.futures
import contextlib
import os
import re
import socket
import sys
import threading

import truth

EXPECTED = []
KEPT = []               # tasks and what else must not be collected
LONG = 5000             # seconds: nothing here ends by itself
MODULE_EVENT = None
LIMITS = {}


def expect(name, coroutine, kind, text, wakes=None, tasks=(), holders=(), on=None,
           needs_heap=False):
    """Starts a task; text and wakes are patterns that have to match as a whole.  tasks: None
    when their names are not known; on: the object, None when it is not compared; needs_heap: only
    a look through all objects can tell."""
    task = asyncio.ensure_future(coroutine)
    task.set_name(name)
    KEPT.append(task)
    EXPECTED.append({"name": name, "kind": kind, "text": text, "wakes_by": wakes,
                     "tasks": tasks and sorted(tasks),
                     "holders": holders and sorted(holders),
                     "on": truth.hexid(on), "needs_heap": needs_heap})
    return task


def helper(name):
    """A task that others wait for."""
    async def park():
        await asyncio.get_running_loop().create_future()

    task = asyncio.ensure_future(park())
    task.set_name(name)
    KEPT.append(task)
    return task


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


IN = r" (in|overdue by) [\d.]+ (s|min|h)"
TIMER, TIMEOUT = "timer(%s)?" % IN, "timeout(%s)?" % IN


# --- futures and tasks -------------------------------------------------------

class Client:
    def __init__(self):
        self.reply = asyncio.get_running_loop().create_future()

    async def call(self):
        return await self.reply


async def wait_future():
    answer = asyncio.get_running_loop().create_future()
    await answer


async def wait_timed_future():
    loop = asyncio.get_running_loop()
    later = loop.create_future()
    loop.call_later(LONG, later.set_result, None)
    await later


async def wait_task(task):
    await task


async def wait_gather(*tasks):
    await asyncio.gather(*tasks)


async def wait_shield(inner):
    await asyncio.shield(inner)


async def futures():
    loop = asyncio.get_running_loop()
    done = asyncio.ensure_future(asyncio.sleep(0))
    done.set_name("helper-done")
    KEPT.append(done)
    await settle()
    expect("future", wait_future(), "future", "Future 'answer'")
    client = Client()
    KEPT.append(client)
    expect("future-of-client", client.call(), "future", r"Future 'self\.reply'")
    expect("future-timed", wait_timed_future(), "future", "Future 'later'", TIMER)
    expect("task", wait_task(helper("helper-1")), "task", "task 'helper-1'", "task 0x.*",
           ["helper-1"])
    expect("gather", wait_gather(helper("helper-2"), done, helper("helper-3")), "gather",
           r"gather of 3 tasks \(1 done\)", "task 0x.*",
           ["helper-2", "helper-done", "helper-3"])
    expect("gather-mixed", wait_gather(helper("helper-4"), loop.create_future()), "gather",
           "gather of 2 futures", "task 0x.*", ["helper-4"])
    expect("shield", wait_shield(helper("helper-5")), "shield", "shield of task 'helper-5'",
           "task 0x.*", ["helper-5"])
    bare = loop.create_future()
    KEPT.append(bare)
    expect("shield-future", wait_shield(bare), "shield", "shield of Future at 0x.*")


# --- wait and timeouts -------------------------------------------------------

async def wait_wait(tasks, **options):
    await asyncio.wait(tasks, **options)


async def wait_for(awaitable, timeout):
    await asyncio.wait_for(awaitable, timeout)


async def wait_as_completed(tasks, timeout=None):
    for first in asyncio.as_completed(tasks, timeout=timeout):
        await first


async def wait_group(names):
    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(asyncio.Event().wait(), name=name)


async def wait_in_timeout(event):
    async with asyncio.timeout(LONG):
        await event.wait()


async def several():
    expect("wait", wait_wait([helper("helper-6"), helper("helper-7")]), "wait",
           "wait for 2 tasks", "task 0x.*", {"helper-6", "helper-7"})
    expect("wait-first", wait_wait([helper("helper-8")], timeout=LONG,
                                   return_when=asyncio.FIRST_COMPLETED),
           "wait", r"wait for 1 task \(FIRST_COMPLETED\), timeout(%s)?" % IN, "task 0x.*",
           ["helper-8"])
    expect("sleep", asyncio.sleep(LONG), "sleep", r"sleep\(%d\)(, ends%s)?" % (LONG, IN), TIMER)
    expect("as-completed", wait_as_completed([helper("helper-9"), helper("helper-10")]), "wait",
           "as_completed of 2 tasks", "task 0x.*", {"helper-9", "helper-10"})
    expect("as-completed-timeout", wait_as_completed([helper("helper-11")], LONG), "wait",
           "as_completed of 1 task, timeout(%s)?" % IN, "task 0x.*", ["helper-11"])
    task = helper("helper-12")
    if sys.version_info >= (3, 12):
        expect("wait-for", wait_for(task, LONG), "task", "task 'helper-12', timeout(%s)?" % IN,
               "task 0x.*", ["helper-12"])
        expect("wait-for-coroutine", wait_for(asyncio.Event().wait(), LONG), "event",
               r"Event at 0x\w+ \(not set, 1 waiter\), timeout(%s)?" % IN, TIMEOUT)
    else:
        expect("wait-for", wait_for(task, LONG), "wait",
               "wait_for task 'helper-12', timeout(%s)?" % IN, "task 0x.*", ["helper-12"])
        expect("wait-for-coroutine", wait_for(asyncio.Event().wait(), LONG), "wait",
               r"wait_for task 'Task-\d+', timeout(%s)?" % IN, "task 0x.*", None)
    expect("wait-for-unlimited", wait_for(helper("helper-13"), None), "task", "task 'helper-13'",
           "task 0x.*", ["helper-13"])
    if sys.version_info >= (3, 11):
        expect("task-group", wait_group(["member-1", "member-2"]), "task-group",
               r"TaskGroup \(2 tasks open\)", "task 0x.*", {"member-1", "member-2"})
        event = asyncio.Event()
        expect("timeout", wait_in_timeout(event), "event",
               r"Event 'event' \(not set, 1 waiter\), timeout(%s)?" % IN, TIMEOUT, on=event)


# --- queues ------------------------------------------------------------------

async def get(jobs):
    await jobs.get()


async def put(jobs, item):
    await jobs.put(item)


async def join(jobs):
    await jobs.join()


async def rows(source):
    while True:
        yield await source.get()


async def iterate(source):
    async for _ in rows(source):
        pass


async def queues():
    empty = asyncio.Queue()
    expect("get-1", get(empty), "queue-get", r"Queue 'jobs' at 0x\w+ \(empty, 2 getters\)", on=empty)
    expect("get-2", get(empty), "queue-get", r"Queue 'jobs' at 0x\w+ \(empty, 2 getters\)", on=empty)
    full = asyncio.Queue(2)
    for item in range(2):
        full.put_nowait(item)
    expect("put", put(full, 3), "queue-put", r"Queue 'jobs' at 0x\w+ \(full, 2 of 2 items, 1 putter\)",
           on=full)
    begun = asyncio.LifoQueue()
    begun.put_nowait(1)
    begun.put_nowait(2)
    begun.get_nowait()
    expect("join", join(begun), "queue-join",
           r"LifoQueue 'jobs' \(1 item, 2 not task_done\(\), 1 waiter\)", on=begun)
    if sys.version_info >= (3, 13):
        ending = asyncio.Queue()
        ending.put_nowait(1)
        ending.get_nowait()
        ending.shutdown()
        expect("join-shut-down", join(ending), "queue-join",
               r"Queue 'jobs' at 0x\w+ \(empty, 1 not task_done\(\), 1 waiter, shut down\)", on=ending)
    urgent = asyncio.PriorityQueue()
    expect("get-in-generator", iterate(urgent), "queue-get",
           r"PriorityQueue 'source' \(empty, 1 getter\)", on=urgent)


# --- locks -------------------------------------------------------------------

async def hold(thing):
    async with thing:
        await asyncio.get_running_loop().create_future()


async def hold_by_stack(thing):
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(thing)
        await asyncio.get_running_loop().create_future()


async def hold_by_variable(thing):
    stack = contextlib.AsyncExitStack()
    await stack.enter_async_context(thing)
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        await stack.aclose()


@contextlib.asynccontextmanager
async def guarded(thing):
    async with thing:
        yield


async def hold_by_manager(thing):
    async with guarded(thing):
        await asyncio.get_running_loop().create_future()


async def hold_by_hand(thing):
    await thing.acquire()
    await asyncio.get_running_loop().create_future()


async def twice(thing):
    async with thing:
        async with thing:
            pass


async def wait_condition(condition):
    async with condition:
        await condition.wait()


async def wait_condition_for(condition):
    async with condition:
        await condition.wait_for(lambda: False)


async def wait_module_event():
    await MODULE_EVENT.wait()


async def meet(barrier):
    await barrier.wait()


async def locks():
    at = r" at waits\.py:\d+"
    for how, function in (("with", hold), ("stack", hold_by_stack), ("manager", hold_by_manager),
                          ("variable", hold_by_variable)):
        lock = asyncio.Lock()
        expect("holds-by-" + how, function(lock), "future", "Future at 0x.*")
        await settle()
        expect("wants-by-" + how, hold(lock), "lock",
               r"Lock 'thing' at 0x\w+ \(likely held by task 'holds-by-%s'%s, 1 waiter\)" % (how, at),
               "task 0x.*", holders=["holds-by-" + how], on=lock)
    lock = asyncio.Lock()
    expect("holds-by-hand", hold_by_hand(lock), "future", "Future at 0x.*")
    await settle()
    expect("wants-by-hand", hold(lock), "lock",
           r"Lock 'thing' at 0x\w+ \(locked, holder unknown, 1 waiter\)", on=lock)
    lock = asyncio.Lock()
    expect("wants-twice", twice(lock), "lock",
           r"Lock 'thing' at 0x\w+ \(likely held by this task itself%s, 1 waiter\)" % at,
           holders=["wants-twice"], on=lock)
    LIMITS["db"] = semaphore = asyncio.BoundedSemaphore(2)
    expect("has-slot-1", hold(semaphore), "future", "Future at 0x.*")
    expect("has-slot-2", hold(semaphore), "future", "Future at 0x.*")
    await settle()
    expect("wants-slot", wants_slot(), "semaphore",
           r"BoundedSemaphore 'LIMITS\['db'\]' \(value 0, likely held by task 'has-slot-\d'%s and "
           r"task 'has-slot-\d'%s, 1 waiter\)" % (at, at), "task 0x.*",
           holders={"has-slot-1", "has-slot-2"}, on=semaphore)
    global MODULE_EVENT
    MODULE_EVENT = asyncio.Event()
    expect("event", wait_module_event(), "event", r"Event 'MODULE_EVENT' \(not set, 1 waiter\)",
           on=MODULE_EVENT)


async def wants_slot():
    async with LIMITS["db"]:
        pass


async def conditions():
    condition = asyncio.Condition()
    state = r"Condition 'condition' \(2 waiters, its lock is locked\)"
    expect("condition", wait_condition(condition), "condition", state, on=condition)
    expect("condition-for", wait_condition_for(condition), "condition", state, on=condition)
    await settle()
    expect("holds-condition", hold(condition), "future", "Future at 0x.*")
    await settle()
    expect("wants-condition", hold(condition), "lock",
           r"lock of Condition 'condition' \(likely held by task 'holds-condition' at waits\.py:\d+, "
           r"1 waiter\)", "task 0x.*", holders=["holds-condition"])
    if sys.version_info >= (3, 11):
        barrier = asyncio.Barrier(3)
        for number in (1, 2):
            expect("barrier-%d" % number, meet(barrier), "barrier",
                   r"Barrier 'barrier' \(filling, 2 of 3 parties\)", on=barrier)


# --- sockets, streams, processes ---------------------------------------------

async def receive(sock):
    await asyncio.get_running_loop().sock_recv(sock, 10)


async def accept(sock):
    await asyncio.get_running_loop().sock_accept(sock)


async def connect(sock, address):
    await asyncio.get_running_loop().sock_connect(sock, address)


async def read_line(reader):
    await reader.readline()


async def read_lines(reader):
    async for _ in reader:
        pass


async def read_exactly(reader):
    await reader.readexactly(10)


async def flush(writer):
    writer.write(b"x" * (16 << 20))
    await writer.drain()


def fd_of(stream):
    return stream._transport.get_extra_info("socket").fileno()


async def serve(server):
    async with server:
        await server.serve_forever()


def address_text(address):
    return re.escape("%s:%d" % address[:2])


def fill(listener):
    for _ in range(4):
        early = socket.socket()
        early.setblocking(False)
        early.connect_ex(listener.getsockname())
        KEPT.append(early)


async def raw_sockets():
    one, other = socket.socketpair()
    KEPT.extend((one, other))
    one.setblocking(False)
    expect("sock-recv", receive(one), "socket", r"sock_recv \(fd %d(, .*)?\)" % one.fileno(),
           "descriptor %d readable" % one.fileno())
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    KEPT.append(listener)
    expect("sock-accept", accept(listener), "socket",
           r"sock_accept \(fd %d(, local %s)?\)" % (
               listener.fileno(), address_text(listener.getsockname())),
           "descriptor %d readable" % listener.fileno())
    # Nobody accepts here, and the queue is full: who connects waits.
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    KEPT.append(full)
    fill(full)
    late = socket.socket()
    late.setblocking(False)
    KEPT.append(late)
    expect("sock-connect", connect(late, full.getsockname()), "socket",
           r"sock_connect \(fd %d, peer %s\)" % (
               late.fileno(), address_text(full.getsockname())),
           "descriptor %d writable" % late.fileno())


async def open_connection(host, port):
    await asyncio.open_connection(host, port)


def block_for_ever(*arguments, **options):
    RELEASE.wait(LONG)


async def connections():
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    KEPT.append(full)
    fill(full)
    expect("open-connection", open_connection(*full.getsockname()), "socket",
           r"open_connection \(fd \d+, peer %s\)" % address_text(full.getsockname()),
           r"descriptor \d+ writable")
    socket.getaddrinfo = block_for_ever     # a name server that does not answer
    expect("resolve", open_connection("localhost", 1), "thread",
           r"open_connection: (block_for_ever|BaseEventLoop\._getaddrinfo_debug) "
           r"\(thread '.*_\d' \d+, at \w+\.py:\d+\)",
           r"executor job in thread \d+")


async def streams():
    async def handle(reader, writer):
        KEPT.extend((reader, writer))
        connected.set_result((reader, writer))

    connected = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    listening = server.sockets[0].fileno()
    expect("serve-forever", serve(server), "server",
           r"Server\.serve_forever \(fd %d(, local %s)?(, \d connections?)?\)" % (
               listening, address_text(address)), "descriptor %d readable" % listening)

    async def connection(name, function, operation, uses_writer=False):
        nonlocal connected
        connected = asyncio.get_running_loop().create_future()
        reader, writer = await asyncio.open_connection(*address[:2])
        KEPT.extend((reader, writer))
        await connected
        if uses_writer:     # the other side does not read
            connected.result()[0]._transport.pause_reading()
        fd = writer.get_extra_info("socket").fileno()
        expect(name, function(writer if uses_writer else reader), "socket",
               r"%s \(fd %d, peer %s\)" % (re.escape(operation), fd, address_text(address)),
               "descriptor %d %s" % (fd, "writable" if uses_writer else "readable"))

    await connection("readline", read_line, "StreamReader.readline")
    await connection("readlines", read_lines, "StreamReader.readline")
    await connection("readexactly", read_exactly, "StreamReader.readexactly")
    await connection("drain", flush, "StreamWriter.drain", uses_writer=True)


async def wait_process(process):
    await process.wait()


async def processes():
    # It ends when its standard input does: with this process, however that ends.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import sys; sys.stdin.read()", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    KEPT.append(process)
    expect("process", wait_process(process), "subprocess",
           r"Process\.wait \(pid %d, \S*python\S* -c 'import sys; sys\.stdin\.re.*\)" % process.pid,
           "end of process %d" % process.pid)
    fd = process.stdout._transport.get_extra_info("pipe").fileno()
    expect("process-output", read_line(process.stdout), "socket",
           r"StreamReader\.readline \(stdout of process %d, fd %d\)" % (process.pid, fd),
           "descriptor %d readable" % fd)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import select; p = select.poll(); p.register(0, 0); p.poll()",
        stdin=asyncio.subprocess.PIPE)
    fd = process.stdin._transport.get_extra_info("pipe").fileno()
    KEPT.append(process)
    expect("process-input", flush(process.stdin), "socket",
           r"StreamWriter\.drain \(stdin of process %d, fd %d\)" % (process.pid, fd),
           "descriptor %d writable" % fd)


# --- threads -----------------------------------------------------------------

RELEASE = threading.Event()


def block(what):
    RELEASE.wait(LONG)


async def in_executor(executor, function, *arguments):
    await asyncio.get_running_loop().run_in_executor(executor, function, *arguments)


async def in_thread():
    await asyncio.to_thread(block, "thread")


async def wait_concurrent(future):
    await asyncio.wrap_future(future)


async def elsewhere():
    asyncio.current_task().set_name("on-other-loop")
    await asyncio.get_running_loop().create_future()


def other_loop(started):
    loop = asyncio.new_event_loop()
    loop.call_soon(started.set_result, loop)
    loop.run_forever()


async def threads():
    pool = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="pool")
    KEPT.append(pool)
    running = r"run_in_executor\(block\) \(thread 'pool_0' \d+, at waits\.py:\d+\)"
    expect("executor", in_executor(pool, block, 1), "thread", running, r"executor job in thread \d+")
    await settle()
    expect("executor-queued", in_executor(pool, block, 2), "thread",
           r"run_in_executor\(block\) \(no thread has begun it\)",
           "job that waits in an executor's queue")
    await settle()
    expect("executor-queued-last", in_executor(pool, block, 3), "thread",
           r"run_in_executor\(block\) \(no thread has begun it, 1 job before it\)",
           "job that waits in an executor's queue")
    if sys.version_info >= (3, 9):
        expect("to-thread", in_thread(), "thread",
               r"to_thread\(block\) \(thread 'asyncio_\d' \d+, at waits\.py:\d+\)",
               r"executor job in thread \d+")
    future = concurrent.futures.Future()
    KEPT.append(future)
    expect("concurrent-future", wait_concurrent(future), "thread", r"concurrent Future 'future'( at 0x\w+)?")
    started = concurrent.futures.Future()
    threading.Thread(target=other_loop, args=(started,), name="other-loop", daemon=True).start()
    loop = await asyncio.wrap_future(started)
    KEPT.append(loop)
    expect("threadsafe",
           wait_concurrent(asyncio.run_coroutine_threadsafe(elsewhere(), loop)), "thread",
           r"run_coroutine_threadsafe: task 'on-other-loop' "
           r"\(in the loop of thread 'other-loop' \d+\)", "task 0x.*", ["on-other-loop"])
    stopped, never = asyncio.new_event_loop(), elsewhere()
    KEPT.extend((stopped, never))
    expect("threadsafe-stopped",
           wait_concurrent(asyncio.run_coroutine_threadsafe(never, stopped)), "thread",
           r"run_coroutine_threadsafe \(to be started by loop 0x\w+, which does not run\)",
           needs_heap=True)


async def main(args):
    asyncio.current_task().set_name("main")
    await futures()
    await several()
    await queues()
    await locks()
    await conditions()
    await raw_sockets()
    await streams()
    await processes()
    await threads()
    await connections()
    await settle()
    idle = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.3, ready, args)
    await idle


def ready(args):
    if args.truth:
        truth.write(args.truth, extra={"waits": EXPECTED})
    if args.hold:
        asyncio.get_running_loop().call_later(args.hold, os._exit, 0)
    print("READY", os.getpid(), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--truth", metavar="FILE", help="write the ground truth here")
    parser.add_argument("--hold", type=float, default=3600, help="seconds until it ends")
    parser.add_argument("--debug", action="store_true", help="asyncio's debug mode")
    arguments = parser.parse_args()
    asyncio.run(main(arguments), debug=arguments.debug)
