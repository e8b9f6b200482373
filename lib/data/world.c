#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "world.h"
#include "../base/mem.h"
#include "../base/rng.h"
#include "../base/sort.h"
#include "../num/fmath.h"

#define AFFINITY_SCALE 2.2
#define SEEK 0.6f		/* of the affinity, in choosing a creator */
#define SEEK_ITEM 1.0f		/* of affinity and appeal, in choosing among a creator's tracks, where there is context */
#define CONTEXT_ALL 0.258f	/* normal variates of a situation's directions: for all, and a listener's own. sqrt(3 (a^2 + b^2)) = 0.5 */
#define CONTEXT_OWN 0.129f
#define WEEKEND 1.3f		/* sessions a day, where 1 is the mean */
#define WEEKDAY 0.88f
#define ALBUM 0.4		/* of the music is heard in runs of an album, about, the rest of it by how well known a track is */
enum { GENRES = 12, TRIES = 16, ITEM_TRIES = 8, FAVOURITES = 12, SHOWS = 3, USERS_A_CHUNK = 128, DAY = 86400, NAME_TRIES = 30, SESSIONS_A_DAY = 32 };

/* Plays, skips and likes of a session, measured in worlds of one kind. */
static const double a_session[WORLD_KINDS] = { 9.0, 1.75, 1.7 };

/* ---- words ---- */

static const char *const adjective[] = { "Midnight", "Golden", "Silent", "Broken", "Paper", "Electric", "Hollow", "Distant", "Velvet", "Burning", "Crystal", "Wandering",
	"Frozen", "Scarlet", "Gentle", "Restless", "Copper", "Lonely", "Wild", "Faded", "Northern", "Secret", "Neon", "Quiet", "Salted", "Marble", "Little", "Amber",
	"Stolen", "Winter", "Rising", "Second", "Green", "Bitter", "Floating", "Honest", "Iron", "Tender", "Sunday", "Blue" };
static const char *const noun[] = { "Harbor", "River", "Orchard", "Lantern", "Mirror", "Engine", "Garden", "Window", "Highway", "Sparrow", "Canyon", "Signal", "Letter",
	"Ocean", "Shadow", "Mountain", "Carousel", "Meadow", "Beacon", "Station", "Thunder", "Island", "Feather", "Bridge", "Kingdom", "Ember", "Raven", "Clock", "Tide",
	"Satellite", "Ribbon", "Desert", "Anchor", "Chapel", "Horizon", "Pilot", "Fountain", "Machine", "Rain", "Heart" };
static const char *const people[] = { "Ana", "Bodo", "Cleo", "Dara", "Emil", "Farah", "Goran", "Hana", "Ivo", "Jana", "Kofi", "Lena", "Milo", "Nadia", "Otto", "Pia",
	"Quin", "Rosa", "Sami", "Tara", "Ugo", "Vera", "Wanda", "Xenia", "Yuri", "Zora", "Arlo", "Bela", "Chidi", "Dina", "Esra", "Finn", "Greta", "Hugo", "Ines", "Joon",
	"Kira", "Luca", "Mina", "Nilo" };
static const char *const family[] = { "Marlow", "Okafor", "Lind", "Castell", "Bright", "Novak", "Haddad", "Moreau", "Tanaka", "Silva", "Keller", "Rossi", "Dahl", "Petrov",
	"Quist", "Ibarra", "Vance", "Ward", "Yilmaz", "Zeman", "Abara", "Brandt", "Costa", "Duarte", "Engel", "Frost", "Gallo", "Holm", "Ivanov", "Jansen" };
static const char *const topic[] = { "Tides", "Bread", "Maps", "Sleep", "Volcanoes", "Money", "Bees", "Bridges", "Fermentation", "Silence", "Trains", "Memory", "Salt", "Robots",
	"Glaciers", "Chess", "Fonts", "Rivers", "Luck", "Orbits", "Lighthouses", "Coffee", "Fungi", "Deserts", "Laughter" };
static const char *const trade[] = { "Cartographer", "Clockmaker", "Lighthouse Keeper", "Beekeeper", "Botanist", "Glassblower", "Ferryman", "Astronomer", "Bookbinder", "Gardener",
	"Violin Maker", "Watchman", "Translator", "Pearl Diver", "Stonemason" };
static const char *const whose[] = { "Daughter", "Secret", "Winter", "Apprentice", "Map", "Garden", "Last Letter", "Silence", "Inheritance", "Dream" };
static const char *const genre_name[WORLD_KINDS][GENRES] = {
	{ "rock", "pop", "jazz", "electronic", "folk", "hiphop", "classical", "soul", "metal", "ambient", "country", "latin" },
	{ "science", "history", "comedy", "news", "truecrime", "business", "sports", "technology", "health", "arts", "food", "travel" },
	{ "mystery", "fantasy", "romance", "biography", "scifi", "thriller", "classics", "children", "selfhelp", "adventure", "poetry", "horror" } };
/* A word for each direction of taste: items that lie that way more than any other have it as second tag. */
static const char *const mood[2][2 * WORLD_DIM] = {
	{ "dreamy", "raw", "slow", "fast", "warm", "dark", "acoustic", "danceable", "loud", "mellow", "happy", "sad", "instrumental", "vocal", "live", "polished" },
	{ "calm", "lively", "short", "deep", "warm", "dark", "funny", "serious", "personal", "factual", "hopeful", "bleak", "plain", "poetic", "modern", "timeless" } };
static const char *const kind_name[WORLD_KINDS] = { "music", "podcast", "audiobook" };
#define PICK(list, r) (list)[pcg32_bounded((r), sizeof(list) / sizeof *(list))]

struct creator {
	float v[WORLD_DIM];
	uint32_t first, n;		/* items */
	uint8_t kind, genre;
	double weight;			/* popularity */
	char *name;
};

struct group { char *title; int32_t released; };	/* a year; of a show the day of its first episode */

struct item {
	float v[WORLD_DIM];
	float appeal, seconds;
	float share;			/* of its creator's plays, about */
	uint32_t creator, group, place;	/* place in the group, from 0 */
	char *title;
};

