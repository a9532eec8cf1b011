/* A process as a target, before its memory is copied. */
#include "inspector/target/target_live.h"
#include "inspector/target/denial.h"
#include "inspector/target/path_open.h"
#include "inspector/target/proc_file.h"
#include "inspector/target/proc_maps.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

bool live_read(const struct target *t, uint64_t address, void *out, size_t size, struct error *err)
{
	size_t done = 0;

	while (done < size) {
		struct iovec here = {(uint8_t *)out + done, size - done};
		struct iovec there = {(void *)(uintptr_t)(address + done), size - done};
		ssize_t got = process_vm_readv(t->pid, &here, 1, &there, 1, 0);
		const struct mapping *mapping;

		if (got > 0) {
			done += (size_t)got;
			continue;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EPERM)
			return denial_set(t->proc, t->pid, EPERM, err);
		if (got < 0 && errno != EFAULT)
			return error_errno(err, errno, "cannot read the memory of process %d", (int)t->pid);
		address += done;
		mapping = target_find_mapping(t, address);
		if (mapping)
			return error_at(err, ERROR_NOT_SAVED, address,
				"0x%" PRIx64 " is in a mapping that cannot be read%s%s", address,
				mapping->path[0] ? ": " : "", mapping->path);
		return error_at(err, ERROR_UNMAPPED, address, "0x%" PRIx64 " is in no mapping", address);
	}
	return true;
}

bool live_read_maps(struct target *t, struct error *err)
{
	struct strbuf text = STRBUF_INIT;
	int errnum;
	bool done = proc_file_read(t->proc, "maps", &text, &errnum);

	if (done && text.length == 0) {
		/* The process lost its memory: it ends, or it is the kernel's. */
		done = error_set(err, ERROR_GONE, "process %d has ended", (int)t->pid);
	} else if (done) {
		t->mappings = proc_maps_parse(t->arena, strbuf_text(&text), &t->mapping_count);
	} else if (errnum == EACCES || errnum == EPERM) {
		denial_set(t->proc, t->pid, errnum, err);
	} else {
		error_errno(err, errnum == ENOENT ? ESRCH : errnum, "cannot read the maps of process %d",
			(int)t->pid);
	}
	strbuf_deinit(&text);
	return done;
}

bool live_read_tracer(struct target *t, struct error *err)
{
	struct strbuf text = STRBUF_INIT;
	uint64_t tracer = 0;
	int errnum;

	if (!proc_file_read(t->proc, "status", &text, &errnum)) {
		strbuf_deinit(&text);
		return error_set(err, ERROR_GONE, "process %d has ended", (int)t->pid);
	}
	proc_field_number(strbuf_text(&text), "TracerPid", 10, &tracer);
	t->tracer = (pid_t)tracer;
	strbuf_deinit(&text);
	return true;
}

/* NSpid has the number in our namespace (that of our /proc), then those in the ones below, innermost last. */
static pid_t namespace_pid(const char *status, pid_t pid)
{
	const char *at = proc_field(status, "NSpid");
	long number = 0;

	while (at && *at && *at != '\n') {
		char *end;

		number = strtol(at, &end, 10);
		if (end == at)
			return 0;
		for (at = end; *at == '\t' || *at == ' '; at++)
			;
	}
	return number == pid ? 0 : (pid_t)number;
}

/* What the status file says against an inspection. */
static bool check_status(struct target *t, const char *status, struct error *err)
{
	const char *state = proc_field(status, "State");
	uint64_t leader = 0, threads = 0, number;

	proc_field_number(status, "Tgid", 10, &leader);
	proc_field_number(status, "Threads", 10, &threads);
	if (leader != 0 && leader != (uint64_t)t->pid) {
		error_set(err, ERROR_NOT_FOUND, "%d is a thread of process %" PRIu64, (int)t->pid, leader);
		return error_advise(err, "Give the process: asyncinspect --pid %" PRIu64, leader);
	}
	if (state && (state[0] == 'Z' || state[0] == 'X')) {
		if (threads > 1)
			return error_set(err, ERROR_UNSUPPORTED,
				"the main thread of process %d has ended, only others are left", (int)t->pid);
		error_set(err, ERROR_GONE,
			"process %d has ended; its parent has not asked for its status yet", (int)t->pid);
		return false;
	}
	/* A kernel thread has no memory; from Linux 6.4 on it says so. */
	if ((proc_field_number(status, "Kthread", 10, &number) && number == 1) ||
		!proc_field(status, "VmSize"))
		return error_set(err, ERROR_UNSUPPORTED, "process %d is a thread of the kernel", (int)t->pid);
	return true;
}

