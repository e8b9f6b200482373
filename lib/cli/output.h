/*
 * output - a program's -o: opened, removed again when the program dies, checked when closed. The way to write a file from cmd/.
 */
#ifndef TASTE_OUTPUT_H
#define TASTE_OUTPUT_H

#include <stdbool.h>
#include "../io/file.h"

/* tool_output - sink_open(path) or die; binary output to a terminal is a usage error. When the program dies before tool_output_close, the temporary
 * is removed and what was on disk stays. At most 16 at a time, no two to the same file. */
struct sink *tool_output(const char *path, bool is_binary);
/* tool_output_aside - the same, of text, for what is written beside the main output: a file that is an operand is refused, for it would be gone. */
struct sink *tool_output_aside(const char *path);
/* tool_output_close - sink_close or die with its sentence. */
void tool_output_close(struct sink *s);

#endif
