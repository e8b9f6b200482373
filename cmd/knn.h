/*
 * knn - what the files of taste-knn share. taste-knn.c has the options, what is wrong with them, and main; beside it
 *
 *   knn_search  knn-search.c   the verb search: queries in, answers out, from vectors or an index
 *   knn_serve   knn-serve.c    the same, a request line at a time
 *   knn_find    knn-find.c     what both ask: the rows of a batch of queries, within the limits
 *   knn_base    knn-base.c     what is searched: vectors or an index
 *   knn_pick    knn-pick.c     which rows may be found
 *   knn_build   knn-build.c    the verbs build, add and delete
 *   knn_stats   knn-stats.c    the verb stats
 *   knn_out     knn-out.c      writes what was found, in one of four formats
 *   knn_merge   knn-merge.c    the verb merge: the candidates of the shards of a catalogue become those of the whole
 *
 * Whatever fails ends the program (die_err). To be included last: inline functions of lib have an o of their own.
 */
#ifndef TASTE_KNN_H
#define TASTE_KNN_H

#include "../lib/cli/tool.h"
#include "../lib/data/items.h"
#include "../lib/index/ann.h"

/* The options: defaults in taste-knn.c. */
extern struct knn_opts {
	int64_t k, ef, degree, entries, seed, per_creator;
	int metric;			/* enum flat_metric; below 0: not said */
	int codes;			/* enum ann_codes */
	int format;			/* of vectors: enum vecs_format */
	int output;			/* enum knn_format */
	const char *source, *out, *items, *queries;
	struct opt_list exclude, among, allow, deny, where;
	bool has_header, no_self, is_binary, is_exact, is_line, by_user, is_check;
	double recall, alpha, least;	/* NAN: not said */
} o;
extern struct tool tool;
extern struct prov prov;		/* of what was read */
extern struct buf inputs;

int knn_search(void);
int knn_build(void);
int knn_add(void);
int knn_delete(void);
int knn_stats(void);

/* ---- what is searched ---- */

struct knn_out;

struct knn_base {
	bool is_index;
	struct vecs vecs;		/* the vectors; of an index that is searched exactly a view of its own */
	struct ann ann;
	size_t n, d;
	enum flat_metric metric;
	struct vocab row_id;		/* of vectors: id -> row, once knn_base_ids was called */
	struct idtab id;		/* of an index, likewise */
	bool has_ids;
};
/* knn_base_open - vectors or an index, told apart by what is in the file. */
void knn_base_open(struct knn_base *b, const char *path);
void knn_base_close(struct knn_base *b);
/* knn_need_scores - vector no, from 1, of path can be scored by the metric, or the program ends. */
void knn_need_scores(const float *v, size_t d, enum flat_metric metric, const char *path, uint64_t no);
/* knn_number_ids - id -> row of vectors, read from path; ids that come twice end the program, with a word why they must not. */
void knn_number_ids(struct vocab *to, const struct vecs *v, const char *path, const char *why);
/* knn_base_ids - make knn_base_row possible; ids of vectors must differ then. */
void knn_base_ids(struct knn_base *b);
uint32_t knn_base_row(const struct knn_base *b, struct str id);		/* VOCAB_NONE when not there */
struct str knn_base_id(const struct knn_base *b, size_t row);
const float *knn_base_vector(const struct knn_base *b, size_t row);

/* ---- which rows may be found ---- */

struct knn_rows { const uint32_t *row; size_t n; };	/* ascending */
/* knn_pick_load - read --allow, --deny, --where, --items, --exclude and --among. */
void knn_pick_load(struct knn_base *b);
/* knn_pick_say - on stderr, that --exclude or --among has none of the users that asked. */
void knn_pick_say(void);
void knn_pick_release(void);
const uint64_t *knn_pick_allowed(const uint32_t **row, size_t *n);	/* a bit a row, n bits set, and the same as rows; NULL: all */
/* knn_pick_ban - rows that the query may not find: --exclude, --no-self. `room` is for one more row than its user has. */
struct knn_rows knn_pick_ban(const struct knn_base *b, struct str query, struct buf *room);
struct knn_rows knn_pick_among(struct str query);	/* the only rows it may, with --among */
const struct items *knn_pick_items(void);		/* NULL without --items */
/* knn_pick_spread - of hit [n], best first, those that are left by --per-creator, at most `most`, in to, which may be hit. Returns how many. */
size_t knn_pick_spread(struct topk_hit *to, const struct topk_hit *hit, size_t n, size_t most);

/* ---- finding ---- */

enum { KNN_BATCH = 256 };		/* queries searched together, at most; the answer does not depend on it */
struct knn_answer { struct topk_hit *hit; size_t n; };
/* knn_find_open - room for batches. knn_find - answers [n] for query vectors q [n x d] with these ids, n <= knn_find_batch(), which is fewer
 * where k is large; they live until the next call. */
void knn_find_open(struct knn_base *b);
void knn_find_close(void);
size_t knn_find_batch(void);
const struct knn_answer *knn_find(const float *q, const struct str *id, size_t n);
/* knn_find_note - with -v: how long queries took. */
void knn_find_note(void);

/* knn_serve - answer request lines from `path` until they end. */
void knn_serve(struct knn_base *b, const char *path, struct sink *out, struct knn_out *w);

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

/* knn_out_new - to a sink that outlives it. source: the fourth column, the name of a TREC run; items: for KNN_SONIC, NULL without a catalogue. Both are borrowed. NULL with *e
 * set when the head of a binary stream cannot be written. */
struct knn_out *knn_out_new(struct sink *s, enum knn_format format, enum flat_metric metric, const char *source, const struct items *items, struct err *e);
/* knn_out_query - the answer to one query: hit [n], best first. 0 or <0. */
int knn_out_query(struct knn_out *w, struct str query, const struct knn_hit *hit, size_t n, struct err *e);
/* knn_out_finish - the end of a binary stream, with its provenance (NULL: none); nothing for the others. The sink is the caller's to close. 0 or <0. */
int knn_out_finish(struct knn_out *w, const struct prov *p, struct err *e);
void knn_out_free(struct knn_out *w);		/* takes NULL */
/* knn_similarity - the number that KNN_SONIC writes for a score. */
double knn_similarity(enum flat_metric metric, float score);

/* knn_merge - the verb merge: tool.arg are candidates streams as search wrote them, of the same queries in the same order over the shards of one catalogue; out go, of each query,
 * the k best of all. */
int knn_merge(void);

#endif
