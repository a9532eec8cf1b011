#include "inspector/symbols/type_cache.h"
#include "tests/unit/fixture.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Suite *suite_type_cache(void);

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct type_query queries[] = {
	{QUERY_MEMBER, "a|b", "c"},
	{QUERY_MEMBER, "a", "bits"},
	{QUERY_SIZEOF, "a", NULL},
	{QUERY_ENUMERATOR, NULL, "E"},
};

static const struct type_answer answers[COUNT(queries)] = {
	{.is_found = true, .offset = 24, .size = 8},
	{.is_found = true, .offset = 33, .size = 1, .bit = 2, .bits = 3},
	{.is_found = false},
	{.is_found = true, .value = -3},
};

static const struct build_id id = {.size = 20, .bytes = {0xab, 1, 2, 3, 4}};

static char *home;

static void setup(void)
{
	home = fixture_folder();
	ck_assert(home);
	setenv("XDG_CACHE_HOME", home, 1);
}

static void teardown(void)
{
	fixture_remove(home);
}

static uint64_t fingerprint(void)
{
	return type_cache_fingerprint(queries, COUNT(queries));
}

static bool store(void)
{
	return type_cache_store(&id, fingerprint(), answers, COUNT(answers));
}

static bool load(struct type_answer *loaded)
{
	return type_cache_load(&id, fingerprint(), loaded, COUNT(answers));
}

static bool same_answers(const struct type_answer *loaded)
{
	for (size_t i = 0; i < COUNT(answers); i++) {
		const struct type_answer *a = &answers[i], *b = &loaded[i];

		if (a->is_found != b->is_found || a->bit != b->bit || a->bits != b->bits ||
			a->offset != b->offset || a->size != b->size || a->value != b->value)
			return false;
	}
	return true;
}

/* The only file in the cache. */
static char *cache_file(void)
{
	static char path[1024];
	char folder[512];
	struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s/asyncinspect", home);
	dir = opendir(folder);
	ck_assert(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		count++;
	}
	closedir(dir);
	ck_assert_uint_eq(count, 1);
	return path;
}

START_TEST(what_is_stored_is_loaded)
{
	struct type_answer loaded[COUNT(answers)];
	struct stat status;

	ck_assert(!load(loaded));
	ck_assert(store());
	ck_assert(store());
	ck_assert(load(loaded));
	ck_assert(same_answers(loaded));
	ck_assert(!stat(cache_file(), &status));
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	ck_assert(!stat(fixture_path(home, "asyncinspect"), &status));
	ck_assert_uint_eq(status.st_mode & 07777, 0700);
}
END_TEST

START_TEST(each_flipped_byte_is_noticed)
{
	struct type_answer loaded[COUNT(answers)];
	uint8_t *bytes;
	size_t size;

	ck_assert(store());
	bytes = fixture_read(cache_file(), &size);
	for (size_t i = 0; i < size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			bytes[i] ^= 1u << bit;
			fixture_write(cache_file(), bytes, size);
			ck_assert_msg(!load(loaded), "byte %zu, bit %u", i, bit);
			bytes[i] ^= 1u << bit;
		}
	}
	fixture_write(cache_file(), bytes, size);
	ck_assert(load(loaded));
	free(bytes);
}
END_TEST

START_TEST(a_cut_or_longer_file_does_not_count)
{
	struct type_answer loaded[COUNT(answers)];
	uint8_t *bytes;
	size_t size;

	ck_assert(store());
	bytes = fixture_read(cache_file(), &size);
	for (size_t length = 0; length < size; length++) {
		fixture_write(cache_file(), bytes, length);
		ck_assert(!load(loaded));
	}
	bytes = realloc(bytes, size + 1);
	ck_assert(bytes);
	bytes[size] = 0;
	fixture_write(cache_file(), bytes, size + 1);
	ck_assert(!load(loaded));
	free(bytes);
	ck_assert(store());
	ck_assert(load(loaded));
}
END_TEST

