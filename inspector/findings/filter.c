#include "inspector/findings/filter.h"

#include "inspector/findings/place.h"

#include <fnmatch.h>

bool filter_is_set(const struct filter *filter)
{
	return filter->name || filter->function || filter->file;
}

static bool matches(const char *pattern, const char *text)
{
	return text && fnmatch(pattern, text, 0) == 0;
}

static bool has_function(const char *pattern, const struct chain *chain, const char *qualname)
{
	for (size_t i = 0; i < chain->count; i++)
		if (matches(pattern, chain->links[i].qualname))
			return true;
	return matches(pattern, qualname);
}

static bool has_file(const char *pattern, const struct facts *facts, const struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++) {
		const char *file = chain->links[i].file;

		if (file && (matches(pattern, file) || matches(pattern, place_file(facts, file))))
			return true;
	}
	return false;
}

bool filter_has_task(const struct filter *filter, const struct facts *facts, const struct task *task)
{
	return (!filter->name || matches(filter->name, task->name)) &&
	       (!filter->function ||
		       has_function(filter->function, &task->chain, task->coroutine_qualname)) &&
	       (!filter->file || has_file(filter->file, facts, &task->chain));
}

bool filter_has_coroutine(const struct filter *filter, const struct facts *facts, const struct coroutine *c)
{
	return (!filter->function || has_function(filter->function, &c->chain, c->qualname)) &&
	       (!filter->file || has_file(filter->file, facts, &c->chain));
}
