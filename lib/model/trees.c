#include "trees.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "trees_node.h"
#include "../base/mem.h"
#include "../num/fmath.h"
#include "../num/forest.h"

const char *const trees_objective_name[3] = { "rank", "logistic", "squared" };

#define SCORE_MAX (0.99 * (double)FLT_MAX)	/* what 100,000 roundings may not lead beyond */

bool trees_range(double range[2], const float *value, size_t n)
{
	double least = INFINITY, most = -INFINITY;

	for (size_t l = 0; l < n; l++) {
		/* Not fmin and fmax: of such a loop gcc 12 at -O3 for aarch64 says "internal compiler error". */
		least = (double)value[l] < least ? (double)value[l] : least;
		most = (double)value[l] > most ? (double)value[l] : most;
	}
	range[0] += least;
	range[1] += most;
	return fmax(-range[0], range[1]) < SCORE_MAX;
}

/* ---- what is in the file ---- */

static int bad(const struct trees *t, struct err *e, const char *what, size_t tree)
{
	return err_set(e, ERR_DATA, "%s: tree %zu: %s", artifact_name(t->art), tree + 1, what);
}

/* get - a tensor of rows x cols (0 cols: of one dimension); NULL where there are no rows, which the file leaves out. */
static int get(struct trees *t, const char *name, enum dtype type, size_t rows, size_t cols, const void **data, struct err *e)
{
	uint64_t dim[2] = { rows, cols };

	*data = NULL;
	return rows ? artifact_tensor(t->art, name, type, cols ? 2 : 1, dim, data, e) : 0;
}

static int read_meta(struct trees *t, struct err *e)
{
	struct model m = { .art = t->art };
	const char *kind = artifact_meta(t->art, "kind"), *objective = artifact_meta(t->art, "objective"), *absent = artifact_meta(t->art, "absent");
	uint64_t n_features, n_trees, n_leaves;
	char clip[ERR_CLIP_MAX];
	double base;
	int k = 0;

	if (!kind || strcmp(kind, "trees"))
		return err_set(e, ERR_DATA, "%s: a model of kind %s is not one of trees (taste-train trees)", artifact_name(t->art), kind ? err_clip(clip, kind, strlen(kind)) : "(none)");
	while (k < 3 && objective && strcmp(objective, trees_objective_name[k]))
		k++;
	if (!objective || k == 3)
		return err_set(e, ERR_DATA, "%s: meta 'objective' is none of rank, logistic, squared", artifact_name(t->art));
	if (!absent || (strcmp(absent, "zero") && strcmp(absent, "missing")))
		return err_set(e, ERR_DATA, "%s: meta 'absent' is neither zero nor missing", artifact_name(t->art));
	if (model_whole(&m, "n_features", TREES_FEATURES_MAX, &n_features, e) || model_whole(&m, "n_trees", TREES_MAX, &n_trees, e) ||
	    model_whole(&m, "n_leaves", (double)TREES_MAX * TREES_LEAVES_MAX, &n_leaves, e) || model_number(&m, "base", -(double)FLT_MAX, (double)FLT_MAX, &base, e))
		return ERR_DATA;
	if (!n_features || n_leaves < n_trees)
		return err_set(e, ERR_DATA, "%s: %llu features and %llu leaves of %llu trees cannot be", artifact_name(t->art), (unsigned long long)n_features,
			       (unsigned long long)n_leaves, (unsigned long long)n_trees);
	t->objective = (enum trees_objective)k;
	t->absent_is_zero = !strcmp(absent, "zero");
	t->n_features = n_features;
	t->n_trees = n_trees;
	t->n_leaves = n_leaves;
	t->base = (float)base;
	t->parts = (struct trees_parts){ .objective = t->objective, .absent_is_zero = t->absent_is_zero, .base = t->base, .n_features = n_features, .n_trees = n_trees,
					 .n_leaves = n_leaves, .n_nodes = n_leaves - n_trees };
	return 0;
}

/* check_starts - [n + 1] from 0, each step at most `most`. */
static int check_starts(const struct trees *t, const char *name, const uint32_t *start, size_t n, size_t most, struct err *e)
{
	bool is_good = !start[0];

	for (size_t i = 0; i < n && is_good; i++)
		is_good = start[i] <= start[i + 1] && start[i + 1] - start[i] <= most;
	return is_good ? 0 : err_set(e, ERR_DATA, "%s: %s does not ascend from 0 by steps of at most %zu", artifact_name(t->art), name, most);
}

