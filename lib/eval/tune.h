/*
 * tune - a small search for a few numbers by successive halving. It knows nothing of what they are for: a callback makes something of the current values and says how good it is.
 *
 *   rung 0       trials 0, 1, ... at the smallest budget. Trial 0 is the values as they are; the others are points of a low-discrepancy sequence in the ranges
 *   rung 1, ...  the best third of a rung's trials again at the next budget, and trial 0 until it has been measured at the budget that was given
 *   last         new trials near the best so far, nearer each time, at the budget of the best
 *
 * A budget that is a setting as well (epochs, rank), and scores that are of the same users on all rungs: the best of everything that was measured wins. Where a smaller budget
 * makes something nobody wants (a model of fewer items), whole_only leaves it to the rows of the largest. Either way never worse than what was given. Equal scores: the
 * one that was measured first. All by the seed; no clock, no thread takes part.
 *
 * With a log each row is appended as soon as it is measured, in one write. A search that finds its own log takes the rows that are there and measures only the rest; a last
 * line that was cut short is measured again. The first line holds XXH3-128 of the caller's identity: another one is refused, and so is a second
 * search at the same time. The file: "#taste-tune 1 HASH", then a table with a line of names: rung trial BUDGET PARAMETER... score second seconds.
 *
 * Sources: Jamieson, Talwalkar 2016, "Non-stochastic Best Arm Identification and Hyperparameter Optimization" (successive halving; eta 3 as in Hyperband, Li et al. 2018).
 * Roberts 2018, "The Unreasonable Effectiveness of Quasirandom Sequences" (multiples of powers of a generalised golden ratio, here shifted by the seed). Ours: the winner from any
 * rung, and the steps near it.
 * Values are rounded to three digits, so that what the table shows is what was used and can be typed again.
 */
#ifndef TASTE_TUNE_H
#define TASTE_TUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../base/err.h"

enum { TUNE_PARAMS_MAX = 8, TUNE_BUDGETS_MAX = 8, TUNE_ETA = 3 };

struct tune_param {
	const char *name;		/* a column of the log */
	double low, high;		/* low > 0 when is_log */
	bool is_log;
	double *value;			/* as given; during measure that of the trial; after tune_run the best */
};

struct tune {
	struct tune_param param[TUNE_PARAMS_MAX];
	size_t n_params;
	const char *budget_name, *score_name, *second_name;	/* columns of the log */
	int64_t budget[TUNE_BUDGETS_MAX];	/* ascending */
	size_t n_budgets, given;	/* given: the one of them that would be used without a search */
	bool whole_only;		/* only rows of the last budget can win; given must be the last */
	size_t n_trials;		/* of rung 0, at least 1 */
	size_t n_near;			/* of the last step */
	uint64_t seed;
	/* measure - with the values in place: how good, larger is better; 0 or <0, which ends the search. */
	int (*measure)(void *ctx, int64_t budget, double *score, double *second, struct err *e);
	void (*show)(void *ctx, const char *line);	/* each line of the table, with its newline; NULL: nobody looks */
	void *ctx;
	const char *log;		/* a path; NULL: none */
	const char *identity;		/* with log: a text of all that decides and is not above */
};

struct tune_row {
	size_t rung, trial;
	int64_t budget;
	double value[TUNE_PARAMS_MAX], score, second, seconds;
};

/* tune_run - search, leave the best values in place, *best the row that won and *n_rows how many there were. 0 or <0: what measure said; ERR_DATA for a log that is of
 * another search or none; ERR_SYS. */
int tune_run(const struct tune *t, struct tune_row *best, size_t *n_rows, struct err *e);

#endif