struct listener {
	float a[WORLD_DIM], b[WORLD_DIM];
	float activity;			/* sessions a day */
	uint8_t share[WORLD_KINDS];	/* of 256: kinds of session */
	uint32_t favourite[FAVOURITES], n_favourites;
	struct { uint32_t creator, next; float at; } show[SHOWS];	/* next episode; seconds of it heard */
	uint32_t n_shows;
	uint32_t book, chapter;		/* first item of the book at hand + 1, 0 none; next chapter */
	float at;			/* seconds of it heard */
	int64_t last;			/* end of the last event */
};

/* Walker's alias table: O(1) draws by weight (Vose 1991). */
struct alias { uint32_t n; float *p; uint32_t *other; };

struct chunk_out { struct world_event *ev; size_t n, cap; };

struct world {
	struct world_opts o;
	struct par *pool;
	float genre[WORLD_KINDS][GENRES][WORLD_DIM];
	struct creator *creator;
	size_t n_creators, first_creator[WORLD_KINDS + 1];
	struct group *group;
	size_t n_groups, cap_groups;
	int year;			/* of the first day */
	struct item *item;
	size_t n_items, first_item[WORLD_KINDS + 1];
	struct listener *user;
	struct vocab user_id, item_id;
	struct alias by_popularity[WORLD_KINDS];
	struct arena names;
	struct str context[2][SITUATIONS];	/* as text; with shuffle=1 */
	float direction[SITUATION_KEYS][SITUATION_VALUES][WORLD_DIM];
	double chance[WORLD_KINDS][SITUATIONS];
	double wander;			/* radians a day */
	size_t day;
	uint64_t written;
	struct chunk_out *chunk;
	size_t n_chunks;
	struct world_event *all, *ev[2], *pending;	/* a day's, as made; in order, this day's and the last's; behind midnight */
	size_t cap_all, n_ev, cap_ev[2], n_pending, cap_pending;
	uint64_t *key;
	uint32_t *at;
	size_t cap_key;
};

static float normal(struct pcg32 *r, float sd) { return sd * fm_normal(r); }

static float dot8(const float *x, const float *y)
{
	float s = 0;

	for (int i = 0; i < WORLD_DIM; i++)
		s = __builtin_fmaf(x[i], y[i], s);
	return s;
}

/* ---- making it ---- */

static void alias_make(struct alias *t, const struct creator *c, size_t n)
{
	double sum = 0, *p = mem_new(n + 1, sizeof *p);
	uint32_t *small = mem_new(n + 1, sizeof *small), *large = mem_new(n + 1, sizeof *large);
	size_t ns = 0, nl = 0;

	t->n = (uint32_t)n;
	t->p = mem_new(n + 1, sizeof *t->p);
	t->other = mem_new(n + 1, sizeof *t->other);
	for (size_t i = 0; i < n; i++)
		sum += c[i].weight;
	for (size_t i = 0; i < n; i++) {
		p[i] = c[i].weight * (double)n / sum;
		if (p[i] < 1)
			small[ns++] = (uint32_t)i;
		else
			large[nl++] = (uint32_t)i;
	}
	while (ns && nl) {
		uint32_t s = small[--ns], l = large[nl - 1];
		t->p[s] = (float)p[s];
		t->other[s] = l;
		p[l] -= 1 - p[s];
		if (p[l] < 1) {
			nl--;
			small[ns++] = l;
		}
	}
	while (nl)
		t->p[large[--nl]] = 1;
	while (ns)
		t->p[small[--ns]] = 1;
	mem_free(p);
	mem_free(small);
	mem_free(large);
}

static uint32_t alias_draw(const struct alias *t, struct pcg32 *r)
{
	uint32_t i = pcg32_bounded(r, t->n);

	return pcg32_f32(r) < t->p[i] ? i : t->other[i];
}

static char *keep(struct world *w, const struct buf *b)
{
	return arena_bytes(&w->names, b->p, b->len);
}

/* other_noun - than n. */
static const char *other_noun(const char *n, struct pcg32 *r)
{
	const char *m;

	do
		m = PICK(noun, r);
	while (m == n);
	return m;
}

/* name_creator - a name nobody else has: words at random, a numeral when luck runs out. */
static char *name_creator(struct world *w, enum world_kind k, struct pcg32 *r, struct vocab *taken)
{
	struct buf b = { 0 };

	for (int t = 0;; t++) {
		buf_reset(&b);
		if (k == WORLD_AUDIOBOOK || (k == WORLD_MUSIC && pcg32_bounded(r, 3) == 0)) {
			buf_printf(&b, "%s %s", PICK(people, r), PICK(family, r));
		} else if (k == WORLD_MUSIC) {
			const char *a = PICK(adjective, r), *n = PICK(noun, r);
			switch (pcg32_bounded(r, 3)) {
			case 0: buf_printf(&b, "The %s %s", a, n); break;
			case 1: buf_printf(&b, "%s %ss", a, n); break;
			default: buf_printf(&b, "%s & %s", n, other_noun(n, r));
			}
		} else {
			const char *a = PICK(adjective, r), *n = PICK(noun, r);
			switch (pcg32_bounded(r, 5)) {
			case 0: buf_printf(&b, "The %s Hour", PICK(topic, r)); break;
			case 1: buf_printf(&b, "Notes on %s", PICK(topic, r)); break;
			case 2: buf_printf(&b, "%s %s Radio", a, n); break;
			case 3: buf_printf(&b, "Tales of the %s %s", a, n); break;
			default: buf_printf(&b, "The %s %s Podcast", a, n);
			}
		}
		if (t >= NAME_TRIES)
			buf_printf(&b, " %d", t - NAME_TRIES + 2);
		size_t before = taken->n;
		if (vocab_add(taken, b.p, b.len) == before)
			break;
	}
	char *s = keep(w, &b);
	buf_release(&b);
	return s;
}

