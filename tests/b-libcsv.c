/* b-libcsv - how fast libcsv parses by itself: fields and rows of standard input are counted and nothing is kept. For scripts/bench-ingest; without input it has nothing to say. */
#include <stdio.h>
#include <unistd.h>

#include <csv.h>

static unsigned long fields, rows;

static void on_field(void *p, size_t n, void *ctx) { (void)p, (void)n, (void)ctx, fields++; }
static void on_row(int c, void *ctx) { (void)c, (void)ctx, rows++; }

int main(void)
{
	static char b[65536];
	struct csv_parser p;
	size_t n;

	if (isatty(STDIN_FILENO) || csv_init(&p, CSV_STRICT | CSV_STRICT_FINI))
		return 0;
	while ((n = fread(b, 1, sizeof b, stdin)))
		if (csv_parse(&p, b, n, on_field, on_row, NULL) != n)
			return 4;
	csv_fini(&p, on_field, on_row, NULL);
	csv_free(&p);
	if (rows)
		printf("%lu rows, %lu fields\n", rows, fields);
	return 0;
}
