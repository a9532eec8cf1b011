/* source: lines of Python source files, as the target sees them now on disk. */
#ifndef ASYNCINSPECT_PYTHON_SOURCE_H
#define ASYNCINSPECT_PYTHON_SOURCE_H

#include "inspector/python/python.h"

/* The text of a line (from 1) of a file by its path in the target, without leading blanks and the newline,
 * cut after 200 bytes. NULL when there is no such file or line, the path is relative, or the file is larger
 * than 16 MiB or no regular one. The file may have changed since the target imported it. In the arena of py,
 * and kept: asking again is cheap. */
const char *source_line(struct python *py, const char *file, uint32_t line);

#endif
