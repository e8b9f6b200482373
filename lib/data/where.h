/*
 * where - conditions on items: "kind=podcast|audiobook", "released>=2020", "seconds<600", "tags!=live", "bpm>120". Each is one text; an item is wanted when all of them hold.
 *
 *   NAME OP VALUE		no blanks between them: a name may not begin or end with one, nor a value begin with one but behind ~ and !~, where it is looked for
 *
 * NAME is a column of the items stream (item, which is the id, kind title creator group released seconds tags); any other is an extra of that name. It is what stands before
 * the first of the bytes = ! < > ~.
 * OP is one of
 *   =  !=		is, is not: byte for byte, but numbers of seconds and dates of released by what they mean
 *   ~  !~		contains, contains not: by bytes, where a-z and A-Z are the same
 *   <  <=  >  >=	of seconds and of extras: numbers; of released: dates. Other columns have no order.
 * VALUE is not empty. With = != ~ !~ it may be several with | between: = and ~ hold when one of them fits, != and !~ when none does. \| is a | of a value and \\ a
 * backslash; a backslash before anything else is one too. With < and its like it is taken as it stands.
 *
 * tags are parted by ';': = and ~ hold when one tag fits, != and !~ when none does.
 *
 * An item without the value, or seconds, an extra that is asked for its order or released that cannot be read, is in no order and is nothing: only != and !~ hold. != is
 * always the contrary of =, and !~ of ~; where there is a number or a date, one of < = > holds.
 *
 * Dates are YYYY, YYYY-MM, YYYY-MM-DD, or a date and time as scan_time reads it (UTC where it names no zone; a time is brought to UTC first). They are compared year by
 * year, then month by month, then day, then second, as far as the condition goes: released=2020 is any moment of 2020, released>2020 begins with 2021, released<=2020-05 ends
 * with May. Where the item says less than the condition asks, what it does not say comes before all there is: an item of 2020 is < 2020-01 and not = 2020-01.
 *
 * A condition is parsed once and then only read: any number of threads may ask. Cost: a look-up of the id, and of each extra's name.
 */
#ifndef TASTE_WHERE_H
#define TASTE_WHERE_H

#include "items.h"

enum where_op { WHERE_IS, WHERE_IS_NOT, WHERE_LESS, WHERE_AT_MOST, WHERE_MORE, WHERE_AT_LEAST, WHERE_HAS, WHERE_HAS_NOT };
enum where_type { WHERE_TEXT, WHERE_LIST, WHERE_NUMBER, WHERE_DATE };
enum { WHERE_ITEM = ITEM_COLUMNS, WHERE_EXTRA };

struct where_date { int32_t part[4]; int n; };	/* year, month, day, second of the day; the first n are there */

struct where_value {
	struct str text;		/* ~ and !~: lower case */
	double number;
	struct where_date date;
};

struct where {
	int column;			/* enum items_column, WHERE_ITEM or WHERE_EXTRA */
	struct str name;
	enum where_op op;
	enum where_type type;		/* how it compares */
	struct where_value *value;	/* [n] */
	size_t n;
	struct buf bytes;		/* the texts */
};

/* where_parse - 0, or ERR_USAGE with a sentence that names the byte (from 1) of the text where it went wrong; w needs no release then. */
int where_parse(struct where *w, const char *text, struct err *e);
/* where_holds - whether all n hold for an item. An item that is not in the catalogue has none, whatever is asked; with n = 0 every item of the catalogue is wanted. */
bool where_holds(const struct where *w, size_t n, const struct items *it, struct str id);
/* where_is_about - does any item have what it asks for? Where none has, a name is misspelt, most likely. Passes over the catalogue until one has. */
bool where_is_about(const struct where *w, const struct items *it);
/* where_is_met - does the condition hold for any item? Of one with = or ~ for which it does not, a value is misspelt, most likely. */
bool where_is_met(const struct where *w, const struct items *it);
void where_release(struct where *w);	/* zeroed is empty */

#endif
