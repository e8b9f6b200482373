#!/usr/bin/python3
"""
knn-peers.py build|search DIR SET METRIC INDEX - the peers of our vector index on a set of scripts/knn-data, run by scripts/bench-knn.

  build   makes the indices of all methods, each in a process of its own on THREADS (2) threads, as files in the folder INDEX, and says what time it took;
          but hnswlib searches those of hnswlib-native where there are such, and has no build_seconds then
  search  prints TSV, a row a method and a point of its sweep:
          set, metric, method, params, recall10, qps, index_bytes, rss_bytes, build_seconds

params are of the index but for their last word, which is swept; a sweep ends with the first point of recall 0.998, or of less than 0.0005 more than the one before. recall10 is the share of the
ten nearest that are among the ten found, the mean of all queries. qps is queries in a second of one thread's CPU time, which does not count what other processes take: the median of RUNS (5) runs
of all queries. index_bytes is the file's size, rss_bytes what the process grows by when it loads the file and searches, build_seconds wall seconds.

  hnswlib         python3-hnswlib, M 16 and 32, ef_construction 200; ef is swept. Debian's computes by SSE
  hnswlib-native  the same compiled for this machine, where DIR/hnswlib_native.so is (scripts/knn-hnswlib.cc)
  faiss-hnsw      python3-faiss, HNSW of vectors as they are, M 32, efConstruction 200; Debian's is compiled for any x86-64
  faiss-sq8       HNSW over 8 bits a component, the same
  faiss-ivfpq     inverted lists, about 4 sqrt(n), of 4-bit product codes for 2 components each, fast scan; k_factor times 10 are put in order by the vectors as they are

METHODS names those that are run; what cannot be imported is named and passed over. For cosine all are given vectors of length 1 and inner products.
"""
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median

env = os.environ
env["OPENBLAS_NUM_THREADS"] = threads = env.get("THREADS", "2")
env.setdefault("OMP_WAIT_POLICY", "passive")		# faiss: threads that wait for one that another process keeps from its CPU need not spin
import numpy as np

if len(sys.argv) != 6 or sys.argv[1] not in ("build", "search"):
    print("usage: knn-peers.py build|search DIR SET METRIC INDEX", file=sys.stderr)
    sys.exit(2)
what, folder, name, metric, indices = sys.argv[1:]
threads, runs = int(threads), int(env.get("RUNS", "5"))
EF = (10, 16, 24, 40, 64, 100, 160, 250, 400, 800)
PROBE = [(p, f) for f in (4, 16, 64) for p in (4, 8, 16, 32, 64, 128)]


def read(kind, dtype):
    path = "%s/%s.%s" % (folder, name, kind)
    n, d = np.fromfile(path, np.uint32, 2)
    a = np.fromfile(path, dtype, offset=8).reshape(n, d)
    return a / np.maximum(np.linalg.norm(a, axis=1, keepdims=True), 1e-30) if metric == "cosine" and dtype == np.float32 else a


def rss():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Hnswlib:
    sweep = [(ef,) for ef in EF]

    def __init__(self, module, M):
        self.module, self.M, self.params = module, M, "M=%d" % M

    def new(self, d):
        self.index = self.module.Index(space="l2" if metric == "l2" else "ip", dim=d)

    def build(self, base):
        self.new(base.shape[1])
        self.index.init_index(max_elements=len(base), M=self.M, ef_construction=200)
        self.index.add_items(base, num_threads=threads)

    def save(self, path):
        self.index.save_index(path)

    def load(self, path, d):
        self.new(d)
        self.index.load_index(path)

    def set(self, ef):
        self.index.set_ef(ef)
        return "ef=%d" % ef

    def search(self, query):
        return self.index.knn_query(query, k=10, num_threads=1)[0]


