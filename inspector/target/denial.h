/* denial: why the kernel does not let us look at a process: the one cause that applies, and what helps.
 *
 * The kernel only says EPERM. The rules are those of __ptrace_may_access, in the kernel's order. */
#ifndef ASYNCINSPECT_TARGET_DENIAL_H
#define ASYNCINSPECT_TARGET_DENIAL_H

#include "inspector/base/error.h"

#include <sys/types.h>

/* What the rules look at. A test makes its own. */
struct denial_facts {
	uint32_t our_uid, their_uid;   /* effective */
	bool same_user;		       /* all of their uids and gids are ours */
	bool we_have_ptrace;	       /* CAP_SYS_PTRACE is in our effective set */
	bool they_have_more;	       /* their permitted capabilities are not all in ours */
	bool they_are_not_dumpable;    /* prctl, set-user-ID, or an executable that may not be read */
	bool other_user_namespace;     /* than ours */
	bool we_are_in_container;      /* as far as can be told */
	bool we_are_filtered;	       /* by seccomp */
	int yama;		       /* kernel.yama.ptrace_scope; 0 also when there is no Yama */
	const char *their_confinement; /* security label; "" when unconfined or unknown */
};

/* Sets *err (ERROR_DENIED, errnum as given) from the facts. False. */
bool denial_explain(const struct denial_facts *facts, pid_t pid, int errnum, struct error *err);

/* The same, with the facts as they are. proc: /proc/PID. */
bool denial_set(int proc, pid_t pid, int errnum, struct error *err);

#endif
