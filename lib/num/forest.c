#include "forest.h"

#include "kern.h"

void num_forest(float score[FOREST_ROWS], const int8_t *columns, const struct num_tree *tree, size_t n_trees)
{
	num_ops()->forest(score, columns, tree, n_trees);
}

void num_codes_of(int8_t *code, const float *x, size_t n, const float *cut, size_t steps)
{
	int32_t at[FOREST_ROWS];

	for (size_t i = 0; i < n; i++)
		at[i] = 0;
	for (int32_t s = (int32_t)steps / 2; s; s /= 2)
		for (size_t i = 0; i < n; i++)
			at[i] += cut[at[i] + s - 1] < x[i] ? s : 0;
	for (size_t i = 0; i < n; i++)
		code[i] = (int8_t)(at[i] - 128);
}
