"""Objects that C alone holds: in memory, in a variable, on the stack of a thread that waits.
And a string that a frame holds."""
import argparse
import ctypes
import gc
import json
import os
import signal
import threading
import time

PARSER = argparse.ArgumentParser()
PARSER.add_argument("--hold", type=float, default=600)
PARSER.add_argument("--truth")
ARGS = PARSER.parse_args()

ARRAY = (ctypes.c_void_p * 1000)()
KEPT = []


class Held:
    pass


def take(thing):
    """A reference that no object has."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
    return id(thing)


def wait_for_ever(locks):
    locks.pop().acquire()               # which the call alone holds now


def main():
    gc.disable()
    truth = {}
    ARRAY[500] = take(Held())
    truth["memory"] = {"address": hex(ARRAY[500]), "native": 1, "kinds": ["memory"],
                       "where": hex(ctypes.addressof(ARRAY) + 500 * ctypes.sizeof(ctypes.c_void_p))}
    hook = ctypes.c_void_p.in_dll(ctypes.pythonapi, "PyOS_InputHook")
    hook.value = take(Held())
    truth["data"] = {"address": hex(hook.value), "native": 1, "kinds": ["data"],
                     "where": hex(ctypes.addressof(hook))}
    del hook
    lock = threading.Lock()
    lock.acquire()
    truth["stack"] = {"address": hex(id(lock)), "native": 1,
                      "kinds": ["register", "frame", "stack"], "where": None}
    locks = [lock]
    del lock
    thread = threading.Thread(target=wait_for_ever, args=(locks,), daemon=True)
    thread.start()
    while locks:
        time.sleep(0.01)                # settled by the harness before it is looked at
    label = "".join(["held by ", "a frame"])
    truth["label"] = {"address": hex(id(label)), "native": 0, "kinds": [], "where": None}
    KEPT.append([Held()])
    truth["list"] = {"address": hex(id(KEPT[0])), "native": 0, "kinds": [], "where": None}
    if ARGS.truth:
        with open(ARGS.truth, "w") as out:
            json.dump(truth, out)
    del truth, locks
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.alarm(int(ARGS.hold))
    print("READY", os.getpid(), flush=True)
    while True:
        signal.pause()


main()