static bool open_proc(struct target *t, struct error *err)
{
	struct strbuf status = STRBUF_INIT;
	int errnum;
	bool done;

	if (t->pid <= 0)
		return error_set(err, ERROR_USAGE, "%d is not the number of a process", (int)t->pid);
	if (t->pid == getpid())
		return error_set(err, ERROR_USAGE, "process %d is asyncinspect itself", (int)t->pid);
	t->proc = proc_open(t->pid);
	if (t->proc < 0)
		return errno == ENOENT
			       ? error_set(err, ERROR_NOT_FOUND, "there is no process %d", (int)t->pid)
			       : error_errno(err, errno, "cannot look at process %d", (int)t->pid);
	if (!proc_file_read(t->proc, "status", &status, &errnum)) {
		strbuf_deinit(&status);
		return error_errno(
			err, errnum == ENOENT ? ESRCH : errnum, "cannot look at process %d", (int)t->pid);
	}
	done = check_status(t, strbuf_text(&status), err);
	t->namespace_pid = namespace_pid(strbuf_text(&status), t->pid);
	strbuf_deinit(&status);
	return done;
}

/* Reading memory needs more than reading maps: ask now, and not after the work is half done. */
static bool probe_memory(struct target *t, struct error *err)
{
	struct iovec here, there;
	uint8_t byte;

	for (size_t i = 0; i < t->mapping_count; i++) {
		if (!(t->mappings[i].prot & PROT_READ))
			continue;
		here = (struct iovec){&byte, 1};
		there = (struct iovec){(void *)(uintptr_t)t->mappings[i].start, 1};
		if (process_vm_readv(t->pid, &here, 1, &there, 1, 0) == 1)
			return true;
		if (errno == EPERM || errno == EACCES)
			return denial_set(t->proc, t->pid, errno, err);
		if (errno == ENOSYS)
			return error_errno(err, errno, "cannot read the memory of process %d", (int)t->pid);
	}
	return true;
}

static bool open_root(struct target *t, struct error *err)
{
	int root = openat(t->proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return target_open_root(t, root >= 0 ? root : AT_FDCWD, err);
}

static void probe_map_files(struct target *t)
{
	char name[64];

	for (size_t i = 0; i < t->mapping_count; i++) {
		const struct mapping *m = &t->mappings[i];
		int fd;

		if (m->inode == 0 || m->path[0] != '/')
			continue;
		snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, m->start, m->end);
		fd = openat(t->proc, name, O_PATH | O_CLOEXEC);
		t->no_map_files = fd < 0 && (errno == EPERM || errno == EACCES);
		if (fd >= 0)
			close(fd);
		return;
	}
}

static bool find_executable(struct target *t, struct error *err)
{
	static const char suffix[] = " (deleted)";
	char path[PATH_MAX + sizeof(suffix)];
	struct stat status;
	uint8_t ident[EI_NIDENT] = {0};
	size_t length;
	int fd;

	length = strlen(proc_link(t->proc, "exe", path, sizeof(path)));
	if (length >= sizeof(suffix) && strcmp(path + length - (sizeof(suffix) - 1), suffix) == 0)
		path[length - (sizeof(suffix) - 1)] = '\0';
	t->executable = arena_strdup(t->arena, path);
	fd = path_open_link(t->proc, "exe", path, &status, NULL);
	if (fd < 0)
		return true;
	if (pread(fd, ident, sizeof(ident), 0) == sizeof(ident) && memcmp(ident, ELFMAG, SELFMAG) == 0 &&
		ident[EI_CLASS] != ELFCLASS64) {
		close(fd);
		return error_set(err, ERROR_UNSUPPORTED, "process %d runs a 32-bit program", (int)t->pid);
	}
	close(fd);
	return true;
}

