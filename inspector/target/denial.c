#include "inspector/target/denial.h"

#include "inspector/target/proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CAP_BIT_SYS_PTRACE 19

static const char *user_name(uint32_t uid, char text[64])
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(text, 64, "%s", user->pw_name);
	else
		snprintf(text, 64, "user %u", uid);
	return text;
}

static bool deny(struct error *err, int errnum, const char *text)
{
	error_set(err, ERROR_DENIED, "%s", text);
	if (err)
		err->errnum = errnum;
	return false;
}

static const char container_cure[] =
	"Start the container that the inspector runs in with that capability: docker run "
	"--cap-add=SYS_PTRACE "
	"... (Kubernetes: securityContext.capabilities.add: [SYS_PTRACE]), or inspect from the host.";

static bool explain_root(const struct denial_facts *facts, pid_t pid, int errnum, struct error *err)
{
	char text[256];

	snprintf(text, sizeof(text), "process %d may not be read: we are root, but without CAP_SYS_PTRACE%s",
		(int)pid, facts->we_are_in_container ? ", as containers are by default" : "");
	deny(err, errnum, text);
	return error_advise(err, "%s", container_cure);
}

static bool explain_user(const struct denial_facts *facts, pid_t pid, int errnum, struct error *err)
{
	char theirs[64], ours[64], text[256];

	snprintf(text, sizeof(text), "process %d belongs to %s, and we run as %s", (int)pid,
		user_name(facts->their_uid, theirs), user_name(facts->our_uid, ours));
	deny(err, errnum, text);
	return error_advise(err, "Run as that user or as root: sudo asyncinspect --pid %d", (int)pid);
}

static bool explain_yama(const struct denial_facts *facts, pid_t pid, int errnum, struct error *err)
{
	char text[256];

	snprintf(text, sizeof(text), "process %d may not be read: kernel.yama.ptrace_scope is %d, which %s",
		(int)pid, facts->yama,
		facts->yama == 1   ? "lets only a parent look at its children"
		: facts->yama == 2 ? "lets only root do it"
				   : "forbids it to everyone until the machine is started again");
	deny(err, errnum, text);
	if (facts->yama == 1)
		return error_advise(err,
			"Run as root: sudo asyncinspect --pid %d, or allow it: sudo sysctl "
			"kernel.yama.ptrace_scope=0",
			(int)pid);
	if (facts->yama == 2)
		return error_advise(err, "Run as root: sudo asyncinspect --pid %d", (int)pid);
	return error_advise(
		err, "Let the process dump a core (kill -ABRT %d ends it) and inspect that.", (int)pid);
}

/* The order is the kernel's: credentials first, then dumpable, then the capabilities, then the security
 * modules. CAP_SYS_PTRACE in the right user namespace passes the first three. */
bool denial_explain(const struct denial_facts *facts, pid_t pid, int errnum, struct error *err)
{
	char text[320];

	if (facts->we_have_ptrace && facts->yama == 3)
		return explain_yama(facts, pid, errnum, err);
	if (facts->other_user_namespace && facts->we_have_ptrace) {
		snprintf(text, sizeof(text),
			"process %d is in another user namespace, where we have no rights", (int)pid);
		deny(err, errnum, text);
		return error_advise(err, "Run as root of the host: sudo asyncinspect --pid %d", (int)pid);
	}
	if (!facts->we_have_ptrace && facts->our_uid == 0)
		return explain_root(facts, pid, errnum, err);
	if (!facts->we_have_ptrace && !facts->same_user)
		return explain_user(facts, pid, errnum, err);
	if (!facts->we_have_ptrace && facts->they_are_not_dumpable) {
		snprintf(text, sizeof(text),
			"process %d is protected: it is set-user-ID, changed its user, or "
			"called prctl(PR_SET_DUMPABLE, 0)",
			(int)pid);
		deny(err, errnum, text);
		return error_advise(err, "Run as root: sudo asyncinspect --pid %d", (int)pid);
	}
	if (!facts->we_have_ptrace && facts->they_have_more) {
		snprintf(text, sizeof(text), "process %d has capabilities that we lack", (int)pid);
		deny(err, errnum, text);
		return error_advise(err, "Run as root: sudo asyncinspect --pid %d", (int)pid);
	}
	if (!facts->we_have_ptrace && facts->yama > 0)
		return explain_yama(facts, pid, errnum, err);
	if (facts->we_are_filtered) {
		snprintf(text, sizeof(text), "process %d may not be read: a seccomp filter on us forbids it",
			(int)pid);
		deny(err, errnum, text);
		return error_advise(err, "%s", container_cure);
	}
	snprintf(text, sizeof(text),
		"process %d may not be read: the kernel forbids it, probably by a security module%s%s",
		(int)pid, facts->their_confinement[0] ? "; its label is " : "", facts->their_confinement);
	deny(err, errnum, text);
	return error_advise(
		err, "Look into the kernel log (AppArmor, SELinux), or inspect a core of the process.");
}

