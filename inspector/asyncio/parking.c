#include "inspector/asyncio/parking.h"

#include <string.h>

/* How a row counts. */
enum role {
	TELLS,	   /* it waits itself: the innermost of such tells the kind; and it gives a name */
	NAMES,	   /* calls something that waits: only the name */
	DECIDES,   /* tells the kind, whatever it calls: Queue.join waits in an Event */
	INNERMOST, /* as DECIDES, when nothing is called; otherwise it is not there: wait_for() up to 3.11
		      waits itself, then awaits what it was given */
};

/* Where asyncio's coroutines wait, in any version from 3.8 on. Names as in co_qualname; in 3.8 to 3.10, where
 * code has no such, of the generator. */
static const struct place {
	const char *file, *qualname; /* end of co_filename */
	enum role role;
	enum wait_kind kind;
	const char *on;	       /* the variable that holds what it waits for; NULL none */
	const char *operation; /* NULL: qualname */
} places[] = {
	{"queues.py", "Queue.join", DECIDES, WAIT_QUEUE_JOIN, "self", NULL},
	{"queues.py", "Queue.get", TELLS, WAIT_QUEUE_GET, "self", NULL},
	{"queues.py", "Queue.put", TELLS, WAIT_QUEUE_PUT, "self", NULL},
	{"locks.py", "Lock.acquire", TELLS, WAIT_LOCK, "self", NULL},
	{"locks.py", "Event.wait", TELLS, WAIT_EVENT, "self", NULL},
	{"locks.py", "Condition.wait", TELLS, WAIT_CONDITION, "self", NULL},
	{"locks.py", "Condition.wait_for", NAMES, WAIT_NONE, NULL, NULL},
	{"locks.py", "Semaphore.acquire", TELLS, WAIT_SEMAPHORE, "self", NULL},
	{"locks.py", "Barrier.wait", DECIDES, WAIT_BARRIER, "self", NULL},
	{"taskgroups.py", "TaskGroup.__aexit__", TELLS, WAIT_TASK_GROUP, "self", NULL},
	{"taskgroups.py", "TaskGroup._aexit", TELLS, WAIT_TASK_GROUP, "self", NULL},
	{"tasks.py", "sleep", TELLS, WAIT_SLEEP, NULL, NULL},
	{"tasks.py", "wait", NAMES, WAIT_NONE, NULL, NULL},
	{"tasks.py", "_wait", TELLS, WAIT_WAIT, NULL, "wait"},
	{"tasks.py", "wait_for", INNERMOST, WAIT_WAIT, NULL, NULL},
	{"tasks.py", "_cancel_and_wait", TELLS, WAIT_WAIT, NULL, "wait_for"},
	/* 3.8 to 3.12; then a class. */
	{"tasks.py", "as_completed.<locals>._wait_for_one", DECIDES, WAIT_WAIT, NULL, "as_completed"},
	{"tasks.py", "_AsCompletedIterator._wait_for_one", DECIDES, WAIT_WAIT, NULL, "as_completed"},
	{"threads.py", "to_thread", TELLS, WAIT_THREAD, NULL, NULL},
	{"streams.py", "open_connection", NAMES, WAIT_NONE, NULL, NULL},
	{"streams.py", "open_unix_connection", NAMES, WAIT_NONE, NULL, NULL},
	{"streams.py", "StreamReader.read", NAMES, WAIT_NONE, NULL, NULL},
	{"streams.py", "StreamReader.readexactly", NAMES, WAIT_NONE, NULL, NULL},
	{"streams.py", "StreamReader.readuntil", NAMES, WAIT_NONE, NULL, NULL},
	{"streams.py", "StreamReader.readline", NAMES, WAIT_NONE, NULL, NULL},
	{"streams.py", "StreamReader.__anext__", NAMES, WAIT_NONE, NULL, "StreamReader.readline"},
	{"streams.py", "StreamReader._wait_for_data", TELLS, WAIT_SOCKET, "self", NULL},
	{"streams.py", "StreamWriter.drain", NAMES, WAIT_NONE, NULL, NULL},
	{"streams.py", "FlowControlMixin._drain_helper", TELLS, WAIT_SOCKET, "self", "drain"},
	{"streams.py", "StreamWriter.wait_closed", TELLS, WAIT_SOCKET, "self", NULL},
	{"streams.py", "StreamWriter.start_tls", NAMES, WAIT_NONE, NULL, NULL},
	{"selector_events.py", "BaseSelectorEventLoop.sock_recv", TELLS, WAIT_SOCKET, "sock", "sock_recv"},
	{"selector_events.py", "BaseSelectorEventLoop.sock_recv_into", TELLS, WAIT_SOCKET, "sock",
		"sock_recv_into"},
	{"selector_events.py", "BaseSelectorEventLoop.sock_recvfrom", TELLS, WAIT_SOCKET, "sock",
		"sock_recvfrom"},
	{"selector_events.py", "BaseSelectorEventLoop.sock_recvfrom_into", TELLS, WAIT_SOCKET, "sock",
		"sock_recvfrom_into"},
	{"selector_events.py", "BaseSelectorEventLoop.sock_sendall", TELLS, WAIT_SOCKET, "sock",
		"sock_sendall"},
	{"selector_events.py", "BaseSelectorEventLoop.sock_sendto", TELLS, WAIT_SOCKET, "sock",
		"sock_sendto"},
	{"selector_events.py", "BaseSelectorEventLoop.sock_connect", TELLS, WAIT_SOCKET, "sock",
		"sock_connect"},
	{"selector_events.py", "BaseSelectorEventLoop.sock_accept", TELLS, WAIT_SOCKET, "sock",
		"sock_accept"},
	{"unix_events.py", "_UnixSelectorEventLoop._sock_sendfile_native", TELLS, WAIT_SOCKET, "sock",
		"sock_sendfile"},
	{"base_events.py", "BaseEventLoop.sock_sendfile", NAMES, WAIT_NONE, NULL, "sock_sendfile"},
	{"base_events.py", "BaseEventLoop.create_connection", NAMES, WAIT_NONE, NULL, "create_connection"},
	{"unix_events.py", "_UnixSelectorEventLoop.create_unix_connection", NAMES, WAIT_NONE, NULL,
		"create_unix_connection"},
	{"base_events.py", "BaseEventLoop._create_connection_transport", TELLS, WAIT_SOCKET, "transport",
		"create_connection"},
	{"base_events.py", "BaseEventLoop.start_tls", TELLS, WAIT_SOCKET, "transport", "start_tls"},
	{"base_events.py", "BaseEventLoop.create_server", NAMES, WAIT_NONE, NULL, "create_server"},
	{"base_events.py", "BaseEventLoop.create_datagram_endpoint", NAMES, WAIT_NONE, NULL,
		"create_datagram_endpoint"},
	{"base_events.py", "BaseEventLoop.getaddrinfo", TELLS, WAIT_THREAD, NULL, "getaddrinfo"},
	{"base_events.py", "BaseEventLoop.getnameinfo", TELLS, WAIT_THREAD, NULL, "getnameinfo"},
	{"base_events.py", "BaseEventLoop.shutdown_default_executor", TELLS, WAIT_THREAD, NULL,
		"shutdown_default_executor"},
	{"base_events.py", "Server.serve_forever", TELLS, WAIT_SERVER, "self", NULL},
	{"base_events.py", "Server.wait_closed", TELLS, WAIT_SERVER, "self", NULL},
	{"subprocess.py", "Process.wait", NAMES, WAIT_NONE, NULL, NULL},
	{"subprocess.py", "Process.communicate", NAMES, WAIT_NONE, NULL, NULL},
	{"base_subprocess.py", "BaseSubprocessTransport._wait", TELLS, WAIT_SUBPROCESS, "self",
		"Process.wait"},
	{"unix_events.py", "_UnixSelectorEventLoop._make_subprocess_transport", TELLS, WAIT_SUBPROCESS,
		"transp", "create_subprocess"},
	{"subprocess.py", "create_subprocess_exec", NAMES, WAIT_NONE, NULL, NULL},
	{"subprocess.py", "create_subprocess_shell", NAMES, WAIT_NONE, NULL, NULL},
};