static int read_features(struct trees *t, struct err *e)
{
	struct trees_parts *p = &t->parts;
	const void *gain, *cut_start, *word_start, *cut;

	if (artifact_idtab(t->art, "feature", &t->names, e))
		return e->code;
	if (t->names.n != t->n_features)
		return err_set(e, ERR_DATA, "%s: %zu names of %zu features", artifact_name(t->art), t->names.n, t->n_features);
	if (get(t, "feature.gain", DTYPE_F64, t->n_features, 0, &gain, e) || get(t, "cut.start", DTYPE_U32, t->n_features + 1, 0, &cut_start, e) ||
	    get(t, "word.start", DTYPE_U32, t->n_features + 1, 0, &word_start, e) || check_starts(t, "cut.start", cut_start, t->n_features, TREES_CUTS_MAX, e) ||
	    check_starts(t, "word.start", word_start, t->n_features, TREES_WORDS_MAX, e))
		return e->code;
	p->gain = gain;
	p->cut_start = cut_start;
	p->word_start = word_start;
	p->n_words = p->word_start[t->n_features];
	if (get(t, "cut", DTYPE_F32, p->cut_start[t->n_features], 0, &cut, e) || (p->n_words && artifact_idtab(t->art, "word", &t->words, e)))
		return e->code;
	p->cut = cut;
	if (t->words.n != p->n_words)
		return err_set(e, ERR_DATA, "%s: %zu words where word.start says %zu", artifact_name(t->art), t->words.n, p->n_words);
	for (size_t f = 0; f < t->n_features; f++) {
		bool is_good = isfinite(p->gain[f]) && (trees_is_words(t, f) ? p->cut_start[f] == p->cut_start[f + 1] : p->word_start[f] == p->word_start[f + 1]);
		for (size_t c = p->cut_start[f]; c < p->cut_start[f + 1] && is_good; c++)
			is_good = isfinite(p->cut[c]) && (c == p->cut_start[f] || p->cut[c - 1] < p->cut[c]);
		if (!is_good)
			return err_set(e, ERR_DATA, "%s: feature %zu: its cuts do not ascend, or its words or gain are not right", artifact_name(t->art), f + 1);
	}
	return 0;
}

static int read_nodes(struct trees *t, struct err *e)
{
	struct trees_parts *p = &t->parts;
	const void *start, *feature, *test, *missing, *child, *rows, *leaf_rows, *value, *set;
	int ret = get(t, "tree.start", DTYPE_U32, t->n_trees + 1, 0, &start, e);

	if (ret || (ret = check_starts(t, "tree.start", start, t->n_trees, TREES_LEAVES_MAX - 1, e)))
		return ret;
	p->start = start;
	if (p->start[t->n_trees] != p->n_nodes)
		return err_set(e, ERR_DATA, "%s: %u nodes where n_leaves and n_trees make %zu", artifact_name(t->art), p->start[t->n_trees], p->n_nodes);
	if (get(t, "node.feature", DTYPE_U32, p->n_nodes, 0, &feature, e) || get(t, "node.test", DTYPE_U8, p->n_nodes, 0, &test, e) ||
	    get(t, "node.missing", DTYPE_U8, p->n_nodes, 0, &missing, e) || get(t, "node.child", DTYPE_U32, p->n_nodes, 2, &child, e) ||
	    get(t, "node.rows", DTYPE_U32, p->n_nodes, 0, &rows, e) || get(t, "leaf.rows", DTYPE_U32, p->n_leaves, 0, &leaf_rows, e) ||
	    get(t, "leaf.value", DTYPE_F32, p->n_leaves, 0, &value, e))
		return e->code;
	p->feature = feature;
	p->test = test;
	p->missing = missing;
	p->child = child;
	p->node_rows = rows;
	p->leaf_rows = leaf_rows;
	p->value = value;
	for (size_t i = 0; i < p->n_nodes; i++) {
		if (p->feature[i] >= t->n_features)
			return err_set(e, ERR_DATA, "%s: node %zu asks feature %u of %zu", artifact_name(t->art), i + 1, p->feature[i] + 1, t->n_features);
		p->n_sets += trees_is_words(t, p->feature[i]);
	}
	ret = get(t, "set", DTYPE_U8, p->n_sets, TREES_SET, &set, e);
	p->set = set;
	return ret;
}

