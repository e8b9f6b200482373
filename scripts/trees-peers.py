#!/usr/bin/python3
"""
trees-peers.py - rows to rank, XGBoost on them, and one measure for whoever ranked them: scripts/bench-trees runs it.

  make DIR ROWS FEATURES      draw DIR/{train,test}.{tsv,npz,f32}: ROWS rows (train; a fifth of it test) in queries of 50 to 100, labels 0 to 4. A tenth of the features hold one value a query, some are
                              counts, one in ten is missing in a third of its rows; labels follow sums, products and steps of twenty of them, and noise
  libsvm DIR TRAIN QUERIES TEST QUERIES
                              the same files out of two LIBSVM files and their files of sizes; what a row does not name is missing
  xgboost DIR KEY=VALUE...    train with THREADS (2), print TSV: measure, value; write DIR/xgboost.score. trees=N, others as XGBoost calls them
  score DIR FILE...           ndcg@10 of test by scores, one a line: mean over queries that have a gain, discounts 1 / log2(place + 1), equal scores as they stand; gains 2^label - 1 and label

Needs numpy, and xgboost for what it is asked.
"""
import os
import sys
import time
from statistics import median

import numpy as np

threads = int(os.environ.get("THREADS", "2"))


def clock():
    return time.monotonic(), time.process_time()


def draw(rng, rows, features):
    sizes = []
    while sum(sizes) < rows:
        sizes.append(int(rng.integers(50, 101)))
    sizes[-1] -= sum(sizes) - rows
    start = np.concatenate([[0], np.cumsum(sizes)])
    of = np.repeat(np.arange(len(sizes)), sizes)
    x = rng.standard_normal((rows, features)).astype(np.float32)
    for f in range(features):
        kind = f % 10
        if kind == 0:
            x[:, f] = rng.standard_normal(len(sizes))[of]
        elif kind == 1:
            x[:, f] = np.exp(1.5 * x[:, f])
        elif kind == 2:
            x[:, f] = rng.poisson(np.exp(np.abs(x[:, f])))
    w = rng.standard_normal(20)
    use = [(7 * i + 3) % features for i in range(20)]
    squash = np.tanh(x[:, use] / 2)
    s = squash @ w * 0.5 + 1.5 * squash[:, 0] * squash[:, 1] + squash[:, 2] * (x[:, use[3]] > 0.3) - 1.2 * (x[:, use[4]] > 0.8) * squash[:, 5] + 0.8 * np.abs(squash[:, 6])
    s += x[:, 0] * squash[:, 7] + 1.5 * rng.standard_normal(rows)
    for f in range(5, features, 10):
        x[rng.random(rows) < 1 / 3, f] = np.nan
    label = np.digitize(s, np.quantile(s, [0.55, 0.78, 0.9, 0.97])).astype(np.float32)
    return np.round(x, 4), label, np.asarray(sizes)


def keep(path, x, label, sizes):
    np.savez(path + ".npz", label=label, sizes=sizes)
    x.astype("<f4").tofile(path + ".f32")
    q = np.repeat(np.arange(len(sizes)), sizes)
    with open(path + ".tsv", "w") as out:
        out.write("\t".join(["query", "user", "item", "label"] + ["f%d" % f for f in range(x.shape[1])]) + "\n")
        for i in range(len(x)):
            out.write("%d\tu%d\ti%d\t%g\t" % (q[i], q[i], i, label[i]) + "\t".join("" if v != v else "%.9g" % v for v in x[i].tolist()) + "\n")


def read_libsvm(path, sizes, features=None):
    rows = []
    for line in open(path):
        t = line.split()
        rows.append((float(t[0]), [(int(a), float(b)) for a, b in (p.split(":") for p in t[1:])]))
    features = features or 1 + max(i for _, r in rows for i, _ in r)
    x = np.full((len(rows), features), np.nan, np.float32)
    for k, (_, r) in enumerate(rows):
        for i, v in r:
            if i < features:
                x[k, i] = v
    return x, np.array([r[0] for r in rows], np.float32), np.loadtxt(sizes, dtype=int)


