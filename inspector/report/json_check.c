#include "inspector/report/json_parts.h"

#include "inspector/findings/gate.h"

json_t *json_check(const struct view *view)
{
	json_t *gates = json_array();
	bool has_failed = false;

	for (size_t i = 0; i < view->gates->count; i++) {
		const struct gate *gate = &view->gates->items[i];

		has_failed |= gate->is_met;
		json_array_append_new(gates, json_pack("{s:o, s:I, s:b}", "gate", json_text(gate->text),
						     "count", (json_int_t)gate->count, "met", gate->is_met));
	}
	return json_pack("{s:b, s:o}", "failed", has_failed, "gates", gates);
}
