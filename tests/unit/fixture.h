/* fixture: small ELF files that tests build from tests/unit/fixtures/ with the C compiler and binutils, in a
 * temporary folder. For Check's unchecked fixtures, which run in the parent of the tests. */
#ifndef ASYNCINSPECT_TESTS_FIXTURE_H
#define ASYNCINSPECT_TESTS_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes the folder. NULL when that fails, after a message. Caller hands it to fixture_remove. */
char *fixture_folder(void);
void fixture_remove(char *folder); /* NULL is allowed */

/* Runs a shell command made from the format in the folder, silently. */
bool fixture_run(const char *folder, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Compiles types.c and other.c into the shared library FOLDER/NAME with these flags. False: this compiler
 * cannot. */
bool fixture_library(const char *folder, const char *name, const char *flags);

/* FOLDER/NAME; in one of a few static buffers. */
const char *fixture_path(const char *folder, const char *name);

/* A whole file. Caller frees. Fails the test when it cannot. */
uint8_t *fixture_read(const char *path, size_t *size);
void fixture_write(const char *path, const void *bytes, size_t size);

#endif