static char *name_item(struct world *w, const struct creator *c, const struct item *it, struct pcg32 *r)
{
	const char *n = PICK(noun, r);
	struct buf b = { 0 };

	switch (c->kind) {
	case WORLD_MUSIC:
		switch (pcg32_bounded(r, 4)) {
		case 0: buf_printf(&b, "%s %s", PICK(adjective, r), n); break;
		case 1: buf_printf(&b, "%s of %ss", n, other_noun(n, r)); break;
		case 2: buf_printf(&b, "The %s %s", PICK(adjective, r), n); break;
		default: buf_puts(&b, n);
		}
		break;
	case WORLD_PODCAST:
		buf_printf(&b, "%s #%u: ", c->name, it->place + 1);
		switch (pcg32_bounded(r, 3)) {
		case 0: buf_printf(&b, "On %s", PICK(topic, r)); break;
		case 1: buf_printf(&b, "%s on %s", PICK(people, r), PICK(topic, r)); break;
		default: buf_printf(&b, "%s and the %s", PICK(topic, r), n);
		}
		break;
	default:
		buf_printf(&b, "%s, chapter %u", w->group[it->group].title, it->place + 1);
	}
	char *s = keep(w, &b);
	buf_release(&b);
	return s;
}

/* make_group - an album, a show or a book by c, out before the first day: most not long before. Returns how many items it would like to have. */
static size_t make_group(struct world *w, const struct creator *c, struct pcg32 *r)
{
	float x = pcg32_f32(r);
	struct buf b = { 0 };
	size_t n;

	arr_reserve(w->group, w->n_groups + 1, w->cap_groups);
	struct group *g = &w->group[w->n_groups++];
	g->released = w->year - 1 - (int)(55 * x * x);
	switch (c->kind) {
	case WORLD_MUSIC:
		n = 8 + pcg32_bounded(r, 5);
		buf_printf(&b, "%s %s", PICK(adjective, r), PICK(noun, r));
		break;
	case WORLD_PODCAST:
		n = c->n;
		buf_puts(&b, c->name);
		g->released = (int32_t)(w->o.start / DAY - 7 * c->n) - (int)(1000 * x * x);
		break;
	default:
		n = 8 + pcg32_bounded(r, 13);
		buf_printf(&b, "The %s's %s", PICK(trade, r), PICK(whose, r));
	}
	g->title = keep(w, &b);
	buf_release(&b);
	return n;
}

/* make_creator - somebody of a kind with the next items: albums of 8 to 12 tracks, a show of 15 to 40 episodes, books of 8 to 20 chapters. */
static size_t make_creator(struct world *w, enum world_kind k, size_t first, size_t end, struct pcg32 *r, struct vocab *taken)
{
	struct creator *c = &w->creator[w->n_creators];
	size_t n = k == WORLD_MUSIC ? 8 + pcg32_bounded(r, 30) : k == WORLD_PODCAST ? 15 + pcg32_bounded(r, 26) : 8 + pcg32_bounded(r, 26), left = 0;
	uint32_t place = 0;

	if (n > end - first)
		n = end - first;
	*c = (struct creator){ .first = (uint32_t)first, .n = (uint32_t)n, .kind = (uint8_t)k, .genre = (uint8_t)pcg32_bounded(r, GENRES) };
	for (int i = 0; i < WORLD_DIM; i++)
		c->v[i] = w->genre[k][c->genre][i] + normal(r, 0.5f);
	c->name = name_creator(w, k, r, taken);
	for (size_t i = 0; i < n; i++) {
		struct item *it = &w->item[first + i];
		double known = (sqrt((double)i + 1) - sqrt((double)i)) / sqrt((double)n);
		if (!left) {
			left = make_group(w, c, r);
			place = 0;
		}
		*it = (struct item){ .creator = (uint32_t)w->n_creators, .group = (uint32_t)(w->n_groups - 1), .place = place, .appeal = normal(r, 0.6f) };
		it->share = (float)(k == WORLD_MUSIC ? ALBUM / (double)n + (1 - ALBUM) * known : 1 / (double)n);
		for (int d = 0; d < WORLD_DIM; d++)
			it->v[d] = c->v[d] + normal(r, 0.3f);
		it->seconds = k == WORLD_MUSIC ? 150.f + (float)pcg32_bounded(r, 150) : k == WORLD_PODCAST ? 1200.f + (float)pcg32_bounded(r, 3000) :
									      900.f + (float)pcg32_bounded(r, 1500);
		it->title = name_item(w, c, it, r);
		place++;
		left--;
	}
	w->n_creators++;
	return first + n;
}

static int make_catalogue(struct world *w, struct err *e)
{
	struct vocab taken = { 0 };
	struct buf id = { 0 };
	struct pcg32 r;
	size_t n = 0;

	for (int k = 0; k < WORLD_KINDS; k++)
		w->n_items += w->o.n_items[k];
	w->item = mem_try0(w->n_items, sizeof *w->item, "items of the world", e);
	w->creator = mem_try0(w->n_items + 1, sizeof *w->creator, "creators of the world", e);
	if (!w->item || !w->creator)
		return e->code;
	pcg32_seed(&r, w->o.seed, 1);
	for (int k = 0; k < WORLD_KINDS; k++)
		for (int g = 0; g < GENRES; g++)
			for (int d = 0; d < WORLD_DIM; d++)
				w->genre[k][g][d] = normal(&r, 1);
	for (int k = 0; k < WORLD_KINDS; k++) {
		size_t end = n + w->o.n_items[k];
		w->first_item[k] = n;
		w->first_creator[k] = w->n_creators;
		while (n < end)
			n = make_creator(w, (enum world_kind)k, n, end, &r, &taken);
		size_t nc = w->n_creators - w->first_creator[k];
		uint32_t *rank = mem_new(nc + 1, sizeof *rank);
		for (size_t i = 0; i < nc; i++)
			rank[i] = (uint32_t)i;
		rng_shuffle_u32(&r, rank, (uint32_t)nc);
		for (size_t i = 0; i < nc; i++)
			w->creator[w->first_creator[k] + i].weight = fm_pow((double)rank[i] + 2, -w->o.zipf);
		mem_free(rank);
		if (nc)
			alias_make(&w->by_popularity[k], w->creator + w->first_creator[k], nc);
		for (size_t i = w->first_item[k]; i < end; i++) {
			buf_reset(&id);
			buf_printf(&id, "%c%06zu", "mpb"[k], i - w->first_item[k] + 1);
			vocab_add(&w->item_id, id.p, id.len);
		}
	}
	w->first_item[WORLD_KINDS] = n;
	w->first_creator[WORLD_KINDS] = w->n_creators;
	buf_release(&id);
	vocab_release(&taken);
	return 0;
}