def load(path):
    z = np.load(path + ".npz")
    x = np.fromfile(path + ".f32", dtype="<f4").reshape(len(z["label"]), -1)
    return x, z["label"], z["sizes"]


def ndcg(label, sizes, score, k=10, linear=False):
    at, out = 0, []
    for n in sizes:
        y, s = label[at:at + n], score[at:at + n]
        at += n
        gain = y if linear else 2.0 ** y - 1
        place = 1 / np.log2(np.arange(2, min(n, k) + 2))
        ideal = (np.sort(gain)[::-1][:k] * place).sum()
        if ideal > 0:
            out.append((gain[np.argsort(-s, kind="stable")][:k] * place).sum() / ideal)
    return np.mean(out)


def xgboost(path, options):
    import xgboost as xgb
    o = dict(a.split("=", 1) for a in options)
    trees, repeats = int(o.pop("trees", "100")), int(o.pop("repeats", "5"))
    o = {"objective": "rank:ndcg", "tree_method": "hist", "grow_policy": "lossguide", "max_depth": 0, "max_leaves": 63, "max_bin": 256, "eta": 0.1, "nthread": threads, **o}
    x, label, sizes = load(path + "/train")
    d = xgb.DMatrix(x, label=label, nthread=threads)
    d.set_group(sizes)
    xgb.train(o, d, 1)		# bins are made
    t = clock()
    b = xgb.train(o, d, trees)
    u = clock()
    print("xgboost\tversion\t%s\nxgboost\tseconds a tree\t%.4f\nxgboost\tCPU seconds a tree\t%.4f" % (xgb.__version__, (u[0] - t[0]) / trees, (u[1] - t[1]) / trees))
    x, label, sizes = load(path + "/test")
    score = b.predict(xgb.DMatrix(x))
    np.savetxt(path + "/xgboost.score", score, fmt="%.9g")
    for n, name, times in (len(x), "all rows", repeats), (500, "500 rows", 50):
        some = np.ascontiguousarray(x[:n])
        wall, cpu = [], []
        b.set_param({"nthread": threads if n > 500 else 1})
        for _ in range(times):
            t = clock()
            b.inplace_predict(some)
            u = clock()
            wall.append(u[0] - t[0])
            cpu.append(u[1] - t[1])
        print("xgboost\tpredict %s, ms\t%.3f\nxgboost\tpredict %s, CPU ms\t%.3f" % (name, 1e3 * median(wall), name, 1e3 * median(cpu)))


def main(a):
    if len(a) == 4 and a[0] == "make":
        rng = np.random.default_rng(1)
        rows = int(a[2])
        x, label, sizes = draw(rng, rows + rows // 5, int(a[3]))
        end = np.concatenate([[0], np.cumsum(sizes)])
        q = int(np.searchsorted(end, rows))
        at = end[q]
        keep(a[1] + "/train", x[:at], label[:at], sizes[:q])
        keep(a[1] + "/test", x[at:], label[at:], sizes[q:])
    elif len(a) == 6 and a[0] == "libsvm":
        x, label, sizes = read_libsvm(a[2], a[3])
        keep(a[1] + "/train", x, label, sizes)
        keep(a[1] + "/test", *read_libsvm(a[4], a[5], x.shape[1]))
    elif len(a) >= 2 and a[0] == "xgboost":
        xgboost(a[1], a[2:])
    elif len(a) >= 3 and a[0] == "score":
        _, label, sizes = load(a[1] + "/test")
        for f in a[2:]:
            s = np.loadtxt(f)
            print("%s\t%.5f\t%.5f" % (os.path.basename(f), ndcg(label, sizes, s), ndcg(label, sizes, s, linear=True)))
    else:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    return 0


sys.exit(main(sys.argv[1:]))
