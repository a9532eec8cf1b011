/* What is left in the memory groups around a process, of files made by hand. */
#include "inspector/base/alloc.h"
#include "inspector/target/memory_limit.h"
#include "tests/unit/elf_writer.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *suite_memory_limit(void);

#define MOUNT_1(top, at) "32 31 0:32 " top " " at " rw,nosuid shared:9 - cgroup cgroup rw,memory\n"
#define MOUNT_2(top, at) "41 31 0:38 " top " " at " rw - cgroup2 cgroup2 rw,nsdelegate\n"
#define OTHERS                                                                                               \
	"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"                                         \
	"34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"

static char *root;

static void setup(void)
{
	root = scratch_create();
}

static void teardown(void)
{
	scratch_remove(root);
}

/* With the folders above it. */
static void put(const char *name, const char *text)
{
	char *path = xstrdup(name);

	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		char *folder;

		*slash = '\0';
		folder = xasprintf("%s/%s", root, path);
		mkdir(folder, 0700);
		free(folder);
		*slash = '/';
	}
	free(path);
	free(scratch_write(root, name, text, strlen(text)));
}

static void put_process(const char *groups, const char *mounts)
{
	put("proc/meminfo", "MemTotal:       100000 kB\nMemAvailable:    50000 kB\n");
	put("proc/self/cgroup", groups);
	put("proc/self/mountinfo", mounts);
}

static uint64_t available(void)
{
	int directory = open(root, O_PATH | O_DIRECTORY);
	uint64_t bytes = memory_available_below(directory);

	close(directory);
	return bytes;
}

#define MACHINE ((uint64_t)50000 << 10)

START_TEST(without_groups_it_is_what_the_machine_has)
{
	ck_assert_uint_eq(available(), UINT64_MAX);
	put_process("", "");
	ck_assert_uint_eq(available(), MACHINE);
	put_process("nonsense\n0\n::\n4:memory\n", "nonsense\n - \n - cgroup2\n" OTHERS);
	ck_assert_uint_eq(available(), MACHINE);
}
END_TEST

START_TEST(the_smallest_group_of_version_2_counts)
{
	put_process("0::/outer/inner\n", OTHERS MOUNT_2("/", "/sys/fs/cgroup"));
	put("sys/fs/cgroup/outer/inner/memory.max", "max\n");
	put("sys/fs/cgroup/outer/inner/memory.current", "1000\n");
	ck_assert_uint_eq(available(), MACHINE);
	put("sys/fs/cgroup/outer/memory.max", "5000000\n");
	put("sys/fs/cgroup/outer/memory.current", "4000000\n");
	ck_assert_uint_eq(available(), 1000000);
	put("sys/fs/cgroup/outer/memory.stat", "anon 1\ninactive_file 500000\nactive_file 9\n");
	ck_assert_uint_eq(available(), 1500000);
	put("sys/fs/cgroup/outer/inner/memory.max", "1200\n");
	ck_assert_uint_eq(available(), 200);
	put("sys/fs/cgroup/outer/inner/memory.max", "900\n"); /* lowered after it was used */
	ck_assert_uint_eq(available(), 0);
}
END_TEST

/* As systems mount it that have both: version 2 knows nothing of memory then. */
START_TEST(the_smallest_group_of_version_1_counts)
{
	put_process("9:name=systemd:/x\n4:hugetlb,memory:/outer/inner\n2:cpu,cpuacct:/y\n0::/x\n",
		OTHERS MOUNT_2("/", "/sys/fs/cgroup/unified") MOUNT_1("/", "/sys/fs/cgroup/memory"));
	ck_assert_uint_eq(available(), MACHINE);
	put("sys/fs/cgroup/memory/outer/inner/memory.limit_in_bytes", "9223372036854771712\n");
	put("sys/fs/cgroup/memory/outer/inner/memory.usage_in_bytes", "4000000\n");
	ck_assert_uint_eq(available(), MACHINE);
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "7000000\n");
	put("sys/fs/cgroup/memory/memory.usage_in_bytes", "4000000\n");
	ck_assert_uint_eq(available(), 3000000);
	put("sys/fs/cgroup/memory/outer/memory.limit_in_bytes", "5000000\n");
	put("sys/fs/cgroup/memory/outer/memory.usage_in_bytes", "4000000\n");
	put("sys/fs/cgroup/memory/outer/memory.stat",
		"cache 8\ninactive_file 7\ntotal_cache 600000\ntotal_inactive_file 500000\n");
	ck_assert_uint_eq(available(), 1500000);
	/* What is above the place of the file system is no group. */
	put("sys/fs/cgroup/memory.limit_in_bytes", "1\n");
	put("sys/fs/cgroup/memory.usage_in_bytes", "1\n");
	ck_assert_uint_eq(available(), 1500000);
}
END_TEST

START_TEST(in_a_container_the_group_that_is_mounted_is_ours)
{
	static const char *const groups[] = {"4:memory:/docker/abc\n", "4:memory:/docker/abc/job\n",
		"4:memory:/\n", "4:memory:/docker/abcdef\n"};

	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "5000000\n");
	put("sys/fs/cgroup/memory/memory.usage_in_bytes", "4000000\n");
	put("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "4500000\n");
	put("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "4000000\n");
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		put_process(groups[i], OTHERS MOUNT_1("/docker/abc", "/sys/fs/cgroup/memory"));
		ck_assert_uint_eq(available(), i == 1 ? 500000 : 1000000);
	}
}
END_TEST

Suite *suite_memory_limit(void)
{
	Suite *suite = suite_create("memory_limit");
	TCase *tcase = tcase_create("memory_limit");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, without_groups_it_is_what_the_machine_has);
	tcase_add_test(tcase, the_smallest_group_of_version_2_counts);
	tcase_add_test(tcase, the_smallest_group_of_version_1_counts);
	tcase_add_test(tcase, in_a_container_the_group_that_is_mounted_is_ours);
	suite_add_tcase(suite, tcase);
	return suite;
}
