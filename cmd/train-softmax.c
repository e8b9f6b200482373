/*
 * train-softmax - softmax: epochs of steps over all users.
 */
#include "../lib/cli/progress.h"
#include "../lib/model/softmax.h"
#include "train.h"

/* learn_softmax - in->m is used up. With -v a row for each epoch on stderr. */
int learn_softmax(struct inter *in, struct sink *out, struct err *e)
{
	struct softmax_opts so = { (size_t)o.d, (size_t)o.epochs, (size_t)o.layers, o.ego, o.temperature, o.neg_power, o.user_power, o.rate, (size_t)o.batch,
				   (size_t)o.negatives, (uint64_t)o.seed, tuned };
	const char *wrong = softmax_check(&so);
	struct softmax m;
	struct progress pr;

	if (wrong)
		usage_die("%s", wrong);
	if (softmax_init(&m, &in->m, &so, e))
		return e->code;
	progress_start(&pr, "train", "epochs", (uint64_t)o.epochs);
	for (int64_t epoch = 0; epoch < o.epochs; epoch++) {
		double start = clock_now(), loss;
		if (softmax_epoch(&m, &loss, (size_t)epoch, tool_pool(), e))
			break;
		progress_set(&pr, (uint64_t)epoch + 1);
		if (tool.is_verbose && !is_trial)
			fprintf(stderr, "%s%lld\t%.9g\t%.3f\n", epoch ? "" : "epoch\tloss\tseconds\n", (long long)epoch + 1, loss, clock_now() - start);
	}
	progress_end(&pr);
	if (!e->code && !is_trial)
		finish_prov();
	if (!e->code)
		softmax_save(&m, out, &in->user, &in->item, &weigh, in->n_events, &prov, tool_pool(), e);
	softmax_release(&m);
	return e->code;
}
