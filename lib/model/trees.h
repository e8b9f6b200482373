/*
 * trees - sums of regression trees over named features: the model of taste-train trees. Opening, scores, and what each feature adds to one.
 *
 * A row is n_features floats in the order of trees_feature(); NAN is a missing value. A feature whose name begins with '@' holds words, which trees_word turns into numbers.
 *
 * A node asks whether a value is at most one of its feature's cuts (at most 254 of them, so that a row becomes bytes once and all nodes compare bytes), or whether a word is in
 * a set; what is missing goes to the side the node names. A word the model does not know, and a word that was rare, is as missing. Scores are float32: the base, and to it in the order of
 * trees the value of the leaf that the row comes to; so they are the same bits on every CPU path, and the same as in training.
 *
 * How scores are found: 64 rows at a time are coded into columns of bytes; of each tree every node is asked of all 64 at once, parents first, which gives for each node the set of rows that come to it,
 * two bit operations a node, and then for each row the number of its leaf (lib/num/forest.h). tests/b-trees.c measures it against walking the rows one by one.
 *
 * Explanations are path-dependent TreeSHAP, exact: contributions sum to the score. Source: Lundberg, Erion, Lee 2018, "Consistent Individualized Feature Attribution for Tree Ensembles", algorithm 2;
 * Lundberg et al. 2020, "From local explanations to global understanding with explainable AI for trees".
 *
 * A file is checked whole when it is opened: children stand behind their parents and each has one parent, features, cuts and sets are there, numbers are finite and so is whatever they add up to. Nothing that a file says can make a
 * walk loop or read beside it.
 *
 * The file is an artifact of KIND_MODEL (artifact.h) that knows no users and no items:
 *   meta    kind trees, objective, n_features n_trees n_leaves, base, absent (zero or missing: what a LIBSVM row does not name), and what its maker adds
 *   ids     feature                  names, '@' in front of those that hold words
 *   tensor  feature.gain f64 [n_features]             what the splits by it gained in training, summed
 *           cut.start u32 [n_features + 1], cut f32 [...]        of each feature its cuts, ascending
 *           word.start u32 [n_features + 1]; ids word            of each feature its words, as "FEATURE TAB WORD", at most 254
 *           tree.start u32 [n_trees + 1]             nodes of each tree; it has one leaf more than nodes
 *           node.feature u32 [nodes]  node.test u8 [nodes]: the cut   node.missing u8 [nodes]: 1: what is missing goes right
 *           node.child u32 [nodes x 2]: left, right; a node of the tree, or its number of nodes + a leaf of the tree
 *           node.rows u32 [nodes]  leaf.rows u32 [leaves]: of training   leaf.value f32 [leaves]
 *           set u8 [word nodes x 32]: in the order of nodes, bit w of the 256: word w goes left; bit 255: what is missing does
 * Tensors of no elements are left out.
 *
 * Memory: about 40 bytes a node. A struct may be shared between threads by trees_scores_in and trees_explain.
 */
#ifndef TASTE_TREES_H
#define TASTE_TREES_H

#include "model.h"

enum { TREES_LEAVES_MAX = 256, TREES_DEPTH_MAX = 64, TREES_CUTS_MAX = 254, TREES_WORDS_MAX = 254, TREES_FEATURES_MAX = 65536, TREES_MAX = 100000, TREES_SET = 32 };

enum trees_objective { TREES_RANK, TREES_LOGISTIC, TREES_SQUARED };
extern const char *const trees_objective_name[3];	/* "rank", "logistic", "squared" */

/* The arrays of a file, as above. Strings are not here. */
struct trees_parts {
	enum trees_objective objective;
	bool absent_is_zero;
	float base;
	size_t n_features, n_trees, n_nodes, n_leaves, n_sets, n_words;
	const double *gain;
	const uint32_t *cut_start, *word_start, *start, *feature, *child, *node_rows, *leaf_rows;
	const float *cut, *value;
	const uint8_t *test, *missing, *set;
};

struct trees_column { uint32_t feature; bool missing_right; };	/* codes of a feature, as some nodes want them */

struct trees {
	struct artifact *art;
	enum trees_objective objective;
	size_t n_features, n_trees, n_leaves;
	bool absent_is_zero;
	float base;
	/* private */
	struct trees_parts parts;	/* in the file */
	struct idtab names, words;
	double mean;			/* score over the rows of training */
	struct num_tree *tree;		/* [n_trees] */
	struct trees_column *column;	/* [n_columns] */
	size_t n_columns, n_set_columns, depth;
	uint32_t *offset;		/* what tree[] points into */
	int8_t *at;
	uint16_t *from;
	uint8_t *left;
	float *value;
	uint32_t *set_column;		/* [n_sets] the column of the words of each set */
	size_t *first_set;		/* [n_trees + 1] */
	float *cuts;			/* of each feature, then infinity up to a power of two */
	size_t *cut_at;			/* [n_features + 1] where those of a feature begin */
};

/* trees_open - path or "-". <0 with *e set; then *t is released. */
int trees_open(struct trees *t, const char *path, struct err *e);
/* trees_open_memory - a model file that is n bytes at p, which outlive t; name is for messages. */
int trees_open_memory(struct trees *t, const char *name, const void *p, size_t n, struct err *e);
/* trees_take - of an artifact that is open, which is t's from now on, also on failure. */
int trees_take(struct trees *t, struct artifact *a, struct err *e);
void trees_release(struct trees *t);	/* zeroed is empty */

struct str trees_feature(const struct trees *t, size_t f);		/* its name, with the '@'; f < n_features */
size_t trees_find(const struct trees *t, struct str name);		/* its number, SIZE_MAX: none is called so */
bool trees_is_words(const struct trees *t, size_t f);
/* trees_word - the number of a word of feature f, as rows hold it; NAN, which is a missing value, when the model does not know it. */
float trees_word(const struct trees *t, size_t f, struct str word);

/*
 * trees_scores_in - out[i] = the score of row x + i * ld, for n rows of n_features floats, in scratch of the caller, trees_scratch(t) bytes, 64-byte aligned. Of logistic models it is the log odds
 * (trees_chance). Cannot fail.
 */
void trees_scores_in(const struct trees *t, float *out, const float *x, size_t ld, size_t n, void *scratch);
size_t trees_scratch(const struct trees *t);
/* trees_score_ref - of one row, by walking each tree from its root: what the others must equal bit for bit. */
float trees_score_ref(const struct trees *t, const float *x);
double trees_chance(double score);					/* of log odds */

/*
 * trees_explain - phi[f] = what feature f adds to the score of row x, for f < n_features; phi[n_features]: the mean score over the rows of training, to which they add. They sum to the score, but for rounding.
 * scratch: trees_explain_scratch(t) bytes, 64-byte aligned, of the caller. Time: leaves x depth^2 a tree.
 */
void trees_explain(const struct trees *t, double *phi, const float *x, void *scratch);
size_t trees_explain_scratch(const struct trees *t);

/* trees_range - from range, between which scores are, to that of one tree more, of leaves value [n]. false: scores may then be beyond single precision, and no reader takes such a model. */
bool trees_range(double range[2], const float *value, size_t n);
/* trees_save - names [n_features]; words: "FEATURE TAB WORD" in the order of word_start. meta (may be NULL) adds to the meta of the file; 0 or <0. */
struct trees_meta { void (*fn)(void *ctx, struct artifactw *w); void *ctx; };
int trees_save(const struct trees_parts *p, const struct vocab *names, const struct vocab *words, const struct trees_meta *meta, struct sink *s, const struct prov *prov, struct err *e);

#endif
