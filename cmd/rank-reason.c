/*
 * rank-reason - why a line is in a list, for people and for programs, and why an item is not.
 */
#include <math.h>
#include <string.h>

#include "rank.h"

static void put_title(struct buf *b, struct str id)
{
	struct str t = title_or_id(id);

	buf_put(b, t.p, t.len);
}

/* nearest_to - what --because names; VOCAB_NONE: nothing. */
static uint32_t nearest_to(struct str item, struct str user, float *cosine)
{
	return o.because ? nearest_own(vocab_find(&side.seen.user, user.p, user.len), item, cosine) : VOCAB_NONE;
}

static void put_nearest(struct buf *b, struct str user, struct str item)
{
	float cosine;
	uint32_t nearest = nearest_to(item, user, &cosine);

	if (nearest == VOCAB_NONE)
		return;
	buf_puts(b, "; like ");
	put_title(b, side.seen.item.str[nearest]);
	buf_puts(b, " (");
	buf_put_fixed(b, cosine, 2);
	buf_putc(b, ')');
}

static void put_chance(struct buf *b, double p)
{
	if (p < 1e-4)
		buf_puts(b, "<0.0001");
	else
		buf_put_fixed(b, p, p < 0.01 ? 4 : 2);
}

/* put_rules - what the rules had to do with it, in words. */
static void put_rules(struct buf *b, const struct rerank_cand *c, size_t place)
{
	const struct rerank_opts *run = rules_opts();

	for (size_t q = 0; q < run->n_quotas; q++)
		if (c->kinds >> q & 1 && run->quota[q].least > 0) {
			struct str name = rules_name(q);
			buf_puts(b, "; ");
			buf_put(b, name.p, name.len);
			if (c->was_due)
				buf_puts(b, " (due)");
		}
	if (c->was_spaced)
		buf_puts(b, "; keeps others apart");
	if (c->was_drawn) {
		buf_puts(b, "; explored (p ");
		put_chance(b, c->propensity);
		buf_putc(b, ')');
	}
	if (c->stays)
		buf_puts(b, "; shown before");
	else if (c->place_blend != place)
		buf_printf(b, "; by score #%zu", c->place_blend);
}

/* put_reason - SOURCE #PLACE; because TITLE (share), ...; like TITLE (cosine); popular, top P %; rules. */
void put_reason(struct buf *b, size_t s, size_t i)
{
	const struct rerank_cand *c = &seat[s].list.cand[i];

	buf_put(b, c->source.p, c->source.len);
	buf_printf(b, " #%zu", c->place_in);
	tastes_put_why(b, s, i);
	stage_put_top(b, NULL, s, i);
	put_nearest(b, (struct str){ seat[s].user.p, seat[s].user.len }, c->item);
	if (o.model) {
		double top = pop_top_share(&side.pop, c->item);
		if (top <= 0.1)
			buf_printf(b, "; popular, top %d %%", top <= 0.01 ? 1 : (int)ceil(top * 100));
	}
	put_rules(b, c, i + 1);
}

/* ---- for programs ---- */

void put_escaped(struct buf *out, struct str id)
{
	static const char hex[] = "0123456789ABCDEF";
	struct buf b = { 0 };

	for (size_t i = 0; i < id.len; i++) {
		unsigned char ch = (unsigned char)id.p[i];
		if (ch && strchr("%|:,", ch)) {
			buf_putc(&b, '%');
			buf_putc(&b, hex[ch >> 4]);
			buf_putc(&b, hex[ch & 15]);
		} else {
			buf_putc(&b, (char)ch);
		}
	}
	tsv_put(out, b.p ? b.p : "", b.len);
	buf_release(&b);
}

static void put_text(struct buf *out, const char *key, struct str v)
{
	if (!v.len)
		return;
	buf_putc(out, '\t');
	buf_puts(out, key);
	tsv_put(out, v.p, v.len);
}

/* put_from - from=SOURCE:PLACE:SCORE, one for each source, parted by '|'. */
static void put_from(struct buf *out, const struct rerank *list, const struct rerank_cand *c)
{
	const char *sep = "\tfrom=";

	for (uint32_t at = c->has_stays_score ? 0 : c->last_from; at; at = list->from[at - 1].before) {
		const struct rerank_from *f = &list->from[at - 1];
		buf_puts(out, sep);
		put_escaped(out, list->source.str[f->source]);
		buf_printf(out, ":%u:", f->place);
		buf_put_f64(out, f->score);
		sep = "|";
	}
}

static void put_near(struct buf *out, struct str user, struct str item)
{
	float cosine;
	uint32_t nearest = nearest_to(item, user, &cosine);

	if (nearest == VOCAB_NONE)
		return;
	buf_puts(out, "\tnear=");
	put_escaped(out, side.seen.item.str[nearest]);
	buf_putc(out, ':');
	buf_put_f32(out, cosine);
}

/* put_names - rules=NAME,...: what it counts for, and what made it stand here. */
static void put_names(struct buf *out, const struct rerank_cand *c)
{
	const struct { bool is; const char *name; } more[] = { { c->was_due, "due" }, { c->was_spaced, "space" }, { c->was_drawn, "explored" }, { c->stays > 0, "shown" } };
	const char *sep = "\trules=";

	for (size_t q = 0; q < rules_opts()->n_quotas; q++)
		if (c->kinds >> q & 1) {
			buf_puts(out, sep);
			put_escaped(out, rules_name(q));
			sep = ",";
		}
	for (size_t i = 0; i < sizeof more / sizeof *more; i++)
		if (more[i].is) {
			buf_puts(out, sep);
			buf_puts(out, more[i].name);
			sep = ",";
		}
}