static int make_users(struct world *w, struct err *e)
{
	struct buf id = { 0 };
	double total = 0;	/* events a day if a listener had e^normal */

	w->user = mem_try0(w->o.n_users, sizeof *w->user, "listeners of the world", e);
	if (!w->user)
		return e->code;
	for (size_t u = 0; u < w->o.n_users; u++) {
		struct listener *l = &w->user[u];
		struct pcg32 r;
		size_t n = sizeof people / sizeof *people;
		l->last = w->o.start - 1;
		pcg32_seed(&r, w->o.seed, 1000 + u);
		buf_reset(&id);
		buf_puts(&id, people[u % n]);
		id.p[0] = (char)(id.p[0] | 32);
		if (u / n)
			buf_printf(&id, "%zu", u / n + 1);
		vocab_add(&w->user_id, id.p, id.len);
		for (int d = 0; d < WORLD_DIM; d++) {
			l->a[d] = normal(&r, 1);
			l->b[d] = normal(&r, 1);
		}
		l->activity = (float)fm_exp((double)normal(&r, 0.9f));
		/* most of all music; some like talk, some like to be read to */
		uint32_t talk = pcg32_bounded(&r, 3) ? 20 + pcg32_bounded(&r, 50) : 0, read = pcg32_bounded(&r, 4) ? 0 : 20 + pcg32_bounded(&r, 50);
		l->share[WORLD_PODCAST] = (uint8_t)(w->o.n_items[WORLD_PODCAST] ? talk : 0);
		l->share[WORLD_AUDIOBOOK] = (uint8_t)(w->o.n_items[WORLD_AUDIOBOOK] ? read : 0);
		l->share[WORLD_MUSIC] = (uint8_t)(w->o.n_items[WORLD_MUSIC] ? 255 - l->share[WORLD_PODCAST] - l->share[WORLD_AUDIOBOOK] : 0);
		for (int k = 0; k < WORLD_KINDS && !(l->share[0] | l->share[1] | l->share[2]); k++)	/* a world without music */
			l->share[k] = w->o.n_items[k] > 0;
		double events = 0, all = 0;	/* of a session */
		for (int k = 0; k < WORLD_KINDS; k++) {
			events += l->share[k] * a_session[k];
			all += l->share[k];
		}
		total += (double)l->activity * (all ? events / all : 1);
	}
	double scale = (double)w->o.n_events / (double)w->o.days / total;
	for (size_t u = 0; u < w->o.n_users; u++)
		w->user[u].activity = (float)((double)w->user[u].activity * scale);
	buf_release(&id);
	return 0;
}

/* make_directions - of the situations; those of a key add up to nothing over all sessions. */
static void make_directions(struct world *w)
{
	double share[WORLD_KINDS] = { 0 };
	struct pcg32 r;

	situation_chances(WEEKDAY, WEEKEND, w->chance);
	for (size_t u = 0; u < w->o.n_users; u++)
		for (int k = 0; k < WORLD_KINDS; k++)
			share[k] += (double)w->user[u].activity * w->user[u].share[k];
	double all = share[0] + share[1] + share[2];
	pcg32_seed(&r, w->o.seed, 2);
	for (int key = 0; key < SITUATION_KEYS; key++) {
		double mean[WORLD_DIM] = { 0 };
		for (int v = 0; v < SITUATION_VALUES; v++) {
			struct situation s = { { 0 } };
			double often = 0;
			s.v[key] = (uint8_t)(1 + v);
			for (int k = 0; k < WORLD_KINDS && all > 0; k++)
				often += share[k] / all * w->chance[k][situation_number(s)];
			for (int d = 0; d < WORLD_DIM; d++) {
				w->direction[key][v][d] = normal(&r, CONTEXT_ALL);
				mean[d] += often * (double)w->direction[key][v][d];
			}
		}
		for (int v = 0; v < SITUATION_VALUES; v++)
			for (int d = 0; d < WORLD_DIM; d++)
				w->direction[key][v][d] -= (float)mean[d];
	}
}

/* spell - every situation as text. */
static void spell(struct world *w)
{
	struct buf b = { 0 };
	const uint8_t n = SITUATION_VALUES + 1;

	for (int i = 0; i < SITUATIONS; i++) {
		struct situation s = { { (uint8_t)(i / n / n), (uint8_t)(i / n % n), (uint8_t)(i % n) } };
		buf_reset(&b);
		situation_put(s, &b);
		w->context[0][i] = (struct str){ keep(w, &b), b.len };
		buf_puts(&b, b.len ? ";shuffle=1" : "shuffle=1");
		w->context[1][i] = (struct str){ keep(w, &b), b.len };
	}
	buf_release(&b);
}

/* date_of - the day of the calendar that is so many days behind 1970-01-01. Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March,
 * so that the leap day is a year's last. */
static void date_of(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365, of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(y + era * 400 + (*month <= 2));
}

struct world *world_new(const struct world_opts *o, struct par *pool, struct err *e)
{
	struct world *w = mem_new(1, sizeof *w);

	w->o = *o;
	w->pool = pool;
	int month, day;
	date_of(o->start / DAY, &w->year, &month, &day);
	w->wander = o->drift * 3.14159265358979 / 2 / 365;
	w->n_chunks = (o->n_users + USERS_A_CHUNK - 1) / USERS_A_CHUNK;
	w->chunk = mem_new(w->n_chunks + 1, sizeof *w->chunk);
	spell(w);
	if (make_catalogue(w, e) || make_users(w, e)) {
		world_free(w);
		return NULL;
	}
	make_directions(w);
	return w;
}

