/*
 * view - what the files of taste-view share: taste-view.c finds out what a file is, and repairs; view-content.c writes what is in it, view-info.c what it is and how it was made. Whatever fails ends
 * the program.
 */
#ifndef TASTE_VIEW_H
#define TASTE_VIEW_H

#include "../lib/cli/tool.h"
#include "../lib/io/block.h"
#include "../lib/io/prov.h"

extern struct view_options {
	bool wants_info, is_check, wants_header, is_binary, is_repair;
	int64_t n;
	int format;			/* enum vecs_format */
	const char *tensor, *as, *out;
} o;
extern struct tool tool;
extern struct sink *out;
extern struct buf text, inputs;		/* what is gathered for out; digests of what was read */
extern struct prov prov;

/* put_text - what was gathered goes out. */
void put_text(struct err *e);

/* The content of a file, or with -c nothing but what is wrong with it. */
void view_events(const char *path, struct err *e);
void view_table(const char *path, const char *schema, struct err *e);
void view_vectors(const char *path, struct err *e);
void view_model(const char *path, enum block_kind kind, struct err *e);	/* or an index, which is made of the same */

/* info_blocks - a line for each kind of block of a binary file, and how it was made; of vectors in another format; of text. */
void info_blocks(const char *path, struct err *e);
void info_vectors(const char *path, struct err *e);
void info_text(const char *path, struct err *e);

#endif
