/*
 * flat - exact search: every query against every row. The judge of every approximate index, and fast enough for a few million rows.
 *
 * Rows come as a vecs (mapped or held); nothing is copied. A score is always the same number whether its query came alone or among thousands, on any
 * number of threads and any CPU path, because every path computes num_dot's lanes and tree (num.h). Higher is better for all metrics:
 *   ip      x.y
 *   cosine  (x.y) * (1/|x|) * (1/|y|), 0 where either is a zero vector
 *   l2      -|x-y|^2: minus the squared distance
 * Equal scores are ordered by id bytes. That needs no table of sorted ids: k+1 hits are kept with ties by row, the ids of equal scores are compared at the
 * end, and only when the tie crosses the k-th place is a full order of ids made (once) and the query searched again.
 *
 * Work is cut two ways by what there is: many queries - blocks of FLAT_QUERIES of them, each scanning all rows in tiles that stay in cache; few queries - spans of rows
 * whose hits are merged. Memory: 4 bytes a row for cosine (norms), (k + 1) * 8 bytes a query and span.
 */
#ifndef TASTE_FLAT_H
#define TASTE_FLAT_H

#include "../data/vecs.h"
#include "../num/topk.h"
#include "../num/csr.h"
#include "../base/par.h"

enum flat_metric { FLAT_IP, FLAT_COSINE, FLAT_L2 };
enum { FLAT_QUERIES = 16 };
/* Products of vectors longer than this may be beyond the range of a float; so may be cosines of those that are shorter. */
#define FLAT_NORM_MIN 1e-15
#define FLAT_NORM_MAX 1e15
extern const char *const flat_metric_name[3];	/* by enum flat_metric */
/* flat_has_scores - can a vector of this length be scored by the metric, so that every score is finite? Not when it is NaN. */
static inline bool flat_has_scores(enum flat_metric m, double norm)
{
	return norm <= FLAT_NORM_MAX && (m != FLAT_COSINE || norm == 0 || norm >= FLAT_NORM_MIN);
}
/* flat_inverse - 1 / |x| as cosines are made with, 0 of a zero vector. */
static inline float flat_inverse(double norm) { return norm > 0 ? (float)(1 / norm) : 0; }

struct flat {
	const struct vecs *rows;	/* borrowed */
	enum flat_metric metric;
	float *inv_norm;		/* [rows->n] cosine */
	uint32_t *id_rank;		/* [rows->n] made when a tie crosses the k-th place */
	const uint64_t *allowed;	/* a bit for each row that may be found (nav_bit of nav.h); NULL: all. Borrowed, set behind flat_init */
	struct par *pool;		/* borrowed, may be NULL */
};

/* flat_init - prepare a search over rows, all of which are looked at: ERR_DATA for one without scores, and then *f is released. At most 2^32 - 2 rows. 0 or <0. */
int flat_init(struct flat *f, const struct vecs *rows, enum flat_metric metric, struct par *pool, struct err *e);
void flat_release(struct flat *f);

struct flat_hits { struct topk_hit *hit; size_t n; };	/* best first */

/*
 * flat_search - the k best rows for each of nq queries.
 *   out    [nq], hit pointing into `storage`        storage [nq * (k + 1)]
 *   Q      [nq x rows->d] row-major                 ban     [nq] rows that may not be found, ascending, n each; NULL: none
 * Fewer than k hits where fewer rows are allowed. Returns 0 or <0 (ERR_MEM; ERR_DATA: a query has no scores); the caller knows the files' names.
 */
struct flat_ban { const uint32_t *row; size_t n; };
int flat_search(struct flat *f, struct flat_hits *out, struct topk_hit *storage, size_t k, const float *Q, size_t nq,
		const struct flat_ban *ban, struct err *e);

/* flat_score - what flat_search would score row r for query q. */
float flat_score(const struct flat *f, const float *q, size_t r);

#endif