void world_free(struct world *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n_chunks; i++)
		mem_free(w->chunk[i].ev);
	for (int k = 0; k < WORLD_KINDS; k++) {
		mem_free(w->by_popularity[k].p);
		mem_free(w->by_popularity[k].other);
	}
	mem_free(w->chunk);
	mem_free(w->creator);
	mem_free(w->item);
	mem_free(w->user);
	mem_free(w->group);
	mem_free(w->all);
	mem_free(w->ev[0]);
	mem_free(w->ev[1]);
	mem_free(w->pending);
	mem_free(w->key);
	mem_free(w->at);
	vocab_release(&w->user_id);
	vocab_release(&w->item_id);
	arena_release(&w->names);
	mem_free(w);
}

/* ---- a day of a listener ---- */

/* place_of - where a listener stands on a day; sin and cos by their series: the angle stays small. */
static void place_of(const struct world *w, const struct listener *l, double day, float p[WORLD_DIM])
{
	double x = w->wander * day, turns = floor(x / 6.283185307179586 + 0.5);
	x -= turns * 6.283185307179586;
	double x2 = x * x;
	double s = x * (1 - x2 / 6 * (1 - x2 / 20 * (1 - x2 / 42 * (1 - x2 / 72 * (1 - x2 / 110 * (1 - x2 / 156 * (1 - x2 / 210)))))));
	double c = 1 - x2 / 2 * (1 - x2 / 12 * (1 - x2 / 30 * (1 - x2 / 56 * (1 - x2 / 90 * (1 - x2 / 132 * (1 - x2 / 182 * (1 - x2 / 240)))))));

	for (int d = 0; d < WORLD_DIM; d++)
		p[d] = (float)((double)l->a[d] * c + (double)l->b[d] * s);
}

void world_move_to(const struct world *w, uint32_t user, struct situation at, float p[WORLD_DIM])
{
	for (int key = 0; key < SITUATION_KEYS && w->o.context > 0; key++) {
		struct pcg32 r;
		if (!at.v[key])
			continue;
		pcg32_seed(&r, w->o.seed + 0xd1b54a32d192ed03ULL * (uint64_t)(key * SITUATION_VALUES + at.v[key]), 2000000011ULL + user);
		for (int d = 0; d < WORLD_DIM; d++)
			p[d] += (float)w->o.context * (w->direction[key][at.v[key] - 1][d] + normal(&r, CONTEXT_OWN));
	}
}

static float affinity(const float *p, const float *v)
{
	return (float)(AFFINITY_SCALE / 2.8284271247461903) * dot8(p, v);
}

struct today {			/* what a listener's day needs */
	const struct world *w;
	struct listener *l;
	uint32_t user;
	float anywhere[WORLD_DIM], p[WORLD_DIM];	/* the listener's place, and as it is in this session */
	struct pcg32 r;
	struct chunk_out *out;
	struct situation at;
	bool is_shuffle;
	int64_t now;
};

static void put_event(struct today *t, uint32_t item, uint8_t what, float seconds, int64_t time)
{
	arr_reserve(t->out->ev, t->out->n + 1, t->out->cap);
	t->out->ev[t->out->n++] = (struct world_event){ .time = time, .user = t->user, .item = item, .seconds = seconds, .what = what, .at = t->at,
							.is_shuffle = t->is_shuffle };
}

enum heard { SKIPPED, STOPPED, HEARD };

/* play - an item from that second on: skipped, heard to its end, or, speech, stopped on the way. Perhaps liked. What was begun another day is not skipped. */
static enum heard play(struct today *t, uint32_t i, float from, float *seconds)
{
	const struct item *it = &t->w->item[i];
	float like = world_like(t->w, t->p, i), x = pcg32_f32(&t->r);
	enum heard h = from > 0 || x < like ? HEARD : SKIPPED;

	*seconds = it->seconds - from;
	if (h == SKIPPED) {
		*seconds = world_skip_after(it->seconds, like, pcg32_f32(&t->r));
	} else if (t->w->creator[it->creator].kind != WORLD_MUSIC && *seconds > 300 && pcg32_bounded(&t->r, 4) == 0) {
		h = STOPPED;
		*seconds = floorf(*seconds * (0.2f + 0.7f * pcg32_f32(&t->r)));
	}
	put_event(t, i, h == SKIPPED ? WORLD_SKIP : WORLD_PLAY, *seconds, t->now);
	t->now += (int64_t)*seconds + 1;
	if (h == HEARD && world_is_liked(like, pcg32_f32(&t->r)))
		put_event(t, i, WORLD_LIKE, 0, t->now - 1);
	t->now += 1 + pcg32_bounded(&t->r, 4);
	return h;
}

static bool play_track(struct today *t, uint32_t i)
{
	float seconds;

	return play(t, i, 0, &seconds) == HEARD;
}

/* find_creator - of some by popularity, one by taste: popularity * exp(SEEK * affinity) is what is drawn by, about. */
static uint32_t find_creator(struct today *t, enum world_kind k)
{
	const struct world *w = t->w;
	uint32_t first = (uint32_t)w->first_creator[k], chosen = 0;
	float sum = 0;

	if (w->o.noise > 0 && pcg32_f32(&t->r) < (float)w->o.noise)
		return first + pcg32_bounded(&t->r, w->by_popularity[k].n);
	for (int i = 0; i < TRIES; i++) {
		uint32_t c = first + alias_draw(&w->by_popularity[k], &t->r);
		float weight = fm_expf(SEEK * affinity(t->p, w->creator[c].v));
		sum += weight;
		if (pcg32_f32(&t->r) * sum < weight)
			chosen = c;
	}
	return chosen;
}

/* return_to - one of n creators that are liked, with regard to where one is. */
static uint32_t return_to(struct today *t, const uint32_t *creator, uint32_t n)
{
	uint32_t chosen = 0;
	float sum = 0;

	if (!(t->w->o.context > 0))
		return pcg32_bounded(&t->r, n);
	for (uint32_t i = 0; i < n; i++) {
		const float *v = t->w->creator[creator[i]].v;
		float weight = fm_expf(SEEK * (affinity(t->p, v) - affinity(t->anywhere, v)));
		sum += weight;
		if (pcg32_f32(&t->r) * sum < weight)
			chosen = i;
	}
	return chosen;
}