static void put_held(struct buf *out, const struct rerank_cand *c)
{
	const char *sep = "\theld=";

	for (int h = 0; h < HELD_COUNT; h++)
		if (c->held[h]) {
			buf_printf(out, "%s%s:%u", sep, rerank_held_name((enum rerank_held)h), (unsigned)c->held[h]);
			sep = ",";
		}
}

void put_columns(struct buf *out, size_t s, size_t i)
{
	const struct rerank *list = &seat[s].list;
	const struct rerank_cand *c = &list->cand[i];
	struct str user = { seat[s].user.p, seat[s].user.len };

	if (rules_explore()) {
		struct str before = rules_shown_p(user, c);
		buf_puts(out, "\tp=");
		if (before.len)
			tsv_put(out, before.p, before.len);
		else
			buf_put_f64(out, c->propensity);
	}
	put_text(out, "title=", item_column(c->row, ITEM_TITLE));
	put_text(out, "creator=", item_column(c->row, ITEM_CREATOR));
	put_text(out, "kind=", item_column(c->row, ITEM_KIND));
	if (!o.explains)
		return;
	put_from(out, list, c);
	buf_puts(out, "\tblend=");
	buf_put_f64(out, c->blend);
	buf_printf(out, "\tby_score=%zu", c->place_blend);
	size_t before = out->len;
	buf_puts(out, "\tbecause=");
	if (!tastes_put_because(out, s, i))
		out->len = before;
	before = out->len;
	buf_puts(out, "\tby=");
	stage_put_top(NULL, out, s, i);
	if (out->len == before + 4)
		out->len = before;
	put_near(out, user, c->item);
	if (c->near_to != VOCAB_NONE && c->near > 0) {
		buf_puts(out, "\talike=");
		put_escaped(out, list->cand[c->near_to].item);
		buf_putc(out, ':');
		buf_put_f64(out, c->near);
	}
	put_names(out, c);
	put_held(out, c);
}

/* ---- why not ---- */

/* put_passed - at how many places what put a lower one before it. */
static void put_passed(struct buf *b, const struct rerank_cand *c)
{
	static const char *const words[HELD_COUNT] = { "--per-creator", "--cap", "a floor", "--space", "--diversity", "--calibrate", "chance", "the list shown before" };
	const char *sep = "; passed over for ";

	for (int h = 0; h < HELD_COUNT; h++)
		if (c->held[h]) {
			buf_printf(b, "%s%s (%u place%s)", sep, words[h], (unsigned)c->held[h], c->held[h] == 1 ? "" : "s");
			sep = ", ";
		}
}

/* put_dropped - of one that is left by the hard rules: where it stood, and what stands in its stead. */
static void put_dropped(struct buf *b, const struct rerank *list, const struct rerank_cand *c)
{
	size_t n_left = 0;

	for (size_t i = 0; i < list->n; i++)
		n_left += list->cand[i].place_blend > 0;
	buf_printf(b, "#%zu of %zu by score", c->place_blend, n_left);
	if (c->drop == DROP_CREATOR) {
		buf_puts(b, "; there are enough of ");
		buf_put(b, c->creator.p, c->creator.len);
	} else if (c->drop == DROP_CAP) {
		buf_puts(b, "; there are enough of its kind");
	} else if (list->n_kept) {
		const struct rerank_cand *last = &list->cand[list->n_kept - 1];
		buf_puts(b, "; the last of the list is ");
		put_title(b, last->item);
		buf_puts(b, " with ");
		buf_put_f64(b, last->blend);
	}
	put_passed(b, c);
}

void put_why_not(struct buf *out, size_t s, struct str item)
{
	const struct rerank *list = &seat[s].list;
	const struct rerank_cand *c = NULL;
	struct buf text = { 0 };
	size_t i = 0;

	while (i < list->n && str_cmp(list->cand[i].item, item))
		i++;
	if (i < list->n)
		c = &list->cand[i];
	bool is_ranked = c && c->place_blend > 0;
	if (is_ranked)
		buf_put_f64(out, c->blend);
	if (!c)
		buf_puts(&text, "no source named it");
	else if (!c->drop)
		buf_printf(&text, "it is in the list, #%zu", i + 1);
	else if (c->drop == DROP_NEVER)
		buf_printf(&text, "--never %s", rules_never(c->row, c->item));
	else if (!is_ranked)
		buf_puts(&text, c->drop == DROP_ALLOW ? "it is not in --allow" : c->drop == DROP_DENY ? "it is in --deny" : "the user has it (--seen)");
	else
		put_dropped(&text, list, c);
	buf_putc(out, '\t');
	tsv_put(out, text.p, text.len);
	buf_printf(out, "\tstep=%s", !c ? "candidates" : c->drop ? rerank_drop_name(c->drop) : "kept");
	if (is_ranked) {
		buf_printf(out, "\tby_score=%zu", c->place_blend);
		put_held(out, c);
	}
	buf_release(&text);
}