/* check_tree - range: between what the scores of the trees before it, and then of it too, are. */
static int check_tree(struct trees *t, size_t k, double range[2], struct err *e)
{
	const struct trees_parts *p = &t->parts;
	size_t first = p->start[k], n = p->start[k + 1] - first;
	bool has_parent[2 * TREES_LEAVES_MAX] = { true };
	uint8_t depth[2 * TREES_LEAVES_MAX] = { 0 };

	for (size_t v = 0; v < n; v++) {
		const uint32_t *child = p->child + 2 * (first + v), f = p->feature[first + v];
		if (p->missing[first + v] > 1 || (trees_is_words(t, f) ? p->test[first + v] || p->missing[first + v] : p->test[first + v] >= p->cut_start[f + 1] - p->cut_start[f]))
			return bad(t, e, "a node asks for a cut that its feature has not", k);
		for (int side = 0; side < 2; side++) {
			if (child[side] <= v || child[side] > 2 * n || has_parent[child[side]])
				return bad(t, e, "a child does not stand behind its one parent", k);
			has_parent[child[side]] = true;
			depth[child[side]] = (uint8_t)(depth[v] + 1);
			if (depth[v] >= TREES_DEPTH_MAX)
				return bad(t, e, "is too deep", k);
			t->depth = max_size(t->depth, depth[v] + 1U);
		}
		if (trees_node_rows(t, k, v) != trees_node_rows(t, k, child[0]) + trees_node_rows(t, k, child[1]))
			return bad(t, e, "the rows of a node are not those of its children", k);
	}
	for (size_t l = 0; l <= n; l++)
		if (!isfinite(p->value[first + k + l]) || !p->leaf_rows[first + k + l])
			return bad(t, e, "a leaf's value is not finite, or it had no row", k);
	return trees_range(range, p->value + first + k, n + 1) ? 0 : bad(t, e, "with it scores may be beyond the range of single precision", k);
}

/* ---- made ready for rows ---- */

/* make_cuts - of each feature as num_codes_of reads them. */
static int make_cuts(struct trees *t, struct err *e)
{
	const struct trees_parts *p = &t->parts;
	size_t n = 0;

	if (!(t->cut_at = mem_try(t->n_features + 1, sizeof *t->cut_at, "features", e)))
		return ERR_MEM;
	for (size_t f = 0; f < t->n_features; f++) {
		size_t steps = 1;
		while (steps <= p->cut_start[f + 1] - p->cut_start[f])
			steps *= 2;
		t->cut_at[f] = n;
		n += steps;
	}
	t->cut_at[t->n_features] = n;
	if (!(t->cuts = mem_try(n, sizeof *t->cuts, "cuts", e)))
		return ERR_MEM;
	for (size_t f = 0; f < t->n_features; f++)
		for (size_t i = t->cut_at[f], c = p->cut_start[f]; i < t->cut_at[f + 1]; i++, c++)
			t->cuts[i] = c < p->cut_start[f + 1] ? p->cut[c] : INFINITY;
	return 0;
}

/* make_columns - each pair of a feature and a side for what is missing that some node has; to [2 x n_features] its number. */
static int make_columns(struct trees *t, uint32_t *to, struct err *e)
{
	const struct trees_parts *p = &t->parts;

	memset(to, 0, 2 * t->n_features * sizeof *to);
	for (size_t i = 0; i < p->n_nodes; i++)
		to[2 * p->feature[i] + p->missing[i]] = 1;
	for (size_t i = 0; i < 2 * t->n_features; i++)
		t->n_columns += to[i];
	if (!(t->column = mem_try(t->n_columns, sizeof *t->column, "columns", e)))
		return ERR_MEM;
	for (size_t i = 0, n = 0; i < 2 * t->n_features; i++)
		if (to[i]) {
			t->column[n] = (struct trees_column){ (uint32_t)(i / 2), i & 1 };
			to[i] = (uint32_t)n++;
		}
	return 0;
}

