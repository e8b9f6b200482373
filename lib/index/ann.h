/*
 * ann - the approximate index: a graph (nav.h) over rows of codes (quant.h), the vectors behind them for the last word, and their ids.
 *
 * A search goes through the graph by codes, takes the best rows by their codes once more by their vectors, and scores them as flat.h does, bit for bit; what it may do
 * is miss some. The order of equal scores is by id. An index is an artifact (lib/data/artifact.h) of KIND_INDEX:
 *   meta     metric, codes (f32 i8 i4), dim, degree, entries, entries-wanted (what was asked for), ef and fill (while building), alpha, seed, recall (below)
 *   mean     f32 [d] of the vectors (of cosine: scaled to length 1)
 *   graph    u8 [n x degree * nav_width(n)], paged
 *   codes    u8 [n x row_bytes], paged, not with f32                                        vectors  f32 [n x d], paged
 *   inverse  f32 [n] of cosine: 1 / |x|, paged
 *   id.off   u64 [n + 1], paged           id.str  u8, paged                                    id.slot  u32: a string table as in models
 * Rows stand in an order of the index's own. Opened from a file it is used where it lies; pages are checked as they are first read (ann_check: all the rest at once), so that one
 * query of a large index waits for a few thousand pages only.
 *
 * Resident while searching: codes and graph, row_bytes + degree * (2, 3 or 4) bytes a row, and the pages of vectors that were compared; a walk: nav.h.
 */
#ifndef TASTE_ANN_H
#define TASTE_ANN_H

#include "flat.h"
#include "nav_build.h"
#include "../data/artifact.h"

enum ann_codes { ANN_F32, ANN_I8, ANN_I4 };
#define ANN_CODES_NAMES "f32|i8|i4"
extern const char *const ann_codes_name[3];	/* by enum ann_codes */
enum { ANN_TABLE_MAX = 32, ANN_TABLE_K = 10 };
enum { ANN_FEW_ROWS = 2048 };		/* so few rows that may be found are compared by their vectors at once */

struct ann {
	struct artifact *file;		/* NULL: in memory */
	enum flat_metric metric;
	enum ann_codes codes;
	size_t n, d, row_bytes;
	struct nav g;
	struct quant z;			/* with f32 too, where nothing is coded by it */
	const uint8_t *code;
	const float *v;			/* [n x d], or NULL: row */
	const float *(*row)(const void *ctx, size_t r);
	const void *row_ctx;
	const float *inv;		/* [n] of cosine: 1 / |x|, 0 of a zero vector */
	struct paged graph_pages, code_pages, vector_pages, inv_pages, off_pages, str_pages;
	struct nav_opts made;		/* how */
	struct { uint32_t ef; float recall; } table[ANN_TABLE_MAX];	/* recall@10 measured when it was made, by ef ascending */
	size_t n_table;
	size_t few;			/* ANN_FEW_ROWS; tests have fewer, so that small indexes are searched as large ones are */
	bool is_damaged;		/* a page was: atomic */
	bool is_checked;		/* all pages of graph, codes and ids were looked at: no need to any more */
	bool has_good_vectors;		/* and all of vectors */
};

/* ann_open - 0 or <0. The index stays as it is on disk; d and metric as said there. */
int ann_open(struct ann *a, const char *path, struct err *e);
void ann_close(struct ann *a);
/* ann_check - hash what was not read yet of graph, codes and ids, so that no more need be asked about them while searching; with_vectors: of the vectors too, which are read rarely and
 * may be larger than memory. 0 or <0 with the sentence of the damage. */
int ann_check(struct ann *a, bool with_vectors, struct par *pool, struct err *e);
/* ann_check_numbers - behind an ann_check with vectors: these are finite, and the lengths of cosine theirs. 0 or <0. */
int ann_check_numbers(const struct ann *a, struct err *e);
/* ann_id - of a row; false when the index is damaged there. */
bool ann_id(const struct ann *a, size_t row, struct str *id);
/* ann_vector - of a row, NULL when the index is damaged there. */
const float *ann_vector(const struct ann *a, size_t row);
/* ann_ids - the table of ids, to look rows up by id: checked whole, O(n). */
int ann_ids(struct ann *a, struct idtab *t, struct err *e);
/* ann_ef - the smallest ef that had this recall when the index was made, for k hits; the largest of the table, and *is_reached false, when none had. Empty table: 10 * k. */
size_t ann_ef(const struct ann *a, double recall, size_t k, bool *is_reached);

/* ---- searching: one walk a thread ---- */

struct ann_walk;
struct ann_walk *ann_walk_new(const struct ann *a, struct err *e);
void ann_walk_free(struct ann_walk *w);

struct ann_ask {
	size_t k, ef;			/* ef >= k */
	const uint64_t *allowed;	/* rows that may be found; NULL: all */
	size_t n_allowed;
	const uint32_t *allowed_row;	/* [n_allowed] the same rows, ascending; NULL: not at hand. Saves going over the bits where they are few */
	const uint32_t *ban;		/* rows that may not, ascending */
	size_t n_ban;
	float least;			/* only scores from here on; -INFINITY: any */
	uint32_t hide;			/* number + 1 of a row that is to be as if it were not there; 0: none */
};
/*
 * ann_search - the k best rows of q [d] that are found, best first, ties by id, into hit [k]; *n of them. The way is chosen by cost: through the graph, or, where few rows may be found, over all of these.
 * Where at most ANN_FEW_ROWS rows may be found, the answer is flat's, ties and all.
 * *looked (may be NULL): rows whose codes were compared. 0, or <0: the query cannot be scored, a page is damaged, no memory.
 */
int ann_search(struct ann *a, struct ann_walk *w, const float *q, const struct ann_ask *ask, struct topk_hit *hit, size_t *n, size_t *looked, struct err *e);

/* ---- making ---- */

struct ann_opts {
	enum flat_metric metric;
	enum ann_codes codes;
	struct nav_opts graph;
};
struct ann_rows {
	size_t n, d;
	const float *(*row)(const void *ctx, size_t r);
	struct str (*id)(const void *ctx, size_t r);	/* no two the same, but those of rows that are gone */
	const void *ctx;
	const float *query;		/* [n_queries x d] to measure recall by; NULL: rows themselves */
	size_t n_queries;
};
/*
 * ann_make - the index of rows (those without a bit in gone, which may be NULL), written to s. old (may be NULL): its rows are the first of `rows`, in its order, and are not linked again; metric, codes
 * and graph options are then its own. prov as artifactw_finish. step: progress of the linking, from par_for's calling thread. 0 or <0.
 */
int ann_make(struct sink *s, const struct ann_opts *o, const struct ann_rows *rows, struct ann *old, const uint64_t *gone, const struct prov *prov,
	     const struct watch *step, struct par *pool, struct err *e);

#endif