/* A copied run, without the pages that could not be read. *hole: the first that ends behind it. */
static void add_copied(struct target *t, struct region region, size_t *hole)
{
	const struct page_ranges *holes = &t->snapshot.holes;
	const uint8_t *bytes = snapshot_at(&t->snapshot, region.start, region.end);
	uint64_t first = region.start, end = region.end;

	while (*hole < holes->count && holes->ranges[*hole].end <= region.start)
		++*hole;
	for (; *hole < holes->count && holes->ranges[*hole].start < end; ++*hole) {
		region.end = holes->ranges[*hole].start;
		region.bytes = bytes + (region.start - first);
		region_list_add(&t->regions, region, NULL);
		region.start = region.end;
		region.end = holes->ranges[*hole].end;
		region.bytes = NULL;
		region_list_add(&t->regions, region, "it could not be read (a guard page?)");
		region.start = region.end;
	}
	region.end = end;
	region.bytes = bytes + (region.start - first);
	region_list_add(&t->regions, region, NULL);
}

/* A run that is fetched page by page. */
static void add_partial(struct target *t, struct region region)
{
	region.bytes = snapshot_at(&t->snapshot, region.start, region.end);
	region.is_partial = true;
	region_list_add(&t->regions, region, NULL);
}

void live_make_regions(struct target *t, const struct copy_plan *plan)
{
	size_t hole = 0;

	region_list_deinit(&t->old_regions);
	t->old_regions = t->regions;
	t->regions = (struct region_list){.regions = NULL};
	for (size_t i = 0; i < plan->count; i++) {
		const struct run *run = &plan->runs[i];
		struct region region = {.start = run->start, .end = run->end, .prot = run->prot};

		if (run->kind == RUN_NONE) {
			region_list_add(&t->regions, region, run->reason);
		} else if (run->kind == RUN_FILE) {
			region.is_file = true;
			region.bytes = run->file->bytes + run->file_offset;
			region_list_add(&t->regions, region, NULL);
		} else if (t->is_captured) {
			region.is_zero = run->kind == RUN_ZERO;
			if (t->is_partial)
				add_partial(t, region);
			else
				add_copied(t, region, &hole);
		} else {
			region_list_add(&t->regions, region, "it was not copied yet");
		}
	}
}

static bool is_deleted_program(const struct mapping *m)
{
	return m->is_deleted && (m->prot & PROT_EXEC) && m->inode != 0 && strncmp(m->path, "/memfd:", 7) != 0;
}

static bool was_named_before(const struct target *t, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_deleted_program(&t->mappings[i]) &&
			strcmp(t->mappings[i].path, t->mappings[count].path) == 0)
			return true;
	return false;
}

/* Programs and libraries of which this process has the only copy: an upgrade without a restart. Nothing is
 * missed, but what else is on the disk, debug information and sources, belongs to other ones. */
static void warn_of_deleted(struct target *t)
{
	const char *first = NULL;
	size_t count = 0;

	for (size_t i = 0; i < t->mapping_count; i++) {
		if (!is_deleted_program(&t->mappings[i]) || was_named_before(t, i))
			continue;
		first = first ? first : t->mappings[i].path;
		count++;
	}
	if (count > 0)
		target_warn(t,
			"%s%s was replaced or removed since the process started: what it has mapped "
			"is read, sources and debug information may be of another build.",
			first, count == 1 ? "" : " and others");
}

/* The warning is for what will be missed: text of a file that is gone can be copied, its symbols cannot. */
static void warn_of_files(struct target *t)
{
	const char *first = NULL;
	size_t count = 0;

	for (size_t i = 0; i < t->files.count; i++) {
		const struct error *refusal = &t->files.files[i]->refusal;

		if (refusal->kind != ERROR_MISMATCH && refusal->kind != ERROR_NOT_FOUND)
			continue;
		first = first ? first : refusal->text;
		count++;
	}
	if (count > 0)
		target_warn(t, "%zu mapped %s since the process started: %s%s.", count,
			count == 1 ? "file was replaced or removed" : "files were replaced or removed", first,
			count == 1 ? "" : ", and others");
	else
		warn_of_deleted(t);
}

struct target *target_open_process(pid_t pid, const struct target_options *options, struct error *err)
{
	struct target *t = target_create(TARGET_LIVE, options);
	struct copy_plan plan = {.runs = NULL};

	t->pid = pid;
	if (!open_proc(t, err) || !live_read_maps(t, err) || !probe_memory(t, err) ||
		!find_executable(t, err) || !live_read_tracer(t, err) || !live_read_threads(t, false, err) ||
		!open_root(t, err)) {
		target_close(t);
		return NULL;
	}
	probe_map_files(t);
	copy_plan_make(&plan, t, false);
	live_make_regions(t, &plan);
	copy_plan_deinit(&plan);
	warn_of_files(t);
	return t;
}