/* "queues.py" of ".../asyncio/queues.py"; NULL for another file. */
static const char *asyncio_file(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *folder = "/asyncio";
	size_t length = strlen(folder);

	return slash && slash - path >= (long)length && strncmp(slash - length, folder, length) == 0
		       ? slash + 1
		       : NULL;
}

static const struct place *find_place(const struct link *link)
{
	const char *file = asyncio_file(link->file);

	for (size_t i = 0; file && i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(file, places[i].file) == 0 && strcmp(link->qualname, places[i].qualname) == 0)
			return &places[i];
	return NULL;
}

static void take(
	struct python *py, const struct place *place, const struct link *link, struct parking *parking)
{
	parking->kind = place->kind;
	parking->at = link;
	parking->on = place->on ? pyframe_local(py, &link->frame, place->on) : 0;
	if (parking->on == py->none)
		parking->on = 0;
}

void parking_find(struct python *py, const struct chain *chain, struct parking *parking)
{
	bool is_decided = false;

	*parking = (struct parking){.kind = WAIT_FUTURE, .first = chain->count};
	/* From the innermost outwards: what was met last is what the program called. */
	for (size_t i = chain->count; i-- > 0;) {
		const struct link *link = &chain->links[i];
		const struct place *place;

		if (!link->has_frame || !asyncio_file(link->file))
			break;
		parking->first = i;
		place = find_place(link);
		if (!place || (place->role == INNERMOST && i + 1 < chain->count))
			continue;
		parking->operation = place->operation ? place->operation : place->qualname;
		if (place->role == DECIDES || place->role == INNERMOST ||
			(place->role == TELLS && !is_decided))
			take(py, place, link, parking);
		is_decided = is_decided || place->role != NAMES;
	}
}