/* any_track, known_track - of a creator, from 0: each alike, or rather the first. */
static uint32_t any_track(struct pcg32 *r, const struct creator *c) { return pcg32_bounded(r, c->n); }
static uint32_t known_track(struct pcg32 *r, const struct creator *c)
{
	float x = pcg32_f32(r);

	return (uint32_t)((float)c->n * x * x * 0.9999f);
}

static float item_weight(const struct item *it, const float *p) { return fm_expf(SEEK_ITEM * (affinity(p, it->v) + it->appeal)); }

/* find_track - an item of c as draw draws it; where there is context, of some the one that is liked, as find_creator does. */
static uint32_t find_track(struct today *t, const struct creator *c, uint32_t (*draw)(struct pcg32 *r, const struct creator *c))
{
	uint32_t chosen = 0;
	float sum = 0;

	if (!(t->w->o.context > 0))
		return c->first + draw(&t->r, c);
	for (int i = 0; i < ITEM_TRIES; i++) {
		uint32_t at = c->first + draw(&t->r, c);
		float weight = item_weight(&t->w->item[at], t->p);
		sum += weight;
		if (pcg32_f32(&t->r) * sum < weight)
			chosen = at;
	}
	return chosen;
}

static void remember(struct listener *l, uint32_t creator, struct pcg32 *r)
{
	for (uint32_t i = 0; i < l->n_favourites; i++)
		if (l->favourite[i] == creator)
			return;
	if (l->n_favourites < FAVOURITES)
		l->favourite[l->n_favourites++] = creator;
	else
		l->favourite[pcg32_bounded(r, FAVOURITES)] = creator;
}

static void music_session(struct today *t)
{
	const struct world *w = t->w;
	int left = 3 + (int)pcg32_bounded(&t->r, 12);

	t->is_shuffle = pcg32_bounded(&t->r, 3) == 0;
	while (left > 0) {
		struct listener *l = t->l;
		uint32_t c = l->n_favourites && pcg32_bounded(&t->r, 5) < 2 ? l->favourite[return_to(t, l->favourite, l->n_favourites)] :
									      find_creator(t, WORLD_MUSIC);
		const struct creator *cr = &w->creator[c];
		int n_heard = 0, n_played = 0;
		if (!t->is_shuffle && pcg32_bounded(&t->r, 3) == 0) {	/* a run of an album, in order */
			uint32_t i = find_track(t, cr, any_track);
			i -= w->item[i].place < i - cr->first ? w->item[i].place : i - cr->first;
			for (int run = 2 + (int)pcg32_bounded(&t->r, 7); run > 0 && left > 0 && i < cr->first + cr->n; run--, left--, i++) {
				n_played++;
				n_heard += play_track(t, i);
				if (n_played >= 2 && !n_heard)
					break;
			}
		} else {			/* a few of the creator's best known */
			for (int run = t->is_shuffle ? 1 : 1 + (int)pcg32_bounded(&t->r, 3); run > 0 && left > 0; run--, left--) {
				n_played++;
				n_heard += play_track(t, find_track(t, cr, known_track));
			}
		}
		if (n_heard == n_played && pcg32_bounded(&t->r, 2))
			remember(l, c, &t->r);
	}
}

static uint32_t return_to_show(struct today *t)
{
	uint32_t creator[SHOWS];

	for (uint32_t s = 0; s < t->l->n_shows; s++)
		creator[s] = t->l->show[s].creator;
	return return_to(t, creator, t->l->n_shows);
}

static void podcast_session(struct today *t)
{
	struct listener *l = t->l;

	t->is_shuffle = 0;
	for (int left = 1 + (int)pcg32_bounded(&t->r, 3); left > 0; left--) {
		uint32_t s = l->n_shows && pcg32_bounded(&t->r, 5) ? return_to_show(t) : SHOWS;
		if (s == SHOWS) {	/* a show never heard, in the place of the one listened to least lately when there are enough */
			uint32_t c = find_creator(t, WORLD_PODCAST);
			for (s = 0; s < l->n_shows && l->show[s].creator != c;)
				s++;
			if (s == l->n_shows) {
				if (l->n_shows < SHOWS)
					l->n_shows++;
				else
					s = pcg32_bounded(&t->r, SHOWS);
				l->show[s].creator = c;
				l->show[s].next = pcg32_bounded(&t->r, t->w->creator[c].n);
				l->show[s].at = 0;
			}
		}
		const struct creator *c = &t->w->creator[l->show[s].creator];
		if (l->show[s].next >= c->n) {		/* all heard */
			l->show[s] = l->show[--l->n_shows];
			continue;
		}
		float seconds;
		enum heard h = play(t, c->first + l->show[s].next, l->show[s].at, &seconds);
		if (h == STOPPED) {		/* to be taken up where it was left */
			l->show[s].at += seconds;
			break;
		}
		l->show[s].next++;
		l->show[s].at = 0;
		if (h == SKIPPED && pcg32_bounded(&t->r, 2))
			l->show[s] = l->show[--l->n_shows];
	}
}

static void audiobook_session(struct today *t)
{
	const struct world *w = t->w;
	struct listener *l = t->l;

	t->is_shuffle = 0;
	for (int left = 1 + (int)pcg32_bounded(&t->r, 3); left > 0; left--) {
		if (!l->book) {
			const struct creator *c = &w->creator[find_creator(t, WORLD_AUDIOBOOK)];
			uint32_t i = c->first + pcg32_bounded(&t->r, c->n);
			l->book = i - w->item[i].place + 1;
			l->chapter = 0;
			l->at = 0;
		}
		uint32_t i = l->book - 1 + l->chapter;
		if (i >= w->first_item[WORLD_KINDS] || w->item[i].group != w->item[l->book - 1].group) {
			l->book = 0;		/* finished */
			continue;
		}
		float seconds;
		enum heard h = play(t, i, l->at, &seconds);
		if (h == HEARD) {
			l->chapter++;
			l->at = 0;
		} else if (h == STOPPED) {
			l->at += seconds;
			break;
		} else if (l->chapter < 2 || pcg32_bounded(&t->r, 2)) {
			l->book = 0;		/* not for me */
		} else {
			break;			/* not tonight */
		}
	}
}

