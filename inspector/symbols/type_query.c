#include "inspector/symbols/type_query.h"

#include "inspector/symbols/image.h"
#include "inspector/symbols/type_cache.h"
#include "inspector/symbols/type_walk.h"

bool type_query_run(struct module *m, const struct type_query *queries, size_t count, bool use_cache,
	struct type_answer *answers, struct error *err)
{
	const struct build_id *id = module_build_id(m);
	uint64_t fingerprint = type_cache_fingerprint(queries, count);
	struct error alt_error = ERROR_INIT;
	struct image *image, *alt;
	const char *path;
	bool is_done;
	int fd;

	use_cache = use_cache && id->size;
	if (use_cache && type_cache_load(id, fingerprint, answers, count))
		return true;
	fd = module_open_debug_file(m, &path, err);
	if (fd < 0)
		return false;
	image = image_open(fd, path, err);
	if (!image)
		return false;
	alt = module_open_alt_file(m, image, &alt_error);
	is_done = alt_error.kind == ERROR_NONE && type_walk_run(image, alt, queries, count, answers, err);
	if (alt_error.kind != ERROR_NONE && err)
		*err = alt_error;
	image_close(image);
	image_close(alt);
	if (is_done && use_cache)
		type_cache_store(id, fingerprint, answers, count);
	return is_done;
}
