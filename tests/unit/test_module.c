#include "inspector/base/alloc.h"
#include "inspector/symbols/exported.h"
#include "inspector/symbols/image.h"
#include "inspector/symbols/module.h"
#include "inspector/symbols/symbol_table.h"
#include "inspector/symbols/type_query.h"
#include "tests/unit/fixture.h"
#include "tests/unit/fixtures/types.h"

#include <check.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *suite_module(void);

static char *folder;

static void build(void)
{
	folder = fixture_folder();
	if (!folder || !fixture_library(folder, "full.so", "-g"))
		return;
	fixture_run(folder, "objcopy --only-keep-debug full.so full.debug");
	fixture_run(folder, "strip -o stripped.so full.so");
	fixture_run(folder,
		"cp full.debug link.debug && objcopy --add-gnu-debuglink=link.debug stripped.so linked.so");
	/* Without a build-id only the checksum ties the two. */
	fixture_run(folder, "objcopy -R .note.gnu.build-id linked.so anonymous.so");
	fixture_run(folder, "cp stripped.so libpython3.99.so.1.0");
}

static void clean(void)
{
	fixture_remove(folder);
	folder = NULL;
}

/* A process with a library loaded: a copy of this one, so that addresses here are addresses there. */
struct world {
	void *handle;
	pid_t pid;
	struct target *target;
	struct module_list *list;
	struct module *module; /* of the library */
};

static pid_t fork_sleeper(void)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static struct world world_open(const char *name, const struct module_options *options)
{
	const char *path = fixture_path(folder, name);
	struct error err = ERROR_INIT;
	struct target_options target_options = {.no_stop = true};
	struct world w;

	w.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(w.handle, "%s", dlerror());
	w.pid = fork_sleeper();
	w.target = target_open_process(w.pid, &target_options, &err);
	ck_assert_msg(w.target, "%s", err.text);
	w.list = module_list_create(w.target, options, &err);
	ck_assert_msg(w.list, "%s", err.text);
	w.module = NULL;
	for (size_t i = 0; i < module_count(w.list); i++) {
		if (!strcmp(module_path(module_at(w.list, i)), path))
			w.module = module_at(w.list, i);
	}
	ck_assert_msg(w.module, "%s is not among the modules", path);
	return w;
}

static void world_close(struct world *w)
{
	module_list_destroy(w->list);
	target_close(w->target);
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
	dlclose(w->handle);
}

static uint64_t load_address(void *handle)
{
	struct link_map *map;

	ck_assert(!dlinfo(handle, RTLD_DI_LINKMAP, &map));
	return map->l_addr;
}

static uint64_t address_of(void *handle, const char *name)
{
	void *address = dlsym(handle, name);

	ck_assert(address);
	return (uintptr_t)address;
}

static uint64_t hidden_address(void *handle, int which)
{
	void *(*get)(int) = NULL;

	*(void **)&get = dlsym(handle, "fx_address_of_hidden");
	ck_assert(get);
	return (uintptr_t)get(which);
}

START_TEST(modules_are_in_order_and_hold_their_addresses)
{
	struct world w = world_open("full.so", NULL);
	uint64_t address = address_of(w.handle, "fx_global_string"), previous = 0;

	ck_assert_uint_gt(module_count(w.list), 2);
	for (size_t i = 0; i < module_count(w.list); i++) {
		struct module *m = module_at(w.list, i);

		ck_assert_uint_ge(module_start(m), previous);
		ck_assert_uint_lt(module_start(m), module_end(m));
		previous = module_start(m);
		ck_assert_ptr_eq(module_containing(w.list, module_start(m)), m);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(module_path(m), module_path(module_at(w.list, j)));
	}
	ck_assert_ptr_eq(module_containing(w.list, address), w.module);
	ck_assert_ptr_null(module_containing(w.list, 0));
	ck_assert_ptr_null(module_containing(w.list, UINT64_MAX));
	world_close(&w);
}
END_TEST

