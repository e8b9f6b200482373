#include "world_words.h"

enum { WORDS_MOODS = 16 };

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
static const char *const genre_name[WORLD_KINDS][WORDS_GENRES] = {
	{ "rock", "pop", "jazz", "electronic", "folk", "hiphop", "classical", "soul", "metal", "ambient", "country", "latin" },
	{ "science", "history", "comedy", "news", "truecrime", "business", "sports", "technology", "health", "arts", "food", "travel" },
	{ "mystery", "fantasy", "romance", "biography", "scifi", "thriller", "classics", "children", "selfhelp", "adventure", "poetry", "horror" } };
/* A word for each direction of taste: items that lie that way more than any other have it as second tag. */
static const char *const mood[2][WORDS_MOODS] = {
	{ "dreamy", "raw", "slow", "fast", "warm", "dark", "acoustic", "danceable", "loud", "mellow", "happy", "sad", "instrumental", "vocal", "live", "polished" },
	{ "calm", "lively", "short", "deep", "warm", "dark", "funny", "serious", "personal", "factual", "hopeful", "bleak", "plain", "poetic", "modern", "timeless" } };
static const char *const kind_name[WORLD_KINDS] = { "music", "podcast", "audiobook" };
/* PICK - one of a list. Two of them in the arguments of one call come in the order that the compiler likes: the last word of a name is picked first, in a line of its own. */
#define PICK(list, r) (list)[pcg32_bounded((r), sizeof(list) / sizeof *(list))]

/* other_noun - than n. */
static const char *other_noun(const char *n, struct pcg32 *r)
{
	const char *m;

	do
		m = PICK(noun, r);
	while (m == n);
	return m;
}

void words_creator(enum world_kind k, struct pcg32 *r, struct buf *b)
{
	if (k == WORLD_AUDIOBOOK || (k == WORLD_MUSIC && pcg32_bounded(r, 3) == 0)) {
		const char *f = PICK(family, r), *a = PICK(people, r);
		buf_printf(b, "%s %s", a, f);
	} else if (k == WORLD_MUSIC) {
		const char *a = PICK(adjective, r), *n = PICK(noun, r);
		switch (pcg32_bounded(r, 3)) {
		case 0: buf_printf(b, "The %s %s", a, n); break;
		case 1: buf_printf(b, "%s %ss", a, n); break;
		default: buf_printf(b, "%s & %s", n, other_noun(n, r));
		}
	} else {
		const char *a = PICK(adjective, r), *n = PICK(noun, r);
		switch (pcg32_bounded(r, 5)) {
		case 0: buf_printf(b, "The %s Hour", PICK(topic, r)); break;
		case 1: buf_printf(b, "Notes on %s", PICK(topic, r)); break;
		case 2: buf_printf(b, "%s %s Radio", a, n); break;
		case 3: buf_printf(b, "Tales of the %s %s", a, n); break;
		default: buf_printf(b, "The %s %s Podcast", a, n);
		}
	}
}

void words_group(enum world_kind k, const char *creator, struct pcg32 *r, struct buf *b)
{
	const char *last;

	switch (k) {
	case WORLD_MUSIC:
		last = PICK(noun, r);
		buf_printf(b, "%s %s", PICK(adjective, r), last);
		break;
	case WORLD_PODCAST:
		buf_puts(b, creator);
		break;
	default:
		last = PICK(whose, r);
		buf_printf(b, "The %s's %s", PICK(trade, r), last);
	}
}

void words_item(enum world_kind k, const char *creator, const char *group, uint32_t place, struct pcg32 *r, struct buf *b)
{
	const char *n = PICK(noun, r);

	switch (k) {
	case WORLD_MUSIC:
		switch (pcg32_bounded(r, 4)) {
		case 0: buf_printf(b, "%s %s", PICK(adjective, r), n); break;
		case 1: buf_printf(b, "%s of %ss", n, other_noun(n, r)); break;
		case 2: buf_printf(b, "The %s %s", PICK(adjective, r), n); break;
		default: buf_puts(b, n);
		}
		break;
	case WORLD_PODCAST:
		buf_printf(b, "%s #%u: ", creator, place + 1);
		switch (pcg32_bounded(r, 3)) {
		case 0: buf_printf(b, "On %s", PICK(topic, r)); break;
		case 1: n = PICK(topic, r); buf_printf(b, "%s on %s", PICK(people, r), n); break;
		default: buf_printf(b, "%s and the %s", PICK(topic, r), n);
		}
		break;
	default:
		buf_printf(b, "%s, chapter %u", group, place + 1);
	}
}

void words_user(size_t u, struct buf *b)
{
	size_t n = sizeof people / sizeof *people, at = b->len;

	buf_puts(b, people[u % n]);
	b->p[at] = (char)(b->p[at] | 32);
	if (u / n)
		buf_printf(b, "%zu", u / n + 1);
}

const char *words_kind(enum world_kind k) { return kind_name[k]; }
const char *words_genre(enum world_kind k, int genre) { return genre_name[k][genre]; }
const char *words_mood(enum world_kind k, int direction, bool is_other_way) { return mood[k != WORLD_MUSIC][2 * direction + is_other_way]; }