/* make_tree - tree k; its values begin at value. A node that asks for words reads a column that is made for it, behind the others, of 0 (left) and 1. */
static void make_tree(struct trees *t, size_t k, const uint32_t *column, float *value, size_t *n_sets)
{
	const struct trees_parts *p = &t->parts;
	size_t first = p->start[k], n = p->start[k + 1] - first;
	uint16_t leaves[2 * TREES_LEAVES_MAX], number[2 * TREES_LEAVES_MAX];	/* below a node, and the first of them */

	for (size_t l = n; l <= 2 * n; l++)
		leaves[l] = 1;
	for (size_t v = n; v-- > 0;)
		leaves[v] = (uint16_t)(leaves[p->child[2 * (first + v)]] + leaves[p->child[2 * (first + v) + 1]]);
	number[0] = 0;
	t->first_set[k] = *n_sets;
	t->tree[k] = (struct num_tree){ n, t->offset + first, t->at + first, t->from + first, t->left + first, value };
	for (size_t i = first; i < first + n; i++) {
		uint32_t f = p->feature[i], c = column[2 * f + p->missing[i]], left = p->child[2 * i], right = p->child[2 * i + 1];
		number[left] = number[i - first];
		number[right] = (uint16_t)(number[left] + leaves[left]);
		t->left[i] = (uint8_t)leaves[left];
		if (left < n)
			t->from[first + left] = (uint16_t)(2 * (i - first) + 2);
		if (right < n)
			t->from[first + right] = (uint16_t)(2 * (i - first) + 3);
		if (trees_is_words(t, f)) {
			t->offset[i] = (uint32_t)(t->n_columns + *n_sets - t->first_set[k]) * FOREST_ROWS;
			t->at[i] = 0;
			t->set_column[(*n_sets)++] = c;
		} else {
			t->offset[i] = c * FOREST_ROWS;
			t->at[i] = (int8_t)(p->test[i] - 128);
		}
	}
	for (size_t l = 0; l <= n; l++)
		value[number[n + l]] = p->value[first + k + l];
	t->n_set_columns = max_size(t->n_set_columns, *n_sets - t->first_set[k]);
}

static size_t padded_leaves(const struct trees *t, size_t k)
{
	return (t->parts.start[k + 1] - t->parts.start[k] + 1 + 63) / 64 * 64;
}

static int make_trees(struct trees *t, struct err *e)
{
	const struct trees_parts *p = &t->parts;
	uint32_t *column = mem_try(2 * t->n_features, sizeof *column, "columns", e);
	size_t n_values = 0, n_sets = 0;
	int ret = column ? make_columns(t, column, e) : ERR_MEM;

	for (size_t k = 0; k < t->n_trees; k++)
		n_values += padded_leaves(t, k);
	if (!ret && (!(t->tree = mem_try(t->n_trees, sizeof *t->tree, "trees", e)) || !(t->offset = mem_try(p->n_nodes, sizeof *t->offset, "nodes", e)) ||
		     !(t->at = mem_try(p->n_nodes, sizeof *t->at, "nodes", e)) || !(t->from = mem_try0(p->n_nodes, sizeof *t->from, "nodes", e)) || !(t->left = mem_try(p->n_nodes, 1, "nodes", e)) ||
		     !(t->value = mem_try0(n_values, sizeof *t->value, "leaves", e)) || !(t->set_column = mem_try(p->n_sets, sizeof *t->set_column, "sets of words", e)) ||
		     !(t->first_set = mem_try(t->n_trees + 1, sizeof *t->first_set, "trees", e))))
		ret = ERR_MEM;
	float *value = t->value;
	for (size_t k = 0; k < t->n_trees && !ret; k++) {
		make_tree(t, k, column, value, &n_sets);
		value += padded_leaves(t, k);
	}
	if (!ret)
		t->first_set[t->n_trees] = n_sets;
	mem_free(column);
	return ret;
}

/* mean_of - the mean value of a tree over the rows of training. */
static double mean_of(const struct trees *t, size_t k)
{
	const struct trees_parts *p = &t->parts;
	double sum = 0, rows = 0;

	for (size_t l = p->start[k] + k; l <= p->start[k + 1] + k; l++) {
		sum += (double)p->value[l] * p->leaf_rows[l];
		rows += p->leaf_rows[l];
	}
	return sum / rows;
}

int trees_take(struct trees *t, struct artifact *a, struct err *e)
{
	*t = (struct trees){ .art = a };
	if (!a)
		return e->code;
	int ret = read_meta(t, e);
	if (!ret && !(ret = read_features(t, e)))
		ret = read_nodes(t, e);
	double range[2] = { (double)t->base, (double)t->base };
	t->mean = (double)t->base;
	for (size_t k = 0; k < t->n_trees && !ret; k++)
		if (!(ret = check_tree(t, k, range, e)))
			t->mean += mean_of(t, k);
	if (!ret && !(ret = make_cuts(t, e)))
		ret = make_trees(t, e);
	if (ret)
		trees_release(t);
	return ret;
}