struct session { int64_t time; int hour; enum world_kind kind; };

static bool is_weekend_at(int64_t midnight)
{
	int weekday = (int)(((midnight / DAY + 4) % 7 + 7) % 7);	/* day 0 was a Thursday */

	return weekday % 6 == 0;
}

static struct session draw_session(const struct listener *l, int64_t midnight, bool is_weekend, struct pcg32 *r)
{
	const uint8_t *share = l->share;
	uint32_t which = pcg32_bounded(r, (uint32_t)share[0] + share[1] + share[2]);
	struct session s = { .kind = which < share[0] ? WORLD_MUSIC : which < (uint32_t)share[0] + share[1] ? WORLD_PODCAST : WORLD_AUDIOBOOK };

	s.hour = situation_hour(r, s.kind, is_weekend);
	s.time = midnight + s.hour * 3600 + pcg32_bounded(r, 3600);
	return s;
}

uint64_t world_seed(const struct world *w, size_t later) { return w->o.seed + 0x9e3779b97f4a7c15ULL * (w->day + later + 1); }

static void live_day(const struct world *w, uint32_t u, struct chunk_out *out)
{
	struct today t = { .w = w, .l = &w->user[u], .user = u, .out = out };
	int64_t midnight = w->o.start + (int64_t)w->day * DAY;
	bool is_weekend = is_weekend_at(midnight);
	struct session session[SESSIONS_A_DAY];

	if (t.l->last >= midnight + DAY)	/* a session that never ends */
		return;
	pcg32_seed(&t.r, world_seed(w, 0), 1000000007ULL + u);
	/* how many sessions: a whole number and perhaps one more, so that the mean is the activity */
	float x = t.l->activity * (is_weekend ? WEEKEND : WEEKDAY) * 2 * pcg32_f32(&t.r);
	if (x > SESSIONS_A_DAY - 1)
		x = SESSIONS_A_DAY - 1;
	int n = (int)x + (pcg32_f32(&t.r) < x - floorf(x));
	if (n)
		place_of(w, t.l, (double)w->day, t.anywhere);
	for (int s = 0; s < n; s++) {
		struct session next = draw_session(t.l, midnight, is_weekend, &t.r);
		int at = s;
		for (; at && session[at - 1].time > next.time; at--)
			session[at] = session[at - 1];
		session[at] = next;
	}
	for (int s = 0; s < n; s++) {
		t.now = session[s].time;
		if (t.now <= t.l->last)		/* later than meant: the last one took long */
			t.now = t.l->last + 300 + pcg32_bounded(&t.r, 1800);
		if (t.now >= midnight + DAY)
			break;
		t.at = situation_draw(&t.r, session[s].hour, is_weekend, session[s].kind, !(w->o.context > 0));
		memcpy(t.p, t.anywhere, sizeof t.p);
		world_move_to(w, u, t.at, t.p);
		if (session[s].kind == WORLD_MUSIC)
			music_session(&t);
		else if (session[s].kind == WORLD_PODCAST)
			podcast_session(&t);
		else
			audiobook_session(&t);
		t.l->last = t.now;
	}
}

struct round { struct world *w; void (*meanwhile)(void *ctx); void *ctx; };

/* live_chunk - chunk 0 is what the caller does meanwhile, the others are listeners. */
static void live_chunk(void *ctx, size_t chunk, int worker)
{
	const struct round *r = ctx;
	struct world *w = r->w;

	(void)worker;
	if (!chunk--) {
		if (r->meanwhile)
			r->meanwhile(r->ctx);
		return;
	}
	size_t end = (chunk + 1) * USERS_A_CHUNK < w->o.n_users ? (chunk + 1) * USERS_A_CHUNK : w->o.n_users;

	w->chunk[chunk].n = 0;
	for (size_t u = chunk * USERS_A_CHUNK; u < end; u++)
		live_day(w, (uint32_t)u, &w->chunk[chunk]);
}

/* sort_day - all events at hand by time; of equal times by listener, as they stand. What lies behind midnight waits for its day. */
static int sort_day(struct world *w, int turn, struct err *e)
{
	size_t n = w->n_pending;

	for (size_t c = 0; c < w->n_chunks; c++)
		n += w->chunk[c].n;
	if (n > w->cap_key) {
		mem_free(w->key);
		mem_free(w->at);
		w->cap_key = n * 2;
		w->key = mem_new(w->cap_key, sizeof *w->key);
		w->at = mem_new(w->cap_key, sizeof *w->at);
	}
	arr_reserve(w->ev[turn], n, w->cap_ev[turn]);
	arr_reserve(w->all, n, w->cap_all);
	size_t k = w->n_pending;
	if (k)
		memcpy(w->all, w->pending, k * sizeof *w->all);
	for (size_t c = 0; c < w->n_chunks; c++) {
		if (w->chunk[c].n)
			memcpy(w->all + k, w->chunk[c].ev, w->chunk[c].n * sizeof *w->all);
		k += w->chunk[c].n;
	}
	for (size_t i = 0; i < n; i++) {
		w->key[i] = (uint64_t)w->all[i].time ^ 1ULL << 63;
		w->at[i] = (uint32_t)i;
	}
	int ret = sort_u64(w->key, w->at, n, e);
	if (ret)
		return ret;
	const uint64_t end = (uint64_t)(w->o.start + (int64_t)(w->day + 1) * DAY) ^ 1ULL << 63;
	for (w->n_ev = 0; w->n_ev < n && w->key[w->n_ev] < end; w->n_ev++)
		w->ev[turn][w->n_ev] = w->all[w->at[w->n_ev]];
	w->n_pending = n - w->n_ev;
	arr_reserve(w->pending, w->n_pending, w->cap_pending);
	for (size_t i = 0; i < w->n_pending; i++)
		w->pending[i] = w->all[w->at[w->n_ev + i]];
	return 0;
}

