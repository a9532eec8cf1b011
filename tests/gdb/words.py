"""What is typed after `asyncio`: names, quotes, expressions, mistakes."""
import os
import re

from context import once
from suite import need, test


def status(gdb):
    return gdb.value("$asyncio_status")


@test
def names_that_a_shell_would_take_apart_reach_the_tool_whole(x):
    typed = {
        '"worker 3"': "worker 3", "worker 3": "worker 3", "'worker 3'": "worker 3",
        "it's": "it's", 'a"b': 'a"b', "'a\"b'": 'a"b', "50%s": "50%s",
        "back\\\\slash": "back\\slash", "'$(touch bad)'": "$(touch bad)", "|cat": "|cat",
        "`id`;id>bad": "`id`;id>bad", "0x10": "0x10",
    }
    with x.start_gdb("-p", str(x.odd.pid)) as gdb:
        for word, name in sorted(typed.items()):
            out = gdb.ask("asyncio where " + word)
            need(out.startswith("task '%s'  pending" % name.replace("\\", "\\\\"))
                 or out.startswith("task '%s'  pending" % name), "%s: %s", word, out[:200])
            need(status(gdb) == 0, "%s: status %d", word, status(gdb))
        out = gdb.ask("asyncio where nest.<locals>.Inner.wait")
        need("task 'nested'" in out, "a qualified name: %s", out[:200])
    need(not os.listdir(x.here), "a shell has made %s", os.listdir(x.here))


@test
@once
def options_go_along_with_their_values(x):
    with x.start_gdb("-p", str(x.service.pid)) as gdb:
        for words in ("tasks --json", "--json tasks", "--repr-limit 5 --json tasks",
                      "--repr-limit='5' tasks --json"):
            out = gdb.ask("asyncio " + words)
            need(out.startswith('{"schema"'), "%s: %s", words, out[:200])
        out = gdb.ask("asyncio tasks --core='/no such/core file'")
        need("/no such/core file" in out and status(gdb) == 1, "%s", out[:200])


@test
def expressions_are_evaluated_by_gdb(x):
    orphan = x.json("orphans", "--pid", x.odd.pid)["orphans"][0]["address"]
    expected = x.run("path", orphan, "--pid", x.odd.pid).text
    with x.start_gdb("-p", str(x.odd.pid)) as gdb:
        gdb.ask("print (long) " + orphan, "set $kept = (char *) %s - 16" % orphan)
        for word in ("$", "$1", "($1)", "($1 + 0)", "$kept + 16", "(long) $kept + 16",
                     orphan):
            out = gdb.ask("asyncio path " + word)
            need(out == expected, "%s: %s", word, out[:300])
        need(gdb.ask("print $").startswith("$2 = "), "the history of values has grown")
        out = gdb.ask("asyncio path -- $kept - -16")
        need(out == expected, "behind --: %s", out[:300])
        out = gdb.ask("asyncio refs $nothing_of_that_name")
        need("0x" not in out and status(gdb) == 2 or "no object at 0x0" in out, "void: %s", out)
        out = gdb.ask("asyncio refs $no +")
        need("syntax error" in out, "%s", out)
        need(status(gdb) == 2, "status %d", status(gdb))
        out = gdb.ask("asyncio refs $kept")
        need(re.match(r"asyncinspect: there is no object at 0x[0-9a-f]+\n", out), "%s", out)


@test
def addresses_that_are_printed_are_those_that_gdb_takes(x):
    task = x.json("tasks", "--pid", x.odd.pid)["tasks"][0]
    with x.start_gdb("-p", str(x.odd.pid)) as gdb:
        out = gdb.ask("x/2gx " + task["address"])
        need(re.match(r"%s:\t0x[0-9a-f]{16}\t0x[0-9a-f]{16}\n" % task["address"], out), "%s", out)
        count, kind = re.findall(r"\t0x([0-9a-f]{16})", out)
        need(0 < int(count, 16) < 1000 or int(count, 16) >> 32, "no reference count: %s", out)
        need(gdb.ask("x/gx 0x" + kind).startswith("0x"), "no type: %s", out)
        out = gdb.ask("print *(PyObject *) " + task["address"])
        if "No symbol" not in out:
            need("ob_refcnt" in out or "ob_type" in out or "at remote" in out, "%s", out)


@test
def mistakes_are_told_in_one_line_and_a_script_goes_on(x):
    with x.start_gdb("-p", str(x.service.pid)) as gdb:
        for words, expected in (("frobnicate", "there is no command 'frobnicate'"),
                                ("tasks extra", "one word too many: 'extra'"),
                                ("where", "where needs a"),
                                ("tasks --no-such-option", "unrecognized option"),
                                ("thread", "thread needs a")):
            out = gdb.ask("asyncio " + words)
            lines = out.rstrip("\n").split("\n")
            need(expected in lines[0] and len(lines) <= 2, "%s: %s", words, out)
            need(status(gdb) == 2, "%s: status %d", words, status(gdb))
        out = gdb.ask("asyncio where no-such-task")
        need("there is no task or coroutine 'no-such-task'" in out and status(gdb) == 1, "%s", out)
        out = gdb.ask("asyncio where 1 2 3 4 5 6 7 8 9")
        need("'1 2 3 4 5 6 7 8 9'" in out, "nine words: %s", out)
        out = gdb.ask("asyncio where 1 2 3 4 5 6 7 8 9 10")
        need("more than nine words" in out, "ten words: %s", out)


@test
@once
def it_works_in_a_frame_of_another_language(x):
    with x.start_gdb("-p", str(x.odd.pid)) as gdb:
        expected = gdb.ask("asyncio where \"worker 3\"")
        for language in ("rust", "pascal", "asm", "c++"):
            out = gdb.ask('with language %s -- asyncio where "worker 3"' % language)
            need(out.startswith(expected), "%s: %s", language, out[:300])


@test
def gdb_knows_just_the_commands_that_the_tool_has(x):
    """Of help asyncio; thread and snapshot are GDB's own."""
    with x.start_gdb() as gdb:
        out = gdb.ask("help asyncio")
        listed = re.findall(r"(?m)^asyncio ([a-z-]+) -- (.*)$", out)
        known = [name for name, _ in listed]
        own = {"thread", "snapshot"}
        need(sorted(set(known) - own) == sorted(x.commands()), "in GDB %s, the tool has %s",
             sorted(set(known) - own), sorted(x.commands()))
        need(own <= set(known), "%s", known)
        for name, summary in listed:
            out = gdb.ask("help asyncio " + name)
            need(summary in out and "Usage: asyncio " + name in out, "help asyncio %s: %s", name, out)
        need("asyncinspect-gdb(7)" in gdb.ask("help asyncio"), "no hint to the manual")
        need("asyncio orphans" in gdb.ask("complete asyncio or"), "no completion")


@test
@once
def a_second_source_asks_nothing_and_changes_nothing(x):
    import session
    with x.start_gdb("-p", str(x.service.pid)) as gdb:
        expected = gdb.ask("asyncio tasks")
        out = gdb.ask("set confirm on", "source " + session.COMMANDS)
        need("y or n" not in out, "%s", out)
        need("is on" in gdb.ask("show confirm"), "confirm was left off")
        need(gdb.ask("set confirm off", "asyncio tasks") == expected, "another answer")
