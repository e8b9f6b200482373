#!/usr/bin/env python3
"""Metrics from their definitions, independent of lib/eval: oracle-metrics.py TRUTH TRAIN RANKED K...

TRUTH and TRAIN are TSV (user, item, ...), RANKED is TSV (user, item, score, ...). Prints model, metric, k, value as taste-eval does,
for the run ("run") and the popularity row ("pop"). Written to be checked by reading, not to be fast.
"""
import math
import sys
from collections import defaultdict


def pairs(path):
    with open(path, "rb") as f:
        for line in f:
            fields = line.rstrip(b"\n").split(b"\t")
            yield fields


truth_path, train_path, ranked_path = sys.argv[1:4]
cuts = [int(k) for k in sys.argv[4:]]

truth = defaultdict(set)
for f in pairs(truth_path):
    truth[f[0]].add(f[1])
train = defaultdict(set)
users_of = defaultdict(set)
for f in pairs(train_path):
    train[f[0]].add(f[1])
    users_of[f[1]].add(f[0])
lists = defaultdict(list)
for f in pairs(ranked_path):
    lists[f[0]].append((-float(f[2]), f[1]))
run = {u: [i for _, i in sorted(l)] for u, l in lists.items()}

catalogue = set(users_of)
for items in truth.values():
    catalogue |= items
by_popularity = sorted(users_of, key=lambda i: (-len(users_of[i]), i))


def popular(user, n):
    seen = train.get(user, set())
    out = []
    for i in by_popularity:
        if i not in seen:
            out.append(i)
            if len(out) == n:
                break
    return out


pop = {u: popular(u, max(cuts)) for u in truth}


def user_metrics(shown, wanted, k):
    shown = shown[:k]
    hits = [i in wanted for i in shown]
    n_hits = sum(hits)
    best = min(k, len(wanted))
    dcg = sum(1 / math.log2(place + 1) for place, hit in enumerate(hits, 1) if hit)
    idcg = sum(1 / math.log2(place + 1) for place in range(1, best + 1))
    first = next((place for place, hit in enumerate(hits, 1) if hit), None)
    ap = sum(sum(hits[:place]) / place for place, hit in enumerate(hits, 1) if hit)
    novelty = [-math.log2((len(users_of.get(i, ())) + 1) / (len(train) + 1)) for i in shown]
    return {
        "recall": n_hits / len(wanted),
        "recall_min": n_hits / best,
        "precision": n_hits / k,
        "hr": float(n_hits > 0),
        "ndcg": dcg / idcg,
        "mrr": 1 / first if first else 0.0,
        "map": ap / best,
        "novelty": sum(novelty) / len(novelty) if novelty else 0.0,
    }


def gini(counts):
    """Half the relative mean absolute difference, the textbook form, from sorted counts."""
    x = sorted(counts)
    n, total = len(x), sum(x)
    if not total:
        return 0.0
    cumulative, area = 0, 0.0
    for value in x:  # the area under the Lorenz curve by trapezoids
        area += (2 * cumulative + value) / (2 * total * n)
        cumulative += value
    return 1 - 2 * area


for name, shown_by in (("run", run), ("pop", pop)):
    for k in cuts:
        sums = defaultdict(float)
        for user, wanted in truth.items():
            for metric, value in user_metrics(shown_by.get(user, []), wanted, k).items():
                sums[metric] += value
        for metric, value in sums.items():
            print(name, metric, k, repr(value / len(truth)), sep="\t")
        counts = dict.fromkeys(catalogue, 0)
        for user in truth:
            for i in shown_by.get(user, [])[:k]:
                if i in counts:
                    counts[i] += 1
        print(name, "coverage", k, repr(sum(c > 0 for c in counts.values()) / len(catalogue)), sep="\t")
        print(name, "gini", k, repr(gini(counts.values())), sep="\t")