int trees_open(struct trees *t, const char *path, struct err *e)
{
	struct err local = { 0 }, *err = e ? e : &local;

	return trees_take(t, artifact_load(path, KIND_MODEL, err), err);
}

int trees_open_memory(struct trees *t, const char *name, const void *p, size_t n, struct err *e)
{
	struct err local = { 0 }, *err = e ? e : &local;

	return trees_take(t, artifact_load_memory(name, p, n, KIND_MODEL, err), err);
}

void trees_release(struct trees *t)
{
	artifact_free(t->art);
	mem_free(t->tree);
	mem_free(t->column);
	mem_free(t->offset);
	mem_free(t->at);
	mem_free(t->from);
	mem_free(t->left);
	mem_free(t->value);
	mem_free(t->set_column);
	mem_free(t->first_set);
	mem_free(t->cuts);
	mem_free(t->cut_at);
	*t = (struct trees){ 0 };
}

/* ---- features ---- */

struct str trees_feature(const struct trees *t, size_t f)
{
	return idtab_id(&t->names, f);
}

size_t trees_find(const struct trees *t, struct str name)
{
	uint32_t f = idtab_find(&t->names, name.p, name.len);

	return f == VOCAB_NONE ? SIZE_MAX : f;
}

bool trees_is_words(const struct trees *t, size_t f)
{
	struct str name = trees_feature(t, f);

	return name.len && *name.p == '@';
}

float trees_word(const struct trees *t, size_t f, struct str word)
{
	struct buf key = { 0 };

	if (!t->words.n)
		return NAN;
	buf_put_u64(&key, f);
	buf_putc(&key, '\t');
	buf_put(&key, word.p, word.len);
	uint32_t w = idtab_find(&t->words, key.p, key.len), first = t->parts.word_start[f];
	buf_release(&key);
	return w == VOCAB_NONE || w < first || w >= t->parts.word_start[f + 1] ? NAN : (float)(w - first);
}

/* ---- scores ---- */

/* code_feature - of n rows, which stand ld floats apart. */
static void code_feature(const struct trees *t, size_t f, int8_t code[FOREST_ROWS], float value[FOREST_ROWS], const float *x, size_t ld, size_t n)
{
	for (size_t r = 0; r < n; r++)
		value[r] = x[r * ld + f];
	if (!trees_is_words(t, f))
		num_codes_of(code, value, n, t->cuts + t->cut_at[f], t->cut_at[f + 1] - t->cut_at[f]);
	else
		for (size_t r = 0; r < n; r++)
			code[r] = (int8_t)((int)trees_word_code(value[r]) - 128);
}

/* code_rows - the columns of n rows; those behind them are of any value. */
static void code_rows(const struct trees *t, int8_t *columns, const float *x, size_t ld, size_t n)
{
	float value[FOREST_ROWS];

	for (size_t c = 0; c < t->n_columns; c++) {
		int8_t *code = columns + c * FOREST_ROWS;
		if (c && t->column[c].feature == t->column[c - 1].feature)
			memcpy(code, code - FOREST_ROWS, FOREST_ROWS);
		else
			code_feature(t, t->column[c].feature, code, value, x, ld, n);
		if (t->column[c].missing_right)
			for (size_t r = 0; r < n; r++)
				code[r] = isnan(value[r]) ? INT8_MAX : code[r];
	}
}

/* code_sets - the columns that tree k's questions for words read. */
static void code_sets(const struct trees *t, size_t k, int8_t *columns)
{
	for (size_t s = t->first_set[k], c = t->n_columns; s < t->first_set[k + 1]; s++, c++)
		for (size_t r = 0; r < FOREST_ROWS; r++)
			columns[c * FOREST_ROWS + r] = !trees_set_has(t->parts.set + s * TREES_SET, (uint8_t)(columns[t->set_column[s] * FOREST_ROWS + r] + 128));
}

size_t trees_scratch(const struct trees *t)
{
	return (t->n_columns + t->n_set_columns + 1) * FOREST_ROWS;
}

