/*
 * forest - which leaf of a tree each of 64 rows comes to, with no branch that depends on a row.
 *
 * Rows are columns of bytes: byte r of a column is the code of row r, an int8. A node sends a row right when its code is more than the node's. All nodes are asked of all 64 rows, parents
 * first, and the set of rows that came to a node is taken apart:
 *
 *	here = reach[from of the node]		right = here & (codes > at)		reach[2 node + 2] = here & ~right		reach[2 node + 3] = right
 *
 * which is two operations on 64 rows a node, whatever the rows are. Leaves are numbered from left to right, so that a row's leaf is the sum, over the nodes at which it went right, of how many leaves
 * are on their left: one more addition, of bytes. Source: the idea of asking all
 * nodes and combining bits is that of Lucchese et al. 2015 (QuickScorer) and Ye et al. 2018 (RapidScorer); here bits are rows and not leaves, so that nodes need no order by feature.
 */
#ifndef TASTE_FOREST_H
#define TASTE_FOREST_H

#include <stddef.h>
#include <stdint.h>

enum { FOREST_ROWS = 64, FOREST_LEAVES = 256, FOREST_SETS = 2 * FOREST_LEAVES };

struct num_tree {
	size_t n;			/* nodes, below FOREST_LEAVES; leaves are n + 1 */
	const uint32_t *offset;		/* [n] bytes from the columns' start to the node's column */
	const int8_t *at;		/* [n] */
	const uint16_t *from;		/* [n] 2 v + 2: those who go left at node v, which stands before this one; 2 v + 3: right; of the first node 0 */
	const uint8_t *left;		/* [n] leaves on its left */
	const float *value;		/* [n + 1] of the leaves from left to right, readable up to the next multiple of 64 */
};

/* num_forest - score[r] += the value of the leaf of tree t that row r comes to, for the 64 rows of columns (64-byte aligned) and trees in order. */
void num_forest(float score[FOREST_ROWS], const int8_t *columns, const struct num_tree *tree, size_t n_trees);

/*
 * num_codes_of - code[i] = how many of the cuts are below x[i], less 128; n <= FOREST_ROWS values. cut holds `steps` values, a power of two, ascending: the cuts and infinity behind them, one at
 * least. NAN is below nothing: -128.
 */
void num_codes_of(int8_t *code, const float *x, size_t n, const float *cut, size_t steps);

#endif
