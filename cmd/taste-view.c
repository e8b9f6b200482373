/*
 * taste-view - what is in a taste file: its content as TSV, or with -i what it is and how it was made, or with -c whether it is whole and sound.
 * Streams; holds the dictionaries of an event log, a block of anything else, and of a model what is asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/cli/output.h"
#include "../lib/data/input.h"
#include "../lib/data/vecs.h"
#include "view.h"

struct view_options o = { .n = -1, .out = "-" };

static const struct opt opts[] = {
	{ 'b', "binary", OPT_FLAG, &o.is_binary, NULL, "write the content in binary", .flags = OPT_NO_PROV },
	{ 'c', "check", OPT_FLAG, &o.is_check, NULL, "check everything, print nothing" },
	{ 'i', "info", OPT_FLAG, &o.wants_info, NULL, "print kind, schema, sizes and provenance" },
	{ 'n', "records", OPT_INT, &o.n, "N", "only the first N records; -1: all", .min = -1, .max = 1e18 },
	{ 'o', "output", OPT_STR, &o.out, "FILE", "write there, whole or not at all", .flags = OPT_NO_PROV },
	{ 0, "as", OPT_STR, &o.as, "WHAT", "what text input holds: events, vectors, or a table's name (items, candidates, ranked, truth, features)", .names = "events|vectors|items|candidates|ranked|truth|features" },
	{ 0, "format", OPT_ENUM, &o.format, "NAME", "of vectors that are not taste binary; auto goes by magic and name, with --as vectors also by the first line", .names = VECS_FORMAT_NAMES },
	{ 0, "header-out", OPT_FLAG, &o.wants_header, NULL, "events: write a line of column names first", .flags = OPT_NO_PROV },
	{ 0, "repair", OPT_FLAG, &o.is_repair, NULL, "cut off an unfinished tail, in place" },
	{ 0, "tensor", OPT_STR, &o.tensor, "NAME", "of a model or an index: print this tensor, behind ids where it has them" },
	{ 0 },
};

struct tool tool = {
	.name = "taste-view",
	.about = "what is in a taste file: content as TSV; -i what it is and how it was made; -c is it sound?",
	.usage = "[options] [file...]",
	.opts = opts,
};

struct sink *out;
struct buf text, inputs;
struct prov prov;

void put_text(struct err *e)
{
	if (sink_write(out, text.p ? text.p : "", text.len, e))
		die_err(e);
	buf_reset(&text);
}

/* kind_of - what a file is, by a look at its first bytes that takes none of them: 0 for text, UINT32_MAX for what is no whole header; of a table also its schema.
 * *is_foreign: it is not ours, and vectors. Nothing is trusted: the readers check. */
static uint32_t kind_of(const char *path, struct buf *schema, bool *is_foreign, struct err *e)
{
	struct file *f = file_open(path, e);
	int is_binary = f ? block_sniff(f, e) : -1;
	const unsigned char *p;
	uint32_t kind = 0;
	uint64_t len;

	if (is_binary < 0)
		die_err(e);
	int64_t n = file_peek(f, 4096, &p, e);
	if (n < 0)
		die_err(e);
	int format = is_binary ? VECS_AUTO : o.format != VECS_AUTO ? o.format : o.as && strcmp(o.as, "vectors") ? VECS_AUTO : vecs_sniff(f, e);
	if (format < 0)
		die_err(e);
	*is_foreign = format != VECS_AUTO || (n && !is_binary && o.as && !strcmp(o.as, "vectors"));
	if (!is_binary && !*is_foreign && o.is_check)
		die(EXIT_DATA, n ? "%s: byte 0: not a taste file" : "%s is empty: not a taste file", file_name(f));
	if (is_binary && n >= BLOCK_HEAD)
		memcpy(&kind, p + 16, 4);
	if (kind == KIND_TABLE && n >= 2 * BLOCK_HEAD + 8 && !memcmp(p + 2 * BLOCK_HEAD, "schema\t", 7)) {
		memcpy(&len, p + BLOCK_HEAD + 8, 8);
		if (len >= 8 && len <= (uint64_t)n - 2 * BLOCK_HEAD)
			buf_put(schema, p + 2 * BLOCK_HEAD + 7, (size_t)len - 8);
	}
	file_unopen(f);
	return kind ? kind : is_binary ? UINT32_MAX : 0;
}

