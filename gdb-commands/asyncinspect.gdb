# asyncinspect in GDB: `asyncio` and what `help asyncio` lists. In GDB's own command language, for GDB 10 and newer,
# with Python in it or without.
#
#   (gdb) source /usr/local/share/asyncinspect/asyncinspect.gdb
#   (gdb) asyncio
#
# Each command pipes to `asyncinspect --gdb` what GDB says of its inferior, of its settings, and what was typed
# (records of a name and a text, 036 NAME 037 TEXT: inspector/commands/gdb_state.h). The answer comes back as a file of
# GDB commands, most of them printf, so that it passes GDB's pager, `set logging`, `pipe` and MI as GDB's own output
# does. The file is /tmp/asyncinspect-gdb.PID.N: PID is GDB's, N the exit status less 64. It is made anew, for its owner
# alone, and its first command removes it. An exit status below 64 means that there is no answer.
#
# A shell that does not read to the end makes GDB complain of a broken pipe, hence the cat.
#
# What is typed never reaches a shell, and a `|` in it ends nothing: it is printed into the pipe, whose delimiter nobody
# types.

if $_isvoid($_gdb_major)
  echo asyncinspect.gdb: this GDB is too old: it has no define-prefix, which GDB 10 brought\n
end
if !$_isvoid($_gdb_major) && $_gdb_major < 10
  echo asyncinspect.gdb: this GDB is too old: it has no define-prefix, which GDB 10 brought\n
end

# Which program is started: `set $asyncinspect = "/path/to/asyncinspect"`, or the environment variable ASYNCINSPECT, or
# this one.
if $_isvoid($__asyncio_default)
  with language c -- set $__asyncio_default = "asyncinspect"
end

# Read again, nobody is asked whether the commands are to be defined anew.
set $__asyncio_confirm = $_gdb_setting("confirm")
set confirm off
if $_isvoid($__asyncio_words)
  define-prefix asyncio
end

# A command hands its arguments on, however many there are: as many of these as $argc says, six characters each. eval
# substitutes them last, so that nothing in them counts as a format.
with language c -- set $__asyncio_words = " $arg0 $arg1 $arg2 $arg3 $arg4 $arg5 $arg6 $arg7 $arg8 $arg9"

# What costs time is asked only by the command that needs it.
set $__asyncio_wants_threads = 0

# --- the machinery ---------------------------------------------------------------------------------------------------

define __asyncio_tell
  echo \036gdb\037
  printf "%d", $__asyncio_gdb
  set $__asyncio_i = 0
  while $__asyncio_i < $argc
    eval "echo \\036word\\037$arg%d", $__asyncio_i
    set $__asyncio_i = $__asyncio_i + 1
  end
  if $__asyncio_has_value
    echo \036value\037
    printf "%#lx", $__asyncio_value
  end
  if !$_isvoid($__asyncio_snapshot)
    echo \036snapshot\037
    printf "%d %d %s", $__asyncio_snapshot_inferior, $__asyncio_snapshot_pid, $__asyncio_snapshot
  end
  echo \036inferior\037
  printf "%d", $_inferior
  echo \036width\037
  printf "%d", $__asyncio_width
  echo \036style\037
  printf "%d", $__asyncio_style
  set $__asyncio_text = $_gdb_setting_str("sysroot")
  echo \036sysroot\037
  printf "%s", $__asyncio_text
  set $__asyncio_text = $_gdb_setting_str("solib-search-path")
  echo \036solib-search-path\037
  printf "%s", $__asyncio_text
  set $__asyncio_text = $_gdb_setting_str("debug-file-directory")
  echo \036debug-file-directory\037
  printf "%s", $__asyncio_text
  # Last what has names in it that others chose: the first record of a name counts.
  set $__asyncio_number = $_inferior
  echo \036inferiors\037
  info inferiors $__asyncio_number
  echo \036files\037
  info files
  if $__asyncio_wants_threads
    echo \036threads\037
    info threads
  end
end
document __asyncio_tell
Part of asyncio: prints what asyncinspect has to know.
end

define __asyncio_answer
  if $_isvoid($_shell_exitcode)
    echo asyncinspect was ended by a signal.\n
    set $asyncio_status = 1
  else
    set $asyncio_status = $_shell_exitcode
    if $asyncio_status == 126 || $asyncio_status == 127
      echo asyncinspect could not be started: put it into PATH, or say where it is: set $asyncinspect = "/path/to/asyncinspect"\n
    end
    if $asyncio_status >= 64 && $asyncio_status < 126
      eval "source /tmp/asyncinspect-gdb.%d.%d", $__asyncio_gdb, $asyncio_status - 64
    end
  end