START_TEST(other_questions_and_other_files_have_other_answers)
{
	static const struct type_query changed[][COUNT(queries)] = {
		{{QUERY_STRIDE, "a|b", "c"}, {QUERY_MEMBER, "a", "bits"}, {QUERY_SIZEOF, "a", NULL},
			{QUERY_ENUMERATOR, NULL, "E"}},
		{{QUERY_MEMBER, "a|b", "d"}, {QUERY_MEMBER, "a", "bits"}, {QUERY_SIZEOF, "a", NULL},
			{QUERY_ENUMERATOR, NULL, "E"}},
		{{QUERY_MEMBER, "a", "bits"}, {QUERY_MEMBER, "a|b", "c"}, {QUERY_SIZEOF, "a", NULL},
			{QUERY_ENUMERATOR, NULL, "E"}},
		{{QUERY_MEMBER, "a|b", "c"}, {QUERY_MEMBER, "a", "bits"}, {QUERY_SIZEOF, "a", ""},
			{QUERY_ENUMERATOR, NULL, "E"}},
		{{QUERY_MEMBER, "a|bc", ""}, {QUERY_MEMBER, "a", "bits"}, {QUERY_SIZEOF, "a", NULL},
			{QUERY_ENUMERATOR, NULL, "E"}},
	};
	struct type_answer loaded[COUNT(answers)];
	struct build_id other = id;

	ck_assert(store());
	for (size_t i = 0; i < COUNT(changed); i++) {
		uint64_t f = type_cache_fingerprint(changed[i], COUNT(queries));

		ck_assert_msg(f != fingerprint(), "set %zu", i);
		ck_assert(!type_cache_load(&id, f, loaded, COUNT(loaded)));
		/* Even where the name of the file would be the same. */
		ck_assert(!type_cache_load(&id, fingerprint() ^ UINT64_C(1) << 60, loaded, COUNT(loaded)));
	}
	ck_assert(!type_cache_load(&id, fingerprint(), loaded, COUNT(loaded) - 1));
	other.bytes[19] ^= 1;
	ck_assert(!type_cache_load(&other, fingerprint(), loaded, COUNT(loaded)));
	other.size = 0;
	ck_assert(!type_cache_load(&other, fingerprint(), loaded, COUNT(loaded)));
	ck_assert(!type_cache_store(&other, fingerprint(), answers, COUNT(answers)));
}
END_TEST

START_TEST(a_file_that_others_can_write_does_not_count)
{
	struct type_answer loaded[COUNT(answers)];

	ck_assert(store());
	ck_assert(!chmod(cache_file(), 0620));
	ck_assert(!load(loaded));
	ck_assert(!chmod(cache_file(), 0602));
	ck_assert(!load(loaded));
	ck_assert(!chmod(cache_file(), 0644));
	ck_assert(load(loaded));
	if (geteuid() == 0) {
		ck_assert(!chown(cache_file(), 1, (gid_t)-1));
		ck_assert(!load(loaded));
	}
}
END_TEST

START_TEST(a_link_or_a_folder_does_not_count)
{
	struct type_answer loaded[COUNT(answers)];
	char path[1024], elsewhere[1100];

	ck_assert(store());
	snprintf(path, sizeof(path), "%s", cache_file());
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", home);
	ck_assert(!rename(path, elsewhere));
	ck_assert(!symlink(elsewhere, path));
	ck_assert(!load(loaded));
	ck_assert(store()); /* replaces the link, not what it points to */
	ck_assert(load(loaded));
	ck_assert(!unlink(path) && !mkfifo(path, 0600));
	ck_assert(!load(loaded));
	ck_assert(!unlink(path) && !mkdir(path, 0700));
	ck_assert(!load(loaded));
	ck_assert(!store());
	ck_assert(!rmdir(path) && store() && load(loaded));
}
END_TEST

START_TEST(the_cache_is_where_the_user_keeps_it)
{
	struct type_answer loaded[COUNT(answers)];

	ck_assert(store());
	unsetenv("XDG_CACHE_HOME");
	setenv("HOME", home, 1);
	ck_assert(!load(loaded));
	ck_assert(store() && load(loaded));
	ck_assert(!access(fixture_path(home, ".cache/asyncinspect"), R_OK | X_OK));
	/* A relative path is none. */
	setenv("XDG_CACHE_HOME", "cache", 1);
	ck_assert(load(loaded));
	setenv("HOME", "home", 1);
	ck_assert(!load(loaded) && !store());
	unsetenv("HOME");
	ck_assert(!load(loaded) && !store());
	setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);
	ck_assert(!load(loaded) && !store());
	if (geteuid() == 0) {
		/* The home of another user, as under sudo. */
		setenv("XDG_CACHE_HOME", home, 1);
		ck_assert(!chown(home, 1, (gid_t)-1));
		ck_assert(!store());
	}
}
END_TEST

Suite *suite_type_cache(void)
{
	Suite *suite = suite_create("type_cache");
	TCase *tc = tcase_create("type_cache");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, what_is_stored_is_loaded);
	tcase_add_test(tc, each_flipped_byte_is_noticed);
	tcase_add_test(tc, a_cut_or_longer_file_does_not_count);
	tcase_add_test(tc, other_questions_and_other_files_have_other_answers);
	tcase_add_test(tc, a_file_that_others_can_write_does_not_count);
	tcase_add_test(tc, a_link_or_a_folder_does_not_count);
	tcase_add_test(tc, the_cache_is_where_the_user_keeps_it);
	suite_add_tcase(suite, tc);
	return suite;
}