/* keep_model - what is shown of a model is no model: -o takes its place never. */
static void keep_model(const char *path)
{
	struct stat a, b;

	if (strcmp(o.out, "-") && strcmp(path, "-") && !stat(path, &a) && !stat(o.out, &b) && S_ISREG(a.st_mode) && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		usage_die("'%.60s' is read: it cannot be written over", o.out);
}

static void view(const char *path, struct err *e)
{
	struct buf schema = { 0 };
	bool is_foreign;
	uint32_t kind = kind_of(path, &schema, &is_foreign, e);

	if (o.tensor && kind != KIND_MODEL && kind != KIND_INDEX && kind != UINT32_MAX)
		die(EXIT_DATA, "%s holds %s: only models and indexes have tensors", file_shown(path), kind ? input_kind_name((enum block_kind)kind) : is_foreign ? "vectors" : "text");
	if (o.is_binary && (kind == KIND_MODEL || kind == KIND_INDEX))
		usage_die("-b is of events, tables and vectors: %s holds %s, whose one binary form is the file itself", file_shown(path), input_kind_name((enum block_kind)kind));
	if (kind == KIND_MODEL || kind == KIND_INDEX)
		keep_model(path);
	if (!kind && o.is_binary && !o.as && !is_foreign)
		usage_die("-b needs --as to know what a text holds");
	if (o.wants_info && kind)
		info_blocks(path, e);
	else if (o.wants_info && is_foreign)
		info_vectors(path, e);
	else if (o.wants_info)
		info_text(path, e);
	else if (kind == KIND_EVENTS || (!kind && o.as && !strcmp(o.as, "events")))
		view_events(path, e);
	else if (kind == KIND_VECTORS || is_foreign || (!kind && o.as && !strcmp(o.as, "vectors")))
		view_vectors(path, e);
	else if (kind == KIND_MODEL || kind == KIND_INDEX)
		view_model(path, (enum block_kind)kind, e);
	else if (!kind || kind == KIND_TABLE)
		view_table(path, schema.len ? schema.p : o.as ? o.as : "table", e);
	else {
		info_blocks(path, e);		/* damaged, most likely: which says where */
		die(EXIT_DATA, "%s holds %s", file_shown(path), input_kind_name((enum block_kind)kind));
	}
	buf_release(&schema);
}

/* ---- repair ---- */

static void repair_failed(const char *path)
{
	die(EXIT_SYS, "%s: %s", path, strerror(errno));
}

/* repair - the file is only ever made shorter; whoever writes to it holds a lock (taste-ingest). */
static void repair(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;
	uint64_t whole = 0;

	if (fd < 0)
		repair_failed(path);
	if (flock(fd, LOCK_EX | LOCK_NB))
		die(EXIT_SYS, "%s: it is being written", path);
	if (fstat(fd, &st))		/* behind the lock: nobody makes it longer now */
		repair_failed(path);
	if (!S_ISREG(st.st_mode))
		die(EXIT_DATA, "%s: only a file can be repaired", path);
	uint64_t n = (uint64_t)st.st_size;
	const unsigned char *p = n ? mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	if (n && p == MAP_FAILED)
		repair_failed(path);
	if (n && *p != 0x89)		/* of the magic */
		die(EXIT_DATA, "%s: this is no taste stream: of text nothing says whether its last line is whole", path);
	if (n && block_whole(path, p, n, &whole, e))
		die_err(e);
	if (whole < n && (ftruncate(fd, (off_t)whole) || fsync(fd)))
		repair_failed(path);
	if (whole < n)
		warn("%s: %llu bytes of an unfinished tail cut off, %llu kept", path, (unsigned long long)(n - whole), (unsigned long long)whole);
	else
		note("%s: whole", path);
	if (n)
		munmap((void *)(uintptr_t)p, n);
	close(fd);
}

static void check_options(void)
{
	if (o.is_check + o.wants_info + (o.tensor != NULL) + o.is_repair > 1)
		usage_die("-c, -i, --repair and --tensor exclude each other");
	if (o.is_repair && !tool.n_args)
		usage_die("--repair: which file?");
	if (o.is_check && o.n >= 0)
		usage_die("-c checks the whole: no -n");
	if (o.wants_info && (o.n >= 0 || o.wants_header || (o.as && strcmp(o.as, "vectors"))))
		usage_die("-i tells of the whole file: no -n, no --header-out, and --as vectors alone");
	if (o.is_repair && (o.n >= 0 || strcmp(o.out, "-")))
		usage_die("--repair works in place: no -o, no -n");
	if (o.is_binary && o.wants_header)
		usage_die("--header-out is of text: not with -b");
	if (o.is_binary && (o.is_check || o.is_repair || o.wants_info || o.tensor))
		usage_die("-b goes with content only");
	static const char *const known[] = { "events", "vectors", "items", "candidates", "ranked", "truth", "features" };
	bool is_known = !o.as;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		is_known |= o.as && !strcmp(o.as, known[i]);
	if (!is_known)
		usage_die("--as: '%s' is none of events, vectors, items, candidates, ranked, truth, features", o.as);
	if (o.format != VECS_AUTO && o.as && strcmp(o.as, "vectors"))
		usage_die("--format is of vectors, not of %s", o.as);
	if (o.is_binary && tool.n_args > 1)
		usage_die("-b takes one file; cat joins binary ones");
	tool.makes_other = o.wants_info || o.tensor;
	tool_reads_args(0);
}

int main(int argc, char **argv)
{
	struct err e = { 0 };

	tool_init(&tool, argc, argv);
	check_options();
	if (o.is_repair) {
		for (size_t i = 0; i < tool.n_args; i++)
			repair(tool.arg[i], &e);
		return tool_close(0);
	}
	out = tool_output(o.out, o.is_binary);
	for (size_t i = 0; i < tool.n_args; i++)
		view(tool.arg[i], &e);
	if (!tool.n_args)
		view("-", &e);
	tool_output_close(out);
	buf_release(&text);
	buf_release(&inputs);
	prov_release(&prov);
	return tool_close(0);
}
