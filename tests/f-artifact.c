/* Any bytes as a model: mapped and piped hold the same tensors and tables of ids, and every id and element can be looked at. */
#include "fuzz-stream.h"
#include "../lib/data/artifact.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int walk(const struct buf *b, enum mem_way way, uint64_t *seen)
{
	struct err e = { 0 };
	struct artifact *a = artifact_load(mem_path(b->p, b->len, way), KIND_MODEL, &e);
	bool is_bad = !a;

	for (size_t i = 0; a && i < artifact_n_meta(a); i++) {
		struct str k, v;
		double x;
		artifact_meta_at(a, i, &k, &v);
		*seen = fuzz_mix(fuzz_mix(*seen, k.p, k.len), v.p, v.len);
		artifact_meta_f64(a, k.p, &x, &(struct err){ 0 });
	}
	for (size_t i = 0; a && i < artifact_n_tensors(a); i++) {
		const char *name;
		enum dtype t;
		size_t ndim, len;
		const uint64_t *shape;
		const void *data;
		struct idtab ids;
		struct err e2 = { 0 };
		artifact_tensor_at(a, i, &name, &t, &ndim, &shape);
		uint64_t dim[3] = { shape[0], shape[1], shape[2] };
		if (artifact_tensor(a, name, t, ndim, dim, &data, &e2)) {
			is_bad = true;
			break;
		}
		*seen = fuzz_mix(*seen, data, dtype_size(t) * dim[0] * dim[1] * dim[2]);
		if ((len = strlen(name)) > 4 && !strcmp(name + len - 4, ".off")) {
			char prefix[32] = "";
			memcpy(prefix, name, len - 4);
			if (!artifact_idtab(a, prefix, &ids, &e2))
				for (size_t k = 0; k < ids.n; k++) {
					struct str s = idtab_id(&ids, k);
					*seen = fuzz_mix(*seen, s.p, s.len) + idtab_find(&ids, s.p, s.len) + idtab_find(&ids, "x", 1);
				}
		}
	}
	struct prov prov = { { 0 } };
	if (a)
		artifact_prov(a, &prov, NULL, &e);
	prov_release(&prov);
	artifact_free(a);
	return is_bad;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct fuzz_ways w = fuzz_both(KIND_MODEL, p, n, walk);

	assert(w.got == w.same && (w.got || w.mapped == w.piped));
	return 0;
}
