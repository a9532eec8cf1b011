/* The threads of a process, as /proc shows them. */
#include "inspector/target/proc_file.h"
#include "inspector/target/target_live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void live_name_thread(const struct target *t, struct target_thread *thread)
{
	struct strbuf text = STRBUF_INIT;
	char name[48];
	int errnum;

	snprintf(name, sizeof(name), "task/%d/comm", (int)thread->tid);
	if (proc_file_read(t->proc, name, &text, &errnum) && text.length > 0)
		snprintf(
			thread->name, sizeof(thread->name), "%.*s", (int)strcspn(text.text, "\n"), text.text);
	strbuf_deinit(&text);
}

/* What the kernel tells about a thread that is asleep, without stopping it: the end of "NR ARGUMENTS SP PC"
 * of a system call, or "-1 SP PC". One that runs is "running". */
static void read_sleeper(const struct target *t, struct target_thread *thread)
{
	struct strbuf text = STRBUF_INIT;
	const char *pc, *sp;
	char name[48];
	int errnum;

	snprintf(name, sizeof(name), "task/%d/syscall", (int)thread->tid);
	if (!proc_file_read(t->proc, name, &text, &errnum)) {
		strbuf_deinit(&text);
		return;
	}
	system_call_of_text(strbuf_text(&text), &thread->call);
	if ((pc = strrchr(strbuf_text(&text), ' '))) {
		sp = pc;
		while (sp > text.text && sp[-1] != ' ')
			sp--;
		thread->stack_pointer = strtoull(sp, NULL, 16);
		thread->pc = strtoull(pc, NULL, 16);
		thread->has_registers = thread->pc != 0;
	}
	strbuf_deinit(&text);
}

bool live_read_threads(struct target *t, bool with_registers, struct error *err)
{
	pid_t *tids = NULL;
	size_t count;
	int errnum;

	if (!proc_tasks(t->proc, &tids, &count, &errnum))
		return error_errno(err, errnum == ENOENT ? ESRCH : errnum,
			"cannot list the threads of process %d", (int)t->pid);
	t->threads = arena_alloc(t->arena, (count + 1) * sizeof(*t->threads));
	t->thread_count = count;
	for (size_t i = 0; i < count; i++) {
		t->threads[i].tid = tids[i];
		live_name_thread(t, &t->threads[i]);
		if (with_registers)
			read_sleeper(t, &t->threads[i]);
	}
	free(tids);
	return true;
}
