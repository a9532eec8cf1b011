#include "inspector/report/view.h"

#include "inspector/python/size.h"

static bool contains(const size_t *items, size_t count, size_t wanted)
{
	for (size_t i = 0; i < count; i++)
		if (items[i] == wanted)
			return true;
	return false;
}

uint64_t view_retained(const struct view *view, uint64_t object)
{
	uint64_t bytes = retained_of(&view->model->retained, object);

	return bytes ? bytes : pyobject_size(view->py, object);
}

static bool shows_all(const struct view *view)
{
	return !view->chosen_task_count && !view->chosen_coroutine_count;
}

bool view_has_task(const struct view *view, size_t task)
{
	if (view->kept_tasks && !view->kept_tasks[task])
		return false;
	return shows_all(view) || contains(view->chosen_tasks, view->chosen_task_count, task);
}

bool view_has_some_task(const struct view *view)
{
	for (size_t i = 0; i < view->model->asyncio->task_count; i++)
		if (view_has_task(view, i))
			return true;
	return false;
}

bool view_has_coroutine(const struct view *view, size_t coroutine)
{
	if (view->kept_coroutines && !view->kept_coroutines[coroutine])
		return false;
	return shows_all(view) || contains(view->chosen_coroutines, view->chosen_coroutine_count, coroutine);
}

bool view_shows_wakes(const struct view *view)
{
	const struct wakes *wakes = &view->model->wakes;

	if (!view->model->has_wakes || !(view->show & SHOW_FINDINGS))
		return view->model->has_wakes;
	for (size_t i = 0; i < wakes->count; i++)
		if (wakes->items[i].class == WAKE_NEVER)
			return true;
	return false;
}