int world_next(struct world *w, void (*meanwhile)(void *ctx), void *ctx, const struct world_event **ev, size_t *n, struct err *e)
{
	struct round r = { w, meanwhile, ctx };
	int turn = *ev == w->ev[0];

	if (w->written == w->o.n_events || !w->o.n_users || !w->n_items) {
		live_chunk(&r, 0, 0);
		return 0;
	}
	do {
		par_for(w->pool, w->n_chunks + 1, live_chunk, &r);
		r.meanwhile = NULL;
		int ret = sort_day(w, turn, e);
		if (ret)
			return ret;
		w->day++;
	} while (!w->n_ev);
	*n = w->n_ev < w->o.n_events - w->written ? w->n_ev : (size_t)(w->o.n_events - w->written);
	*ev = w->ev[turn];
	w->written += *n;
	return 1;
}

const struct str world_what[] = { { "play", 4 }, { "skip", 4 }, { "like", 4 } };

void world_get(const struct world *w, const struct world_event *x, struct event *ev)
{
	*ev = (struct event){ .user = w->user_id.str[x->user], .item = w->item_id.str[x->item], .time = x->time, .kind = world_what[x->what],
			      .value = x->what == WORLD_LIKE ? VALUE_NONE : (double)x->seconds, .context = w->context[x->is_shuffle][situation_number(x->at)] };
}

size_t world_n_items(const struct world *w) { return w->n_items; }
const struct vocab *world_users(const struct world *w) { return &w->user_id; }
const struct vocab *world_items(const struct world *w) { return &w->item_id; }

void world_put_item(const struct world *w, size_t i, struct buf *b)
{
	const struct item *it = &w->item[i];
	const struct creator *c = &w->creator[it->creator];
	const struct group *g = &w->group[it->group];
	int top = 0, year, month, day;

	for (int d = 1; d < WORLD_DIM; d++)
		if (fabsf(it->v[d]) > fabsf(it->v[top]))
			top = d;
	buf_puts(b, w->item_id.str[i].p);
	buf_printf(b, "\t%s\t%s\t%s\t%s\t", kind_name[c->kind], it->title, c->name, g->title);
	if (c->kind == WORLD_PODCAST) {
		date_of((int64_t)g->released + 7 * (int64_t)it->place, &year, &month, &day);
		buf_printf(b, "%04d-%02d-%02d", year, month, day);
	} else {
		buf_put_i64(b, g->released);
	}
	buf_putc(b, '\t');
	buf_put_f32(b, it->seconds);
	buf_printf(b, "\t%s;%s", genre_name[c->kind][c->genre], mood[c->kind != WORLD_MUSIC][2 * top + (it->v[top] < 0)]);
}

/* ---- the truth ---- */

void world_place(const struct world *w, uint32_t user, size_t later, float p[WORLD_DIM])
{
	place_of(w, &w->user[user], (double)w->day + (double)later, p);
}

float world_like(const struct world *w, const float p[WORLD_DIM], uint32_t item)
{
	return fm_sigmoidf(affinity(p, w->item[item].v) + w->item[item].appeal);
}

int64_t world_midnight(const struct world *w, size_t later) { return w->o.start + (int64_t)(w->day + later) * DAY; }

int64_t world_session(const struct world *w, uint32_t user, size_t later, struct pcg32 *r, struct situation *at)
{
	int64_t midnight = world_midnight(w, later);
	bool is_weekend = is_weekend_at(midnight);
	struct session s = draw_session(&w->user[user], midnight, is_weekend, r);

	*at = situation_draw(r, s.hour, is_weekend, s.kind, !(w->o.context > 0));
	return s.time;
}

float world_seconds(const struct world *w, uint32_t item) { return w->item[item].seconds; }
const float *world_item_place(const struct world *w, uint32_t item) { return w->item[item].v; }
struct str world_context(const struct world *w, struct situation at) { return w->context[0][situation_number(at)]; }

double world_preference(const struct world *w, uint32_t user, uint32_t item, struct situation at)
{
	float p[WORLD_DIM];

	world_place(w, user, 0, p);
	world_move_to(w, user, at, p);
	return (double)world_like(w, p, item);
}

/* kind_shares - of a listener's plays; what could not be is as if nothing was known of it. */
static void kind_shares(const struct world *w, const struct listener *l, struct situation at, double out[WORLD_KINDS])
{
	double all = 0;

	for (int k = 0; k < WORLD_KINDS; k++)
		all += out[k] = a_session[k] * l->share[k] * (w->o.context > 0 ? w->chance[k][situation_number(at)] : 1);
	if (!(all > 0))
		for (int k = 0; k < WORLD_KINDS; k++)
			all += out[k] = a_session[k] * l->share[k];
	for (int k = 0; k < WORLD_KINDS; k++)
		out[k] /= all;
}

/* item_shares - share [n_items] for the items of c, which add up to sum. */
static void item_shares(const struct world *w, const struct creator *c, const float *p, double sum, double *share)
{
	bool is_weighed = w->o.context > 0 && c->kind == WORLD_MUSIC;
	double all = 0;

	for (size_t i = c->first; i < c->first + c->n; i++)
		all += share[i] = (double)w->item[i].share * (is_weighed ? (double)item_weight(&w->item[i], p) : 1);
	for (size_t i = c->first; i < c->first + c->n; i++)
		share[i] = is_weighed ? share[i] / all * sum : sum * share[i];
}

void world_shares(const struct world *w, uint32_t user, struct situation at, double *share)
{
	const struct listener *l = &w->user[user];
	double kind[WORLD_KINDS];
	float p[WORLD_DIM];

	place_of(w, l, (double)w->day, p);
	world_move_to(w, user, at, p);
	kind_shares(w, l, at, kind);
	for (int k = 0; k < WORLD_KINDS; k++) {
		size_t end = w->first_creator[k + 1], n = end - w->first_creator[k];
		double sum = 0;
		for (size_t j = w->first_creator[k]; j < end; j++) {
			const struct creator *c = &w->creator[j];
			share[c->first] = c->weight * (double)fm_expf(SEEK * affinity(p, c->v));
			sum += share[c->first];
		}
		for (size_t j = w->first_creator[k]; j < end; j++) {
			const struct creator *c = &w->creator[j];
			double drawn = (1 - w->o.noise) * share[c->first] / sum + w->o.noise / (double)n;
			item_shares(w, c, p, kind[k] * drawn, share);
		}
	}
}
