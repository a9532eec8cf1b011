#include "inspector/symbols/module.h"

#include "inspector/base/alloc.h"
#include "inspector/symbols/debug_file.h"
#include "inspector/symbols/exported.h"
#include "inspector/symbols/image.h"
#include "inspector/symbols/module_private.h"
#include "inspector/symbols/symbol_table.h"

#include <stdlib.h>

struct module {
	const struct target *target;	      /* borrowed */
	const struct module_options *options; /* borrowed */
	struct module_place place;
	char *path; /* owned */

	bool is_opened;	     /* an attempt was made */
	struct error error;  /* of that attempt */
	struct image *image; /* owned; NULL: not opened or failed */
	uint64_t bias;
	struct symbol_table *symbols; /* owned; of image; NULL until asked for */

	struct error debug_error; /* of the search for it */
	struct debug_found debug; /* owned; path is NULL until it is found */
	bool is_debug_read;
	struct image *debug_image;	    /* owned; for its symbols; NULL until asked for, or failed */
	struct symbol_table *debug_symbols; /* owned; likewise */
};

static const struct build_id no_build_id;

struct module *module_create(
	const struct target *t, const struct module_options *options, const struct module_place *place)
{
	struct module *m = xcalloc(1, sizeof(*m));

	m->target = t;
	m->options = options;
	m->place = *place;
	m->path = xstrdup(place->path);
	return m;
}

void module_destroy(struct module *m)
{
	if (!m)
		return;
	symbol_table_destroy(m->symbols);
	symbol_table_destroy(m->debug_symbols);
	image_close(m->image);
	image_close(m->debug_image);
	free(m->debug.path);
	free(m->path);
	free(m);
}

const char *module_path(const struct module *m)
{
	return m->path;
}

uint64_t module_start(const struct module *m)
{
	return m->place.start;
}

uint64_t module_end(const struct module *m)
{
	return m->place.end;
}

static bool set_bias(struct module *m)
{
	uint64_t address;

	if (image_is_fixed(m->image))
		return true;
	if (!image_address_of(m->image, m->place.file_offset, &address))
		return error_set(&m->error, ERROR_CORRUPT,
			"%s is mapped in a way that its program headers do not explain", m->path);
	m->bias = m->place.start - address;
	return true;
}

static void open_image(struct module *m)
{
	int fd = target_open_file(m->target, m->path, &m->error);

	if (fd < 0)
		return;
	m->image = image_open(fd, m->path, &m->error);
	if (m->image && !set_bias(m)) {
		image_close(m->image);
		m->image = NULL;
	}
}

bool module_open(struct module *m, struct error *err)
{
	if (!m->is_opened) {
		m->is_opened = true;
		open_image(m);
	}
	if (!m->image && err)
		*err = m->error;
	return m->image;
}

const struct build_id *module_build_id(struct module *m)
{
	return module_open(m, NULL) ? image_build_id(m->image) : &no_build_id;
}

uint64_t module_bias(struct module *m)
{
	return module_open(m, NULL) ? m->bias : 0;
}

/* The debug file's symbols, or NULL. Its .symtab is the one that was stripped from the module: of no use when
 * the module has its own. */
static struct symbol_table *debug_symbols(struct module *m)
{
	const char *path;
	int fd;

	if (m->is_debug_read)
		return m->debug_symbols;
	m->is_debug_read = true;
	if (image_section(m->image, ".symtab") || image_has_debug_info(m->image))
		return NULL;
	fd = module_open_debug_file(m, &path, NULL);
	if (fd < 0)
		return NULL;
	m->debug_image = image_open(fd, path, NULL);
	if (!m->debug_image)
		return NULL;
	m->debug_symbols = symbol_table_create(m->debug_image);
	image_finish_reading(m->debug_image);
	return m->debug_symbols;
}

/* Nearly every symbol that is asked for is exported. The others want all symbols to be indexed, ten thousands
 * of them. */
static bool find_exported(const struct module *m, const char *name, struct symbol *found)
{
	Elf64_Sym symbol;

	if (m->symbols || !exported_find(m->image, name, &symbol) || !symbol_has_address(&symbol))
		return false;
	*found = (struct symbol){.address = symbol.st_value, .size = symbol.st_size};
	return true;
}

static bool find_symbol(struct module *m, const char *name, struct symbol *found)
{
	if (find_exported(m, name, found))
		return true;
	if (!m->symbols)
		m->symbols = symbol_table_create(m->image);
	return symbol_table_find(m->symbols, name, &found->address, &found->size) ||
	       (debug_symbols(m) && symbol_table_find(m->debug_symbols, name, &found->address, &found->size));
}

bool module_symbol(struct module *m, const char *name, struct symbol *symbol, struct error *err)
{
	struct symbol found;

	if (!module_open(m, err))
		return false;
	if (!find_symbol(m, name, &found))
		return error_set(err, ERROR_NO_SYMBOL, "%s has no symbol %s", m->path, name);
	found.address += m->bias;
	*symbol = found;
	return true;
}

const char *module_symbol_at(struct module *m, uint64_t address, uint64_t *offset)
{
	const char *name;

	if (!module_open(m, NULL))
		return NULL;
	if (!m->symbols)
		m->symbols = symbol_table_create(m->image);
	address -= m->bias;
	name = symbol_table_at(m->symbols, address, offset);
	if (!name && debug_symbols(m))
		name = symbol_table_at(m->debug_symbols, address, offset);
	return name;
}

bool module_section(struct module *m, const char *name, uint64_t *address, uint64_t *size)
{
	uint64_t file_address, file_size;

	if (!module_open(m, NULL) || !image_section_place(m->image, name, &file_address, &file_size))
		return false;
	*address = file_address ? file_address + m->bias : 0;
	*size = file_size;
	return true;
}

static int open_separate_file(struct module *m, struct error *err)
{
	struct debug_search search = {
		.target = m->target,
		.path = m->path,
		.build_id = *image_build_id(m->image),
		.dirs = m->options->debug_dirs,
		.sysroot = m->options->sysroot,
	};
	char *link_name = NULL;
	int fd;

	if (image_debuglink(m->image, &link_name, &search.link_crc))
		search.link_name = link_name;
	if (m->debug.path)
		fd = debug_file_reopen(&search, &m->debug, err);
	else
		fd = debug_file_open(&search, &m->debug, err);
	free(link_name);
	return fd;
}

int module_open_debug_file(struct module *m, const char **path, struct error *err)
{
	bool is_inside;
	int fd;

	if (!module_open(m, err))
		return -1;
	if (m->debug_error.kind != ERROR_NONE) {
		if (err)
			*err = m->debug_error;
		return -1;
	}
	is_inside = image_has_debug_info(m->image);
	if (is_inside)
		fd = target_open_file(m->target, m->path, &m->debug_error);
	else
		fd = open_separate_file(m, &m->debug_error);
	if (fd < 0 && err)
		*err = m->debug_error;
	if (fd >= 0 && path)
		*path = is_inside ? m->path : m->debug.path;
	return fd;
}

struct image *module_open_alt_file(struct module *m, const struct image *image, struct error *err)
{
	struct debug_search search = {
		.target = m->target,
		.dirs = m->options->debug_dirs,
		.sysroot = m->options->sysroot,
	};

	return debug_file_open_alt(image, !m->debug.path || m->debug.of_target, &search, err);
}
