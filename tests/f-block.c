/* Any bytes as a taste binary, mapped, lazy and piped: the three see the same blocks and end the same way; and as the steps of a file's making, which are taken over once. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mem-file.h"
#include "../lib/io/prov.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int walk(const uint8_t *p, size_t n, int how, enum blockr_flags flags, uint64_t *seen)
{
	struct err e = { 0 };
	struct block b;
	struct prov prov = { 0 };
	int fd, r;
	struct file *f = mem_file(p, n, how, &fd);
	struct blockr *reader = blockr_new(f, flags);

	while ((r = blockr_next(reader, &b, &e)) > 0) {
		*seen = *seen * 31 + (uint64_t)r + b.offset + b.n + b.records;
		for (size_t i = 0; r == BLOCK_BLOCK && i < b.n; i++)
			*seen = *seen * 31 + b.p[i];
		if (r == BLOCK_BLOCK && b.type == BLOCK_PROV)
			prov_merge(&prov, b.p, b.n, &(struct err){ 0 });
		if (r == BLOCK_BLOCK && block_verify(reader, &b, &e))
			break;
	}
	prov_release(&prov);
	blockr_free(reader);
	file_close(f);
	close(fd);
	return r < 0 || e.code ? ERR_DATA : 0;
}

static void steps(const uint8_t *p, size_t n)
{
	struct prov prov = { 0 };
	struct err e = { 0 };

	if (prov_merge(&prov, p, n, &e)) {
		assert(e.msg[0]);
	} else {
		size_t len = prov.text.len;
		assert(len <= n + 1);
		int r = prov_merge(&prov, p, n, &e);
		assert(!r && prov.text.len == len);
		prov_step(&prov, "taste-x", "1", "-k 3", "");
		assert(prov.text.len >= len && memmem(prov.text.p, prov.text.len, "taste-x\t1\t-k 3\t", 15));	/* a step that was there is not added again */
	}
	prov_release(&prov);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint64_t seen[3] = { 0 };

	if (n > 60000)
		return 0;
	steps(p, n);
	int whole = walk(p, n, AS_FILE, BLOCKR_MAP, &seen[0]);
	int lazy = walk(p, n, AS_FILE, BLOCKR_MAP | BLOCKR_LAZY, &seen[1]);
	int piped = walk(p, n, AS_PIPE, 0, &seen[2]);
	assert(whole == piped && seen[0] == seen[2]);
	assert(whole == lazy);
	struct err e = { 0 };
	uint64_t kept;
	int r = block_whole("f", p, n, &kept, &e);
	assert(r == (int)e.code && kept <= n);
	if (!whole && !r)		/* a file that is read to its end has no unfinished tail */
		assert(kept == n);
	seen[0] = 0;
	if (!r && kept)
		walk(p, kept, AS_FILE, BLOCKR_MAP, &seen[0]);
	return 0;
}