/* score_block - of at most FOREST_ROWS rows. */
static void score_block(const struct trees *t, float *out, const float *x, size_t ld, size_t n, int8_t *columns)
{
	float score[FOREST_ROWS];

	if (n < FOREST_ROWS)
		memset(columns, 0, t->n_columns * FOREST_ROWS);
	code_rows(t, columns, x, ld, n);
	for (size_t r = 0; r < FOREST_ROWS; r++)
		score[r] = t->base;
	for (size_t k = 0, end; k < t->n_trees; k = end) {
		for (end = k; end < t->n_trees && t->first_set[end] == t->first_set[end + 1]; end++)
			;
		if (end == k)
			code_sets(t, end++, columns);
		num_forest(score, columns, t->tree + k, end - k);
	}
	memcpy(out, score, n * sizeof *out);
}

void trees_scores_in(const struct trees *t, float *out, const float *x, size_t ld, size_t n, void *scratch)
{
	for (size_t i = 0; i < n; i += FOREST_ROWS)
		score_block(t, out + i, x + i * ld, ld, min_size(FOREST_ROWS, n - i), scratch);
}

double trees_chance(double score)
{
	return 1 / (1 + fm_exp(-score));
}

/* ---- the file ---- */

static int put(struct artifactw *a, const char *name, enum dtype type, size_t rows, size_t cols, const void *data, struct err *e)
{
	uint64_t dim[2] = { rows, cols };

	return rows ? artifactw_tensor(a, name, type, cols ? 2 : 1, dim, data, e) : 0;
}

static void put_meta(const struct trees_parts *p, struct artifactw *a, const struct trees_meta *meta)
{
	artifactw_meta(a, "objective", "%s", trees_objective_name[p->objective]);
	artifactw_meta(a, "n_features", "%zu", p->n_features);
	artifactw_meta(a, "n_trees", "%zu", p->n_trees);
	artifactw_meta(a, "n_leaves", "%zu", p->n_leaves);
	model_put_number(a, "base", (double)p->base);
	artifactw_meta(a, "absent", "%s", p->absent_is_zero ? "zero" : "missing");
	if (meta)
		meta->fn(meta->ctx, a);
}

static int put_tensors(const struct trees_parts *p, struct artifactw *a, const struct vocab *names, const struct vocab *words, struct err *e)
{
	int ret;

	if ((ret = put(a, "feature.gain", DTYPE_F64, p->n_features, 0, p->gain, e)) || (ret = put(a, "cut.start", DTYPE_U32, p->n_features + 1, 0, p->cut_start, e)) ||
	    (ret = put(a, "cut", DTYPE_F32, p->cut_start[p->n_features], 0, p->cut, e)) || (ret = put(a, "word.start", DTYPE_U32, p->n_features + 1, 0, p->word_start, e)) ||
	    (ret = put(a, "tree.start", DTYPE_U32, p->n_trees + 1, 0, p->start, e)) || (ret = put(a, "node.feature", DTYPE_U32, p->n_nodes, 0, p->feature, e)) ||
	    (ret = put(a, "node.test", DTYPE_U8, p->n_nodes, 0, p->test, e)) || (ret = put(a, "node.missing", DTYPE_U8, p->n_nodes, 0, p->missing, e)) ||
	    (ret = put(a, "node.child", DTYPE_U32, p->n_nodes, 2, p->child, e)) || (ret = put(a, "node.rows", DTYPE_U32, p->n_nodes, 0, p->node_rows, e)) ||
	    (ret = put(a, "leaf.rows", DTYPE_U32, p->n_leaves, 0, p->leaf_rows, e)) || (ret = put(a, "leaf.value", DTYPE_F32, p->n_leaves, 0, p->value, e)) ||
	    (ret = put(a, "set", DTYPE_U8, p->n_sets, TREES_SET, p->set, e)) || (ret = artifactw_vocab(a, "feature", names, e)))
		return ret;
	return p->n_words ? artifactw_vocab(a, "word", words, e) : 0;
}

int trees_save(const struct trees_parts *p, const struct vocab *names, const struct vocab *words, const struct trees_meta *meta, struct sink *s, const struct prov *prov, struct err *e)
{
	struct artifactw *a = artifactw_new(s, KIND_MODEL, "trees", e);
	int ret = ERR_SYS;

	if (a) {
		put_meta(p, a, meta);
		ret = put_tensors(p, a, names, words, e);
	}
	if (!ret)
		ret = artifactw_finish(a, prov, e);
	artifactw_free(a);
	return ret;
}