START_TEST(addresses_are_those_of_the_process)
{
	struct world w = world_open("full.so", NULL);
	struct error err = ERROR_INIT;
	struct symbol symbol;
	uint64_t address, size, offset;

	ck_assert_msg(module_open(w.module, &err), "%s", err.text);
	ck_assert_uint_eq(module_bias(w.module), load_address(w.handle));
	ck_assert(module_symbol(w.module, "fx_global_string", &symbol, &err));
	ck_assert_uint_eq(symbol.address, address_of(w.handle, "fx_global_string"));
	ck_assert_uint_eq(symbol.size, sizeof(fx_string));
	ck_assert(module_symbol(w.module, "fx_hidden_object", &symbol, &err));
	ck_assert_uint_eq(symbol.address, hidden_address(w.handle, 1));
	ck_assert_str_eq(module_symbol_at(w.module, symbol.address + 5, &offset), "fx_hidden_object");
	ck_assert_uint_eq(offset, 5);
	ck_assert(module_section(w.module, ".data", &address, &size));
	ck_assert(symbol.address >= address && symbol.address < address + size);
	ck_assert(module_section(w.module, ".comment", &address, &size));
	ck_assert_uint_eq(address, 0);
	ck_assert(!module_section(w.module, ".nowhere", &address, &size));
	ck_assert_uint_eq(module_build_id(w.module)->size, 20);
	world_close(&w);
}
END_TEST

START_TEST(what_is_not_defined_is_no_symbol)
{
	struct world w = world_open("full.so", NULL);
	struct error err = ERROR_INIT;
	struct symbol symbol;
	uint64_t offset;

	ck_assert(!module_symbol(w.module, "fx_nowhere", &symbol, &err));
	ck_assert_int_eq(err.kind, ERROR_NO_SYMBOL);
	ck_assert(strstr(err.text, "fx_nowhere"));
	ck_assert(!module_symbol(w.module, "", &symbol, &err));
	ck_assert(!module_symbol(w.module, "__cxa_finalize", &symbol, &err)); /* undefined there */
	ck_assert_ptr_null(module_symbol_at(w.module, module_bias(w.module), &offset));
	ck_assert_ptr_null(module_symbol_at(w.module, 0, &offset));
	world_close(&w);
}
END_TEST

/* Below DIR: the build-id's path. */
static void install_by_build_id(const char *file, const char *dir, const struct build_id *id)
{
	char text[BUILD_ID_TEXT];

	build_id_text(id, text);
	ck_assert(fixture_run(folder, "mkdir -p %s/.build-id/%.2s && cp %s %s/.build-id/%.2s/%s.debug", dir,
		text, file, dir, text, text + 2));
}

static void check_size_of_outer(struct module *m)
{
	struct type_query query = {QUERY_SIZEOF, "fx_outer", NULL};
	struct type_answer answer;
	struct error err = ERROR_INIT;

	ck_assert_msg(type_query_run(m, &query, 1, false, &answer, &err), "%s", err.text);
	ck_assert(answer.is_found && answer.size == sizeof(struct fx_outer));
}

