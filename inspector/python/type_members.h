/* type_members: the tp_members table of a type: __slots__ of a Python class, and the object members that a C
 * type declares. */
#ifndef ASYNCINSPECT_PYTHON_TYPE_MEMBERS_H
#define ASYNCINSPECT_PYTHON_TYPE_MEMBERS_H

#include "inspector/python/type.h"

/* Sets type->members to those of its base and its own at the address of a PyMemberDef array (0: none). Only
 * members that hold a reference and lie inside an instance count. A C type that is read exactly by its kind
 * adds none of its own: they would name its references twice. */
void type_members_read(struct python *py, struct pytype *type, uint64_t table);

#endif
