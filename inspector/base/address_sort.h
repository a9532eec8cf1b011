/* address_sort: many addresses in ascending order, in a time that grows as their number does. */
#ifndef ASYNCINSPECT_BASE_ADDRESS_SORT_H
#define ASYNCINSPECT_BASE_ADDRESS_SORT_H

#include <stddef.h>
#include <stdint.h>

void addresses_sort(uint64_t *addresses, size_t count);

#endif