/* Is each of the four numbers of a line of status (real, effective, saved, file system) number? */
static bool all_are(const char *status, const char *name, uint32_t number)
{
	const char *field = proc_field(status, name);

	for (int i = 0; field && i < 3; i++) {
		char *end;

		if (strtoul(field, &end, 10) != number || end == field)
			return false;
		field = end;
	}
	return field != NULL;
}

static bool same_map(int proc)
{
	struct strbuf theirs = STRBUF_INIT, ours = STRBUF_INIT;
	int errnum;
	bool same = !proc_file_read(proc, "uid_map", &theirs, &errnum) ||
		    !proc_file_read(AT_FDCWD, "/proc/self/uid_map", &ours, &errnum) ||
		    strcmp(strbuf_text(&theirs), strbuf_text(&ours)) == 0;

	strbuf_deinit(&theirs);
	strbuf_deinit(&ours);
	return same;
}

static int yama_scope(void)
{
	struct strbuf text = STRBUF_INIT;
	int errnum, scope = 0;

	if (proc_file_read(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", &text, &errnum))
		scope = atoi(strbuf_text(&text));
	strbuf_deinit(&text);
	return scope;
}

static void compare_status(struct denial_facts *facts, int proc)
{
	struct strbuf theirs = STRBUF_INIT, ours = STRBUF_INIT;
	uint64_t our_caps = 0, their_caps = 0, seccomp = 0, uid = 0;
	struct stat owner;
	int errnum;

	if (proc_file_read(AT_FDCWD, "/proc/self/status", &ours, &errnum)) {
		proc_field_number(strbuf_text(&ours), "CapEff", 16, &our_caps);
		proc_field_number(strbuf_text(&ours), "Seccomp", 10, &seccomp);
	}
	if (proc_file_read(proc, "status", &theirs, &errnum)) {
		const char *uids = proc_field(strbuf_text(&theirs), "Uid");

		proc_field_number(strbuf_text(&theirs), "CapPrm", 16, &their_caps);
		facts->same_user = all_are(strbuf_text(&theirs), "Uid", getuid()) &&
				   all_are(strbuf_text(&theirs), "Gid", getgid());
		if (uids && (uids = strchr(uids, '\t')))
			uid = strtoul(uids, NULL, 10);
		facts->their_uid = (uint32_t)uid;
		/* The files of a process that may not be dumped belong to root. */
		facts->they_are_not_dumpable = fstat(proc, &owner) == 0 && owner.st_uid == 0 && uid != 0;
	}
	facts->we_have_ptrace = our_caps >> CAP_BIT_SYS_PTRACE & 1;
	facts->they_have_more = (their_caps & ~our_caps) != 0;
	facts->we_are_filtered = seccomp == 2;
	strbuf_deinit(&theirs);
	strbuf_deinit(&ours);
}

bool denial_set(int proc, pid_t pid, int errnum, struct error *err)
{
	struct denial_facts facts = {.our_uid = geteuid(), .their_confinement = ""};
	struct strbuf label = STRBUF_INIT;
	int ignored;

	compare_status(&facts, proc);
	facts.yama = yama_scope();
	facts.other_user_namespace = !same_map(proc);
	facts.we_are_in_container = access("/.dockerenv", F_OK) == 0 ||
				    access("/run/.containerenv", F_OK) == 0 ||
				    getenv("KUBERNETES_SERVICE_HOST") != NULL;
	if (proc_file_read(proc, "attr/current", &label, &ignored) &&
		strncmp(strbuf_text(&label), "unconfined", 10) != 0) {
		if (label.text)
			label.text[strcspn(label.text, "\n")] = '\0';
		facts.their_confinement = strbuf_text(&label);
	}
	denial_explain(&facts, pid, errnum, err);
	strbuf_deinit(&label);
	return false;
}