class Faiss:
    def __init__(self, faiss, form, M=None):
        self.faiss, self.form, self.M = faiss, form, M
        self.params, self.sweep = ("M=%d" % M, Hnswlib.sweep) if M else ("PQ4", PROBE)

    def build(self, base):
        self.faiss.omp_set_num_threads(threads)
        n, d = base.shape
        form = self.form % self.M if self.M else self.form % (2 ** round(np.log2(4 * n ** .5)), d // 2)
        self.index = self.faiss.index_factory(d, form, self.faiss.METRIC_L2 if metric == "l2" else self.faiss.METRIC_INNER_PRODUCT)
        if self.M:
            self.index.hnsw.efConstruction = 200
        self.index.train(base)
        self.index.add(base)

    def save(self, path):
        self.faiss.write_index(self.index, path)

    def load(self, path, d):
        self.faiss.omp_set_num_threads(1)
        self.index = self.faiss.read_index(path)
        self.lists = None if self.M else self.faiss.downcast_index(self.index.base_index)

    def set(self, ef, factor=None):
        if self.M:
            self.index.hnsw.efSearch = ef
            return "ef=%d" % ef
        self.lists.nprobe, self.index.k_factor = ef, factor
        return "nprobe=%d,k_factor=%d" % (ef, factor)

    def search(self, query):
        return self.index.search(query, 10)[1]


KNOWN = {
    "hnswlib-native": ("hnswlib_native", lambda module: [Hnswlib(module, M) for M in (16, 32)]),
    "hnswlib": ("hnswlib", lambda module: [Hnswlib(module, M) for M in (16, 32)]),
    "faiss-hnsw": ("faiss", lambda module: [Faiss(module, "HNSW%d,Flat", 32)]),
    "faiss-sq8": ("faiss", lambda module: [Faiss(module, "HNSW%d,SQ8", 32)]),
    "faiss-ivfpq": ("faiss", lambda module: [Faiss(module, "IVF%d,PQ%dx4fs,RFlat")]),
}


def methods():					# [(method, one of its indices, its file, whether the file is its own)]
    found, missing = {}, {}
    sys.path.append(folder)
    for method in env.get("METHODS", " ".join(KNOWN)).split():
        if method not in KNOWN:
            print("knn-peers: no method '%s'; there are %s" % (method, " ".join(KNOWN)), file=sys.stderr)
            sys.exit(2)
        module, make = KNOWN[method]
        try:
            found[method] = make(__import__(module))
        except ImportError:
            missing[module] = 1
    if missing and what == "build":
        print("peers: passed over, cannot be imported: %s" % " ".join(missing))
    built_by = {"hnswlib": "hnswlib-native"} if "hnswlib-native" in found else {}
    return [(method, m, "%s/%s%s" % (indices, built_by.get(method, method), m.params), method not in built_by) for method, of in found.items() for m in of]


def build(i):
    method, m, path, _ = peers[i]
    base = read("base.fbin", np.float32)
    start, cpu = time.monotonic(), time.process_time()
    m.build(base)
    seconds, cpu = time.monotonic() - start, time.process_time() - cpu
    print("%s:%s: %s %s built in %.1f s, of CPU %.1f" % (name, metric, method, m.params, seconds, cpu), flush=True)
    m.save(path)
    with open(path + ".seconds", "w") as f:
        f.write("%.2f" % seconds)


def search(i):
    _, m, path, _ = peers[i]
    query, rows, before = read("query.fbin", np.float32), [], rss()
    m.load(path, query.shape[1])
    grown, recall, gain, factor = 0, 0, 1, None
    for point in m.sweep:
        if point[1:] != factor:			# another one: its recall begins anew
            factor, recall, gain = point[1:], 0, 1
        if recall >= 0.998 or gain < 0.0005:
            continue
        params, seconds = m.set(*point), []
        if not grown:				# the first time everything is cold
            m.search(query)
            grown = rss() - before
        for _ in range(runs):
            start = time.process_time()
            found = m.search(query)
            seconds.append(time.process_time() - start)
        last, recall = recall, np.mean([len(np.intersect1d(f, t)) for f, t in zip(found, truth)]) / 10
        gain = recall - last
        rows.append((params, "%.5f" % recall, "%.1f" % (len(query) / median(seconds)), os.path.getsize(path), grown))
    return rows


def alone(f, i):				# in a process that is forked for it
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as one:
        return one.submit(f, i).result()


truth = None if what == "build" else read(metric + ".gt.ibin", np.uint32)[:, :10]
peers = methods()
for i, (method, m, path, own) in enumerate(peers):
    if what == "build":
        if own:
            alone(build, i)
        continue
    seconds = "-"
    if own:
        with open(path + ".seconds") as f:
            seconds = f.read()
    for params, *numbers in alone(search, i):
        print(name, metric, method, m.params + " " + params, *numbers, seconds, sep="\t", flush=True)
