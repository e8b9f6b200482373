/*
 * knn - what the files of taste-knn share. taste-knn.c has the options, the search and main; beside it
 *
 *   knn_out     knn-out.c      writes what was found, in one of four formats
 *   knn_merge   knn-merge.c    the verb merge: the candidates of the shards of a catalogue become those of the whole
 *
 * To be included last: inline functions of lib have an o of their own.
 */
#ifndef TASTE_KNN_H
#define TASTE_KNN_H

#include "../lib/cli/tool.h"
#include "../lib/data/items.h"
#include "../lib/index/flat.h"

/*
 * How neighbours are written, for each query in the order they come, best first:
 *
 *   KNN_TSV, KNN_BINARY	the candidates stream: query, item, score, source
 *   KNN_TREC		"query Q0 item rank score source", blanks between, rank from 1: what evaluators of runs read. Bytes up to 0x20, 0x7f and '%' of the
 *			ids and the source are written as %XX (two upper-case hex digits), so that no two ids become one. An empty one is written as "%": it stands for no byte.
 *   KNN_SONIC		JSON, a line a query, as the answer of an OpenSubsonic server to getSonicSimilarTracks has it:
 *			{"query":"id","sonicMatch":[{"entry":{"id":"...","title":"...","artist":"...","album":"...","duration":N,"type":"music","isDir":false},"similarity":0.93},...]}
 *			title, artist (creator), album (group), duration (seconds, rounded down to whole ones) and type (kind) come from the catalogue and are left out
 *			where it has none; duration also where it is not a number from 0 to 2^53. A query without hits has an empty array. Ids that are not UTF-8 come
 *			out with U+FFFD in them. similarity is from 0 to 1 in the order of the scores: cosine (1 + s) / 2, cut to [0, 1]; l2 1 / (1 - s), s being
 *			minus the squared distance; ip 1 / (1 + exp(-s)).
 */
enum knn_format { KNN_TSV, KNN_BINARY, KNN_TREC, KNN_SONIC };
#define KNN_FORMATS "tsv|binary|trec|sonic"	/* their names, for option tables */

struct knn_hit { struct str id; float score; };		/* higher is better, whatever the metric; finite */

struct knn_out;
/* knn_out_new - to a sink that outlives it. source: the fourth column, the name of a TREC run; items: for KNN_SONIC, NULL without a catalogue. Both are borrowed. NULL with *e
 * set when the head of a binary stream cannot be written. */
struct knn_out *knn_out_new(struct sink *s, enum knn_format format, enum flat_metric metric, const char *source, const struct items *items, struct err *e);
/* knn_out_query - the answer to one query: hit [n], best first. 0 or <0. */
int knn_out_query(struct knn_out *o, struct str query, const struct knn_hit *hit, size_t n, struct err *e);
/* knn_out_finish - the end of a binary stream, with its provenance (NULL: none); nothing for the others. The sink is the caller's to close. 0 or <0. */
int knn_out_finish(struct knn_out *o, const struct prov *p, struct err *e);
void knn_out_free(struct knn_out *o);		/* takes NULL */
/* knn_similarity - the number that KNN_SONIC writes for a score. */
double knn_similarity(enum flat_metric metric, float score);

/*
 * knn_merge - the verb merge: t->arg are candidates streams as search wrote them, of the same queries in the same order over the shards of one catalogue; to `out` go, of each
 * query, the k best of all. Ends the program on any error; returns what main returns.
 */
int knn_merge(const struct tool *t, size_t k, const char *out, bool is_binary);

#endif
