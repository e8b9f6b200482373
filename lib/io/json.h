/*
 * json - a strict streaming scanner (RFC 8259) that pulls chosen members out of objects.
 *
 * The input is any mix of top-level objects, arrays of objects, and concatenated values with or without newlines: JSONL, one
 * big array, several arrays behind each other. Memory is one object's text (cap JSON_OBJECT_MAX). Depth is capped at 64,
 * numbers are checked but kept as text (64-bit ids stay exact), strings are unescaped to UTF-8 (surrogate pairs joined; a lone surrogate
 * and invalid UTF-8 are errors). Of duplicate keys the last wins. A BOM is dropped. A string may hold NUL (\u0000).
 * Objects before a fault are handed out before it is told.
 */
#ifndef TASTE_JSON_H
#define TASTE_JSON_H

#include "tsv.h"

#define JSON_OBJECT_MAX ((size_t)64 << 20)
enum { JSON_DEPTH_MAX = 64 };

enum json_type { JSON_MISSING, JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_OBJECT, JSON_ARRAY };
struct json_value {
	enum json_type type;
	struct str text;	/* strings unescaped; numbers, objects and arrays as written */
};

struct json;

/*
 * json_open - f is borrowed; path[n_paths] are dotted member paths ("track_metadata.artist_name"), borrowed until close. A dot within a key cannot be asked for.
 * at: where the objects are, a dotted path below every top-level object, through arrays at each step ("recenttracks.track": the objects in
 * that array, or the one object there); a top-level object without it is an error. NULL or "": the top-level objects themselves. What stands beside the path is
 * checked and passed over.
 */
struct json *json_open(struct file *f, const char *at, const char *const *path, size_t n_paths, struct err *e);
/* json_open_text - the same over text that json_feed gives it, again and again: the elements of an array that json_next handed out, say. `name` is for messages. */
struct json *json_open_text(const char *name, const char *const *path, size_t n_paths);
void json_feed(struct json *j, struct str text, uint64_t line);	/* copies the text, forgets what was left of the last; it began on that line */
void json_close(struct json *j);
/* json_next - 1 the next object: value[i] for path i (dies at the next call); 0 the end; <0 error "FILE:LINE:COLUMN: ...". Scalars where objects are wanted and
 * arrays of arrays are errors; null in place of the objects is none. */
int json_next(struct json *j, const struct json_value **value, struct err *e);
uint64_t json_line(const struct json *j);	/* line on which the last object began */
/* json_text - the last object as it was written, for reject files. Dies at the next call. */
struct str json_text(const struct json *j);
/* json_skip_line - go on behind an error in JSON lines: the line on which the broken object began is dropped (json_text is that line) and json_next
 * goes on with the next. 1, or 0 when that cannot be: no error of the data, inside a top-level array or object, an object or a line over the cap, or one that is
 * written over several lines, of which what stands further in would be taken for objects: its fault lies on a later line, other than where the next object begins in the same column or the
 * input ends, or the next line begins with what only goes on (} ] , : or a quote, or a bracket further in). <0 error. */
int json_skip_line(struct json *j, struct err *e);
/* json_join - append the strings of an array that json_next handed out (and that still lives), sep between them; what is no string in it is left out. */
void json_join(struct buf *b, struct str array, const char *sep);
/* json_put - append p as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void json_put(struct buf *b, const char *p, size_t len);

#endif
