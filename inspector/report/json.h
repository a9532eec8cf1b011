/* json: a model as one JSON object, by the contract asyncinspect/1. */
#ifndef ASYNCINSPECT_REPORT_JSON_H
#define ASYNCINSPECT_REPORT_JSON_H

#include "inspector/report/view.h"

#include <stdio.h>

/* Writes the parts of the model that view asks for, and a newline. False when writing failed. */
bool json_write(const struct view *view, FILE *out);

#endif
