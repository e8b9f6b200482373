/*
 * output - a program's -o: opened, removed again when the program dies, checked when closed. The way to write a file from cmd/.
 */
#ifndef TASTE_OUTPUT_H
#define TASTE_OUTPUT_H

#include <stdbool.h>
#include "../io/file.h"

/* tool_output - sink_open(path) or die; binary output to a terminal is a usage error. When the program dies before tool_output_close, the temporary
 * is removed and what was on disk stays. At most 16 at a time, no two of the same name. */
struct sink *tool_output(const char *path, bool is_binary);
/* tool_output_close - sink_close or die with its sentence. */
void tool_output_close(struct sink *s);

#endif