START_TEST(the_debug_file_is_found_by_build_id)
{
	const char *dirs[] = {"/nowhere", xstrdup(fixture_path(folder, "by-id")), NULL};
	struct module_options options = {.debug_dirs = dirs};
	struct world w = world_open("stripped.so", &options);
	struct symbol symbol;
	const char *path;
	uint64_t offset;
	int fd;

	install_by_build_id("full.debug", "by-id", module_build_id(w.module));
	fd = module_open_debug_file(w.module, &path, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert(strstr(path, "by-id/.build-id/") && strstr(path, ".debug"));
	close(fd);
	check_size_of_outer(w.module);
	ck_assert(module_symbol(w.module, "fx_hidden_object", &symbol, NULL));
	ck_assert_uint_eq(symbol.address, hidden_address(w.handle, 1));
	ck_assert_str_eq(
		module_symbol_at(w.module, hidden_address(w.handle, 0), &offset), "fx_hidden_function");
	world_close(&w);
	free((char *)(uintptr_t)dirs[1]);
}
END_TEST

START_TEST(a_sysroot_has_a_standard_folder)
{
	struct module_options options = {.sysroot = folder};
	struct world w = world_open("stripped.so", &options);

	install_by_build_id("full.debug", "usr/lib/debug", module_build_id(w.module));
	check_size_of_outer(w.module);
	world_close(&w);
}
END_TEST

START_TEST(the_debug_file_is_found_by_its_link)
{
	struct world w;

	ck_assert(fixture_run(folder, "mkdir -p .debug && cp full.debug link.debug"));
	w = world_open(_i ? "anonymous.so" : "linked.so", NULL);
	ck_assert_uint_eq(module_build_id(w.module)->size, _i ? 0 : 20);
	check_size_of_outer(w.module);
	world_close(&w);

	ck_assert(fixture_run(folder, "mv link.debug .debug/link.debug"));
	w = world_open(_i ? "anonymous.so" : "linked.so", NULL);
	check_size_of_outer(w.module);
	world_close(&w);
	ck_assert(fixture_run(folder, "rm -r .debug"));
}
END_TEST

START_TEST(a_link_is_followed_below_each_folder)
{
	const char *dirs[] = {xstrdup(fixture_path(folder, "tree")), NULL};
	struct module_options options = {.debug_dirs = dirs};
	struct world w;

	ck_assert(fixture_run(folder,
		"rm -f link.debug && mkdir -p tree/%s && cp full.debug tree/%s/link.debug", folder, folder));
	w = world_open("anonymous.so", &options);
	check_size_of_outer(w.module);
	world_close(&w);
	free((char *)(uintptr_t)dirs[0]);
}
END_TEST

static void check_not_found(const char *name, const struct module_options *options, const char *advice)
{
	struct world w = world_open(name, options);
	struct type_query query = {QUERY_SIZEOF, "fx_outer", NULL};
	struct type_answer answer;
	struct error err = ERROR_INIT;

	ck_assert(!type_query_run(w.module, &query, 1, false, &answer, &err));
	ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
	ck_assert_msg(strstr(err.text, "no debug information for "), "%s", err.text);
	ck_assert_msg(strstr(err.advice, advice), "%s", err.advice);
	err = (struct error)ERROR_INIT;
	ck_assert_int_eq(module_open_debug_file(w.module, NULL, &err), -1); /* the error is kept */
	ck_assert_int_eq(err.kind, ERROR_NOT_FOUND);
	world_close(&w);
}

START_TEST(a_debug_file_that_does_not_belong_is_passed_over)
{
	const char *dirs[] = {xstrdup(fixture_path(folder, "by-id")), NULL};
	struct module_options options = {.debug_dirs = dirs};
	struct world w = world_open("linked.so", &options);

	/* Another build, another build-id; and a checksum that is wrong. */
	ck_assert(fixture_library(folder, "strange.so", "-g -DSTRANGE"));
	ck_assert(fixture_run(folder, "objcopy --build-id strange.so || true; printf x >> strange.so"));
	install_by_build_id("strange.so", "by-id", module_build_id(w.module));
	ck_assert(fixture_run(folder, "cp strange.so link.debug"));
	world_close(&w);
	check_not_found("anonymous.so", &options, "--debug-dir");
	/* The build-id says that there is nothing in it for us. */
	ck_assert(fixture_run(folder, "cp stripped.so link.debug"));
	check_not_found("linked.so", NULL, "--debug-dir");
	free((char *)(uintptr_t)dirs[0]);
}
END_TEST

START_TEST(the_advice_names_the_package)
{
	check_not_found("libpython3.99.so.1.0", NULL, "python3.99-dbg");
	check_not_found("stripped.so", NULL, "package with the debug symbols");
}
END_TEST

START_TEST(a_file_that_is_only_looked_at_does_not_hide_the_loaded_one)
{
	const char *path = fixture_path(folder, "full.so");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	/* Below anything that the loader chooses. */
	void *low = mmap((void *)0x10000000, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	struct world w;
	struct symbol symbol;

	ck_assert(low != MAP_FAILED);
	w = world_open("full.so", NULL);
	ck_assert(module_symbol(w.module, "fx_global_string", &symbol, NULL));
	ck_assert_uint_eq(symbol.address, address_of(w.handle, "fx_global_string"));
	world_close(&w);
	munmap(low, 4096);
	close(fd);
}
END_TEST

START_TEST(answers_are_kept_from_run_to_run)
{
	struct type_query query = {QUERY_SIZEOF, "fx_outer", NULL};
	struct type_answer answer;
	struct world w;

	setenv("XDG_CACHE_HOME", folder, 1);
	ck_assert(fixture_run(folder, "cp full.so gone.so"));
	w = world_open("gone.so", NULL);
	ck_assert(type_query_run(w.module, &query, 1, true, &answer, NULL));
	world_close(&w);
	/* The same build-id, and no debug information any more. */
	w = world_open("stripped.so", NULL);
	answer.size = 0;
	ck_assert(type_query_run(w.module, &query, 1, true, &answer, NULL));
	ck_assert_uint_eq(answer.size, sizeof(struct fx_outer));
	ck_assert(!type_query_run(w.module, &query, 1, false, &answer, NULL));
	world_close(&w);
}
END_TEST

static void is_exported_alike(void *context, const Elf64_Sym *expected, const char *name)
{
	const struct image *image = context;
	Elf64_Sym symbol;

	if (expected->st_shndx == SHN_UNDEF || strlen(name) > 200)
		return;
	ck_assert_msg(exported_find(image, name, &symbol), "%s", name);
	ck_assert_uint_eq(symbol.st_value, expected->st_value);
	ck_assert_uint_eq(symbol.st_size, expected->st_size);
}

START_TEST(exported_symbols_are_found_by_their_hash)
{
	const char *path = fixture_path(folder, "linked.so");
	struct image *image = image_open(open(path, O_RDONLY | O_CLOEXEC), path, NULL);
	Elf64_Sym symbol;

	ck_assert_ptr_nonnull(image);
	ck_assert(image_symbols(image, SHT_DYNSYM, is_exported_alike, image));
	ck_assert(exported_find(image, "fx_global_string", &symbol));
	ck_assert(!exported_find(image, "fx_global_strinh", &symbol));
	ck_assert(!exported_find(image, "", &symbol));
	image_close(image);
}
END_TEST

/* Every symbol, section and note of a damaged file is read. */
static void read_everything(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct error err = ERROR_INIT;
	struct image *image = image_open(fd, path, &err);
	struct symbol_table *table;
	uint64_t address = 0, size;
	Elf64_Sym symbol;
	uint32_t crc;
	char *link = NULL;

	if (!image) {
		ck_assert_int_ne(err.kind, ERROR_NONE);
		return;
	}
	image_section_place(image, ".text", &address, &size);
	image_address_of(image, 0x1000, &address);
	if (image_debuglink(image, &link, &crc))
		free(link);
	table = symbol_table_create(image);
	symbol_table_find(table, "fx_global_string", &address, &size);
	symbol_table_at(table, address, &size);
	symbol_table_destroy(table);
	exported_find(image, "fx_global_string", &symbol);
	exported_find(image, "fx_none", &symbol);
	image_close(image);
}

START_TEST(damaged_elf_is_an_error_or_answers)
{
	char *path = xstrdup(fixture_path(folder, "damaged.so"));
	uint32_t state = 12345u + (uint32_t)_i;
	size_t size;
	uint8_t *bytes = fixture_read(fixture_path(folder, "linked.so"), &size);
	Elf64_Ehdr ehdr;

	memcpy(&ehdr, bytes, sizeof(ehdr));
	for (int round = 0; round < 400; round++) {
		/* The ELF header and the program headers; the section headers; anything. */
		size_t from = _i == 1 ? ehdr.e_shoff : 0;
		size_t length = _i == 0 ? 1024 : size - from;
		uint8_t *copy = xmalloc(size);

		memcpy(copy, bytes, size);
		for (int flips = 0; flips < 4; flips++) {
			state = state * 1664525u + 1013904223u;
			copy[from + (state >> 8) % length] = (uint8_t)(state >> 3);
		}
		fixture_write(path, copy, size);
		free(copy);
		read_everything(path);
	}
	free(bytes);
	free(path);
}
END_TEST

Suite *suite_module(void)
{
	Suite *suite = suite_create("module");
	TCase *tc = tcase_create("module");

	tcase_add_unchecked_fixture(tc, build, clean);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, modules_are_in_order_and_hold_their_addresses);
	tcase_add_test(tc, addresses_are_those_of_the_process);
	tcase_add_test(tc, what_is_not_defined_is_no_symbol);
	tcase_add_test(tc, the_debug_file_is_found_by_build_id);
	tcase_add_test(tc, a_sysroot_has_a_standard_folder);
	tcase_add_loop_test(tc, the_debug_file_is_found_by_its_link, 0, 2);
	tcase_add_test(tc, a_link_is_followed_below_each_folder);
	tcase_add_test(tc, a_debug_file_that_does_not_belong_is_passed_over);
	tcase_add_test(tc, the_advice_names_the_package);
	tcase_add_test(tc, a_file_that_is_only_looked_at_does_not_hide_the_loaded_one);
	tcase_add_test(tc, answers_are_kept_from_run_to_run);
	tcase_add_test(tc, exported_symbols_are_found_by_their_hash);
	tcase_add_loop_test(tc, damaged_elf_is_an_error_or_answers, 0, 3);
	suite_add_tcase(suite, tc);
	return suite;
}
