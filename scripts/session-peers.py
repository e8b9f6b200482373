#!/usr/bin/python3
"""
session-peers.py train FIT OUT KEY=VALUE...          gensim's word2vec on the sessions of FIT, a line each: OUT.npz. Keys are those of gensim.models.Word2Vec
session-peers.py score FIT TEST NAME=MODEL:HOW:DECAY...   how well they foretell the sessions of TEST, lines of a prefix, TAB, and the item that follows

MODEL is OUT.npz, or the beginning of two file names: MODEL.bin, the vectors that taste-embed writes with --format w2v-bin, and MODEL.fold, what taste-view says of item.fold. HOW is in.out, or
in.in for cosines of input vectors; a session is the mean of its items' input vectors (in.in: of length 1), each counting DECAY times what the next one does.

score prints TSV: name, how, decay, recall@20, recall@10, mrr@20 and ndcg@20 of the next item over all prefixes, recall@20 of the rest of a session after its first half. All items are ranked, those that
the session has had as well; an item of TEST that FIT does not have is missed. Of equal scores half come first. Popularity is the first row.
"""
import os
import sys

os.environ["OPENBLAS_NUM_THREADS"] = os.environ.get("THREADS", "2")
import numpy as np


def sessions(path):
    return [line.split() for line in open(path)]


def train(fit, out, options):
    from gensim.models import Word2Vec
    number = {k: float(v) if "." in v or "e-" in v else int(v) for k, v in (o.split("=") for o in options)}
    model = Word2Vec(sessions(fit), hs=0, min_count=1, workers=int(os.environ.get("THREADS", "2")), seed=1, **number)
    np.savez(out, ids=np.array(model.wv.index_to_key), first=model.wv.vectors, second=model.syn1neg)


def load(model):
    if model.endswith(".npz"):
        z = np.load(model)
        return list(z["ids"]), z["first"], z["second"]
    with open(model + ".bin", "rb") as f:
        n, d = map(int, f.readline().split())
        ids, second = [], np.empty((n, d), np.float32)
        raw = f.read()
    at = 0
    for i in range(n):
        blank = raw.index(b" ", at)
        ids.append(raw[at:blank].decode())
        second[i] = np.frombuffer(raw, "<f4", d, blank + 1)
        at = blank + 2 + 4 * d
    first = np.loadtxt(model + ".fold", np.float32, delimiter="\t", usecols=range(1, d + 1), comments=None)
    return ids, first, second


def unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)


def fold(first, prefixes, decay):
    x = np.zeros((len(prefixes), first.shape[1]), np.float32)
    for row, p in enumerate(prefixes):
        if p:
            w = decay ** np.arange(len(p) - 1, -1, -1.0)
            x[row] = (w / w.sum()) @ first[p]
    return x


def score(x, y, wanted):
    """rank of each wanted item, from 0: a list for each row of x."""
    rank = []
    for at in range(0, len(x), 512):
        s = x[at:at + 512] @ y.T
        for row, items in zip(s, wanted[at:at + 512]):
            rank.append([1e9 if i is None else (row > row[i]).sum() + ((row == row[i]).sum() - 1) / 2 for i in items])
    return rank


def metrics(next_rank, rest_rank):
    r = np.array([x[0] for x in next_rank])
    rest = np.mean([sum(i < 20 for i in x) / min(20, len(x)) for x in rest_rank])
    gain = [np.mean(r < 20), np.mean(r < 10), np.mean(np.where(r < 20, 1 / (r + 1), 0)), np.mean(np.where(r < 20, 1 / np.log2(r + 2), 0)), rest]
    return "\t".join(f"{g:.4f}" for g in gain)


def test_of(path):
    """prefixes and what follows; first halves and the rest. The rows of a session stand together, the longest prefix first."""
    rows = [(a.split(), b.strip()) for a, b in (line.split("\t") for line in open(path))]
    halves, before = [], []
    for p, target in rows:
        if before[:len(p) + 1] != p + [target]:
            before = p + [target]
            n = (len(before) + 1) // 2
            halves.append((before[:n], list(dict.fromkeys(before[n:]))))
    return rows, halves


def row_of(name, how, decay, ids, first, second, rows, halves):
    number = {v: i for i, v in enumerate(ids)}
    x, y = (unit(first), unit(first)) if how == "in.in" else (first, second)
    y = np.ascontiguousarray(y)
    known = lambda s: [number[i] for i in s if i in number]
    ranks = [score(fold(x, [known(p) for p, _ in part], decay), y, [[number.get(i) for i in ([w] if isinstance(w, str) else w)] for _, w in part]) for part in (rows, halves)]
    print(f"{name}\t{how}\t{decay}\t{metrics(*ranks)}", flush=True)


def main():
    if len(sys.argv) > 3 and sys.argv[1] == "train":
        return train(sys.argv[2], sys.argv[3], sys.argv[4:])
    if len(sys.argv) < 4 or sys.argv[1] != "score":
        print("usage: session-peers.py train FIT OUT KEY=VALUE... | score FIT TEST NAME=MODEL:HOW:DECAY...", file=sys.stderr)
        sys.exit(2)
    rows, halves = test_of(sys.argv[3])
    count = {}
    for s in sessions(sys.argv[2]):
        for i in s:
            count[i] = count.get(i, 0) + 1
    print("name\thow\tdecay\trecall@20\trecall@10\tmrr@20\tndcg@20\trest recall@20")
    n = np.array(list(count.values()), np.float32)[:, None]
    row_of("popularity", "in.out", 1.0, list(count), np.ones_like(n), n, rows, halves)
    for spec in sys.argv[4:]:
        name, rest = spec.split("=", 1)
        model, how, decay = rest.rsplit(":", 2)
        row_of(name, how, float(decay), *load(model), rows, halves)


main()