end
document __asyncio_answer
Part of asyncio: does what asyncinspect answered.
end

define __asyncio_ask
  if $_isvoid($asyncinspect)
    eval "eval \"pipe -d <asyncio|> -- __asyncio_tell%%.%ds <asyncio|> \\\"${ASYNCINSPECT:-%s}\\\" --gdb; s=$?; cat >/dev/null; exit $s\", $__asyncio_words", 6 * $argc, $__asyncio_default
  else
    eval "eval \"pipe -d <asyncio|> -- __asyncio_tell%%.%ds <asyncio|> '%s' --gdb; s=$?; cat >/dev/null; exit $s\", $__asyncio_words", 6 * $argc, $asyncinspect
  end
  __asyncio_answer
end
document __asyncio_ask
Part of asyncio: asks asyncinspect.
end

define __asyncio_do
  # GDB's PID, a byte at a time, by the exit status of a shell that was started by it.
  if $_isvoid($__asyncio_gdb)
    pipe -d <asyncio|> -- echo <asyncio|> cat >/dev/null; exit $((PPID >> 16 & 255))
    set $__asyncio_byte = $_shell_exitcode
    pipe -d <asyncio|> -- echo <asyncio|> cat >/dev/null; exit $((PPID >> 8 & 255))
    set $__asyncio_byte = $__asyncio_byte * 256 + $_shell_exitcode
    pipe -d <asyncio|> -- echo <asyncio|> cat >/dev/null; exit $((PPID & 255))
    set $__asyncio_gdb = $__asyncio_byte * 256 + $_shell_exitcode
  end
  # While it pipes, GDB has other ones.
  set $__asyncio_width = $_gdb_setting("width")
  set $__asyncio_style = $_gdb_setting("style enabled")
  set $__asyncio_has_value = 0
  set $__asyncio_wants_value = 0
  set $asyncio_status = 2
  if $argc > 10
    echo asyncio: more than nine words; put a name with blanks into quotes.\n
  else
    eval "eval \"__asyncio_ask%%.%ds\", $__asyncio_words", 6 * $argc
  end
  # The answer can be a question: what is the value of this expression?
  if $__asyncio_wants_value
    set $asyncio_status = 2
    eval "set $__asyncio_value = (unsigned long)(%s)", $__asyncio_expression
    set $__asyncio_has_value = 1
    eval "eval \"__asyncio_ask%%.%ds\", $__asyncio_words", 6 * $argc
  end
end
document __asyncio_do
Part of asyncio: a command with its arguments.
end

# --- the commands ----------------------------------------------------------------------------------------------------

define asyncio
  with language c -- eval "eval \"__asyncio_do%%.%ds\", $__asyncio_words", 6 * $argc
