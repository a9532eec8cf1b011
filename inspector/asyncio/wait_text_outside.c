#include "inspector/asyncio/wait_writer.h"

#include "inspector/python/sequence.h"

#include <string.h>

#define SOCKETS_MAX 64

static void append_connection(struct writer *w, const struct connection *c, struct facts_text *facts)
{
	static const char *const streams[] = {"stdin", "stdout", "stderr"};
	const char *arguments;

	if (c->process && c->process_fd >= 0 && c->process_fd <= 2)
		fact_append(facts, "%s of process %lld", streams[c->process_fd],
			(long long)primitive_process(w->py, c->process, &arguments));
	else if (c->is_pipe)
		fact_append(facts, "pipe");
	if (c->is_tls)
		fact_append(facts, "TLS");
	if (c->fd >= 0)
		fact_append(facts, "fd %lld", (long long)c->fd);
	if (c->peer)
		fact_append(facts, "peer %s", c->peer);
	else if (c->local)
		fact_append(facts, "local %s", c->local);
}

void writer_append_process(struct writer *w, const struct wait *wait, struct facts_text *facts)
{
	const char *arguments;
	int64_t pid = primitive_process(w->py, wait->on, &arguments);

	if (pid > 0)
		fact_append(facts, "pid %lld", (long long)pid);
	if (arguments)
		fact_append(facts, "%s", arguments);
}

static void append_job_place(struct writer *w, const struct job *job, struct facts_text *facts)
{
	const struct pythread *thread;

	if (job->thread == SIZE_MAX) {
		fact_append(facts, job->is_of_process ? "in another process" : "no thread has begun it");
		if (job->is_queued && job->before_it)
			fact_append(
				facts, "%zu job%s before it", job->before_it, job->before_it == 1 ? "" : "s");
		return;
	}
	thread = &w->a->threads.threads[job->thread];
	if (thread->name)
		fact_append(facts, "thread '%s' %llu", thread->name, (unsigned long long)thread->native_id);
	else
		fact_append(facts, "thread %llu", (unsigned long long)thread->native_id);
	if (job->place)
		fact_append(facts, "at %s:%u", writer_base_name(job->place->code->filename),
			pyframe_line(job->place));
}

/* By the thread that runs it, which has a name. */
static void append_loop(struct writer *w, const char *before, uint64_t address, struct facts_text *facts)
{
	size_t index = asyncio_find_loop(w->a, address);
	const struct loop *loop = index == NO_INDEX ? NULL : &w->a->loops[index];
	const struct pythread *thread =
		loop && loop->thread != SIZE_MAX ? &w->a->threads.threads[loop->thread] : NULL;

	if (thread && thread->name)
		fact_append(facts, "%s the loop of thread '%s' %llu", before, thread->name,
			(unsigned long long)thread->native_id);
	else if (thread)
		fact_append(
			facts, "%s the loop of thread %llu", before, (unsigned long long)thread->native_id);
	else
		fact_append(facts, "%s loop 0x%llx, which does not run", before, (unsigned long long)address);
}

/* The loop that run_coroutine_threadsafe() was given has not come to it. */
static bool append_unstarted(struct writer *w, const struct wait *wait, struct facts_text *facts)
{
	struct setter setter;

	if (!wait->on || !threadsafe_is_future(w->py, wait->on))
		return false;
	setter = threadsafe_setter(&w->threadsafe, wait->on);
	if (setter.kind != SETTER_LOOP)
		return false;
	strbuf_append(&w->out, "run_coroutine_threadsafe");
	append_loop(w, "to be started by", w->a->loops[setter.index].address, facts);
	return true;
}

