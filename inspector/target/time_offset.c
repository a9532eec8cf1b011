#include "inspector/target/time_offset.h"

#include "inspector/target/proc_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* "monotonic  SECONDS  NANOSECONDS" (fs/proc/base.c), by the initial namespace. Strictly it is the one that
 * the process's children will be in, which is the process's own from its first exec on. */
static bool read_offset(int dir, const char *name, double *seconds)
{
	struct strbuf text = STRBUF_INIT;
	long long whole, nano;
	const char *line;
	int errnum;
	bool ok = proc_file_read(dir, name, &text, &errnum) &&
		  (line = strstr(strbuf_text(&text), "monotonic")) &&
		  sscanf(line, "monotonic %lld %lld", &whole, &nano) == 2;

	if (ok)
		*seconds = (double)whole + (double)nano / 1e9;
	strbuf_deinit(&text);
	return ok;
}

bool monotonic_offset(int proc, double *seconds)
{
	char ours[64], theirs[64];
	double mine;

	*seconds = 0;
	proc_link(AT_FDCWD, "/proc/self/ns/time", ours, sizeof(ours));
	proc_link(proc, "ns/time", theirs, sizeof(theirs));
	/* Before Linux 5.6 there are none. */
	if (strcmp(ours, theirs) == 0)
		return true;
	if (!read_offset(proc, "timens_offsets", seconds) ||
		!read_offset(AT_FDCWD, "/proc/self/timens_offsets", &mine))
		return false;
	*seconds -= mine;
	return true;
}
