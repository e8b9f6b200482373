/*
 * output - a program's -o: opened, removed again when the program dies, checked when closed. The way to write a file from cmd/.
 */
#ifndef TASTE_OUTPUT_H
#define TASTE_OUTPUT_H

#include <stdbool.h>
#include "../io/sink.h"

/* tool_output - sink_open(path) or die; binary output to a terminal is a usage error, and behind a file that does not end with a whole stream (>>) an error: nobody could read it there. When the program dies before tool_output_close, the temporary
 * is removed and what was on disk stays. At most 16 at a time, no two to the same file, none to a file that is read other than as an operand, nor to that where tool.makes_other. */
struct sink *tool_output(const char *path, bool is_binary);
/* tool_hold_output - when path names standard output and that is a file: wait for whoever is writing to it, so that streams are appended one behind the other, and taste-view --repair
 * keeps off. tool_output does it; before it, whoever reads that file first. The lock goes with the process. */
void tool_hold_output(const char *path);
/*
 * tool_hold_file - of a file that is read, and then replaced by what is made of it: wait for whoever else does so, before it is read, so that the changes of
 * both are in it. The lock goes with the process. may_be_new: of one that is not there, a file .NAME.lock beside is held, until tool_close.
 */
void tool_hold_file(const char *path, bool may_be_new);
/* tool_output_aside - the same, of text, for what is written beside the main output: a file that is an operand is refused, for it would be gone. */
struct sink *tool_output_aside(const char *path);
/*
 * For a file that is written anew now and then, whole each time: tool_output_again_at says early which, with the checks of tool_output; tool_output_again
 * opens it, of binary output.
 */
void tool_output_again_at(const char *path);
struct sink *tool_output_again(const char *path);
/* tool_output_settle - sink_settle or die: of outputs that belong together, first settle all, then close all. */
void tool_output_settle(struct sink *s);
/* tool_output_close - sink_close or die with its sentence. */
void tool_output_close(struct sink *s);

#endif