end
document asyncio
The asyncio tasks, coroutines and event loops of the Python program.
Usage: asyncio [COMMAND [ARGUMENT]] [OPTION]...
Without a command: one page, findings first, as `asyncio report'.

The inferior has to be stopped, or to be a core; it need not have symbols.
Commands and options are those of asyncinspect(1): --json, --locals, --paths N...
A TASK or OBJECT is a name, an address, or an expression of GDB's when it begins
with $, *, & or (, as in
    asyncio path $
    asyncio refs *(PyObject **)($rsp + 16)
A name with blanks is put into quotes: asyncio where "worker 3".

What is printed obeys `set pagination', `set height', `set width' and
`set style enabled', and can be piped: pipe asyncio tasks | grep pending
$asyncio_status is the exit status that asyncinspect would have had.
`set $asyncinspect = "/path/to/asyncinspect"' says which program is used.
See asyncinspect-gdb(7).
end

define asyncio report
  with language c -- eval "eval \"__asyncio_do report%%.%ds\", $__asyncio_words", 6 * $argc
end
document asyncio report
One page: the program, its findings, its event loops, its tasks.
Usage: asyncio report [OPTION]...
end

define asyncio check
  with language c -- eval "eval \"__asyncio_do check%%.%ds\", $__asyncio_words", 6 * $argc
end
document asyncio check
The findings alone; $asyncio_status is 3 for warnings and errors.
Usage: asyncio check [--fail-on WHAT] [--rules NAME,...] [OPTION]...
In a script: gdb -batch -c CORE -ex 'asyncio check' -ex 'quit $asyncio_status'
end

define asyncio tasks
  with language c -- eval "eval \"__asyncio_do tasks%%.%ds\", $__asyncio_words", 6 * $argc
end
document asyncio tasks
A row a task: name, state, coroutine, where it is parked, what it waits for.
Usage: asyncio tasks [OPTION]...
end

define asyncio tree
  with language c -- eval "eval \"__asyncio_do tree%%.%ds\", $__asyncio_words", 6 * $argc
end
document asyncio tree
Who waits for whom, across tasks, as a tree.
Usage: asyncio tree [OPTION]...
end

define asyncio stacks
  with language c -- eval "eval \"__asyncio_do stacks%%.%ds\", $__asyncio_words", 6 * $argc
end
document asyncio stacks
Tasks that stand at the same lines, together, most common first.
Usage: asyncio stacks [OPTION]...
end

define asyncio where
  with language c -- eval "eval \"__asyncio_do where%%.%ds\", $__asyncio_words", 6 * $argc
end
document asyncio where
The whole await chain of a task or coroutine, outermost frame first.
Usage: asyncio where TASK [--locals] [OPTION]...
TASK is the name of a task, the qualified name of a coroutine, an address, or an
expression of GDB's that begins with $, *, & or (.
--locals adds the variables of each frame.
end

define asyncio orphans
  with language c -- eval "eval \"__asyncio_do orphans%%.%ds\", $__asyncio_words", 6 * $argc
end
document asyncio orphans
The coroutines that nobody awaits: their arguments, and what still holds them.
Usage: asyncio orphans [--paths N] [OPTION]...
end

define asyncio refs
  with language c -- eval "eval \"__asyncio_do refs%%.%ds\", $__asyncio_words", 6 * $argc
end
document asyncio refs
Who refers to an object.
Usage: asyncio refs OBJECT [OPTION]...
OBJECT is an address, a name as `asyncio where' takes it, or an expression of
GDB's that begins with $, *, & or (, as in: asyncio refs $rdi
end

define asyncio path
  with language c -- eval "eval \"__asyncio_do path%%.%ds\", $__asyncio_words", 6 * $argc
end
document asyncio path
The shortest ways from a root to an object: who keeps it alive.
Usage: asyncio path OBJECT [--paths N] [OPTION]...
OBJECT is an address, a name as `asyncio where' takes it, or an expression of
GDB's that begins with $, *, & or (, as in: asyncio path $
end

define asyncio heap
  with language c -- eval "eval \"__asyncio_do heap%%.%ds\", $__asyncio_words", 6 * $argc
end
document asyncio heap
Objects by type: how many there are, and how large.
Usage: asyncio heap [OPTION]...
end

define asyncio loops
  with language c -- eval "eval \"__asyncio_do loops%%.%ds\", $__asyncio_words", 6 * $argc
end
document asyncio loops
Each event loop: what it does now, and what it will do next.
Usage: asyncio loops [OPTION]...
end

define asyncio threads
  with language c -- eval "eval \"__asyncio_do threads%%.%ds\", $__asyncio_words", 6 * $argc
end
document asyncio threads
The Python stack of each thread, and its event loop.
Usage: asyncio threads [--locals] [OPTION]...
end

define asyncio layout
  with language c -- eval "eval \"__asyncio_do layout%%.%ds\", $__asyncio_words", 6 * $argc
end
document asyncio layout
The layouts of CPython's structures that are used, and where each was found.
Usage: asyncio layout [OPTION]...
end

define asyncio thread
  set $__asyncio_wants_threads = 1
  with language c -- eval "eval \"__asyncio_do thread%%.%ds\", $__asyncio_words", 6 * $argc
  set $__asyncio_wants_threads = 0
end
document asyncio thread
Switch to the thread whose event loop owns a task.
Usage: asyncio thread TASK
TASK is as in `asyncio where'.
end

define asyncio snapshot
  with language c -- eval "eval \"__asyncio_do snapshot%%.%ds\", $__asyncio_words", 6 * $argc
end
document asyncio snapshot
Write a core of the inferior, by generate-core-file, and read that from now on.
Usage: asyncio snapshot [FILE]
       asyncio snapshot --forget
For an inferior whose memory only GDB can read: a remote one, or one that GDB has
started and nobody else may trace. FILE is core.PID without an argument. As long
as GDB holds that process the other commands read the core and say so;
take it again after the process has run, or --forget it.
end

if $__asyncio_confirm
  set confirm on
end
