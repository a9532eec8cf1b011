#include "inspector/report/text.h"
void text_report(const struct view *view)
{
	(void)view;
}
void text_tasks(const struct view *view)
{
	(void)view;
}
void text_where(const struct view *view)
{
	(void)view;
}
void text_orphans(const struct view *view)
{
	(void)view;
}
void text_refs(const struct view *view)
{
	(void)view;
}
void text_path(const struct view *view)
{
	(void)view;
}
void text_threads(const struct view *view)
{
	(void)view;
}
void text_layout(const struct view *view)
{
	(void)view;
}