void writer_append_thread(struct writer *w, const struct wait *wait, struct facts_text *facts)
{
	const struct job *job = wait->on ? jobs_of(&w->a->jobs, wait->on) : NULL;
	const char *operation = wait->operation ? wait->operation : job ? "run_in_executor" : NULL;

	if (wait->task_count) {
		size_t index = asyncio_find_task(w->a, wait->tasks[0]);

		strbuf_append(&w->out, "run_coroutine_threadsafe: ");
		writer_append_task(w, wait->tasks[0]);
		if (index != NO_INDEX)
			append_loop(w, "in", w->a->tasks[index].future.loop, facts);
		return;
	}
	if (!job && !wait->operation && append_unstarted(w, wait, facts))
		return;
	if (operation) {
		bool is_call =
			strcmp(operation, "run_in_executor") == 0 || strcmp(operation, "to_thread") == 0;

		strbuf_append_safe(&w->out, operation);
		if (job) {
			strbuf_append(&w->out, is_call ? "(" : ": ");
			strbuf_append_safe(&w->out, job->function.name);
			strbuf_append(&w->out, is_call ? ")" : "");
		}
	} else {
		strbuf_append(&w->out, wait->on ? "concurrent " : "");
		writer_append_object(w, wait->on ? wait->on_type : wait->type_name, wait->name,
			wait->on ? wait->on : wait->address);
	}
	if (job)
		append_job_place(w, job, facts);
}

/* Addresses of a server's sockets: of the kernel, by the descriptors that its loop watches. */
static void append_server_sockets(struct writer *w, const struct wait *wait, struct facts_text *facts)
{
	uint64_t sockets = writer_attribute(w, wait->on, "_sockets"), socket;
	const struct pytype *type = sockets ? pytype_of(w->py, sockets, NULL) : NULL;
	struct sequence_iter iter;

	if (!type || type->kind != KIND_LIST || !sequence_open(w->py, sockets, KIND_LIST, &iter, NULL))
		return;
	for (size_t i = 0; i < SOCKETS_MAX && sequence_next(&iter, &socket); i++) {
		const struct watch *watch = watches_find(&w->wakers.watches, socket);
		struct connection c = {.fd = watch ? watch->fd : -1};

		connection_ask_kernel(w->py, w->endpoints, &c);
		append_connection(w, &c, facts);
	}
}

void writer_append_socket(struct writer *w, const struct wait *wait, struct facts_text *facts)
{
	strbuf_append_safe(&w->out, wait->operation);
	append_connection(w, &wait->connection, facts);
}

void writer_append_server(struct writer *w, const struct wait *wait, struct facts_text *facts)
{
	strbuf_append_safe(&w->out, wait->operation);
	append_server_sockets(w, wait, facts);
	primitive_append_facts(w->py, wait, facts);
}

/* Where a connection is to lead: arguments of asyncio's own functions. */
static void read_address(struct writer *w, const struct task *task, struct connection *c)
{
	for (size_t i = task->chain.count; !c->peer && i-- > task->wait.first;) {
		const struct link *link = &task->chain.links[i];
		const char *name = link->has_frame ? writer_last_part(link->qualname) : "";

		if (strcmp(name, "sock_connect") == 0)
			c->peer = connection_address(w->py, pyframe_local(w->py, &link->frame, "address"));
	}
}

/* Where data comes from: the transport of a StreamReader or StreamWriter, a transport, a socket. */
void writer_find_connection(struct writer *w, struct task *task)
{
	struct wait *wait = &task->wait;
	struct connection *c = &wait->connection;
	uint64_t transport = 0;
	const struct watch *watch;
	bool is_writer =
		wait->operation && (strstr(wait->operation, "drain") || strstr(wait->operation, "send") ||
					   strstr(wait->operation, "connect"));

	/* Lib/asyncio/streams.py: who waits in drain() is the protocol, which may not know the transport; the
	 * writer is a frame further out, and does. */
	for (size_t i = wait->first; !transport && i < task->chain.count; i++)
		if (task->chain.links[i].has_frame)
			transport = writer_attribute(
				w, pyframe_local(w->py, &task->chain.links[i].frame, "self"), "_transport");
	if (!wait->on || !connection_of_transport(w->py, transport ? transport : wait->on, c)) {
		watch = watches_find(&w->wakers.watches, wait->address);
		if (!watch && wait->on)
			watch = watches_find_direction(&w->wakers.watches, wait->on, is_writer);
		*c = (struct connection){.fd = watch ? watch->fd : -1};
	}
	c->is_writer = is_writer;
	read_address(w, task, c);
	connection_ask_kernel(w->py, w->endpoints, c);
}
