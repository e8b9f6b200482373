/*
 * ridge - one row of a factorisation with the other side fixed: the x that makes
 *
 *   sum_j w_j (x.y_j - 1)^2  +  x^T B x  +  lambda f^nu |x|^2        f = sum_j w_j + w0 n_other
 *
 * as small as possible, over the n rows y_j that were observed; B = w0 sum of y y^T over all n_other rows, the same for every x. Its equations are
 *
 *   A x = sum_j w_j y_j,     A = B + sum_j w_j y_j y_j^T + lambda f^nu I
 *
 *   exact   A is added up and factored: n d^2 / 2 + d^3 / 6 multiply-adds
 *   block   the components a block of b at a time, the others fixed, each block exactly; `steps` passes over all blocks from the x that is there:
 *           a pass is n d (b / 2 + 3) + d^2 + d b^2 / 6
 *   cg      `steps` of conjugate gradients from the x that is there: one is 2 n d + d^2
 *
 * A component can be held at 1 (`fixed`; it is then no unknown and is not regularised): the other side's component of the same number is then a bias.
 * Rows are named by number and never copied as a whole: block and cg read them where they are.
 *
 * Sources: Rendle, Krichene, Zhang, Koren 2021, "iALS++: Speeding up Matrix Factorization with Subspace Optimization" (blocks; they run over all rows a block at a
 * time, we over all blocks a row at a time, so that no prediction is kept between rows). Takacs, Pilaszy, Tikk 2011, "Applications of the Conjugate Gradient Method for
 * Implicit Feedback Collaborative Filtering". Bits do not depend on the CPU path. Thread-safe with scratch of one's own.
 */
#ifndef TASTE_RIDGE_H
#define TASTE_RIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/err.h"

enum ridge_solver { RIDGE_EXACT, RIDGE_BLOCK, RIDGE_CG };
#define RIDGE_SOLVERS "exact|block|cg"	/* their names, for option tables */
extern const char *const ridge_solver_name[];	/* by enum ridge_solver */

#define RIDGE_ALL_FREE SIZE_MAX
#define RIDGE_NOT_FINITE SIZE_MAX

struct ridge {
	const float *Y;			/* [n_other x d] */
	const float *base;		/* [d x d] B, full */
	size_t d, n_other;
	double lambda, nu, w0;
	enum ridge_solver solver;
	size_t block;			/* components solved together; 0 stands for d */
	int steps;			/* passes or steps; exact: not used */
	size_t fixed;			/* component held at 1, one of the last two; RIDGE_ALL_FREE: none */
};

/* ridge_scratch - floats of scratch for rows of up to n pairs. */
size_t ridge_scratch(const struct ridge *q, size_t n);
/* ridge_from_nothing - make q solve rows that start from zeros, as those of people who are folded in: exactly up to 512 components, beyond that by its solver, block in 8 passes,
 * cg in 24 steps. */
void ridge_from_nothing(struct ridge *q);
/*
 * ridge_solve - x [d] from col [n], ascending rows of Y, n > 0, and w [n] > 0. block and cg start from the x that is there (its fixed component is set).
 * Returns 0; 1 + a pivot where the equations are not positive definite; RIDGE_NOT_FINITE when the solution is not.
 */
size_t ridge_solve(const struct ridge *q, float *x, const uint32_t *col, const float *w, size_t n, float *scratch);
/* ridge_error - ridge_solve's answer about a row as a sentence: ERR_NUMERIC. */
int ridge_error(struct err *e, const char *who, size_t bad);
/*
 * ridge_explain - the x of such a row is a sum over its pairs, x = sum_j (w_j m_j) A^-1 y_j, so that its product with another row y_i is, too:
 *   part [n_to x n] out: of pair j in x.y_i, i = to[k], at part[k * n + j]
 *   rest [n_to] out: what no pair has brought: 0, and with biases b_i - B_f A^-1 y_i, f the component held, B_f its row of B; then m_j = 1 - b_j, else 1
 * Always by the exact solution, whatever the solver is. w may be part's last row. Fixed is the last component or none. scratch [ridge_explain_scratch].
 * n d^2 / 2 + d^3 / 6 multiply-adds once, d^2 + n d for each of to. Returns as ridge_solve.
 */
size_t ridge_explain_scratch(const struct ridge *q);
size_t ridge_explain(const struct ridge *q, float *part, float *rest, const uint32_t *to, size_t n_to, const uint32_t *col, const float *w, size_t n, float *scratch);
/* ridge_weight - lambda f^nu for a row whose pairs weigh so much together. */
double ridge_weight(const struct ridge *q, double weight);

#endif
