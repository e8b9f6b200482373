#!/usr/bin/env python3
"""Metrics from their definitions, independent of lib/eval: oracle-metrics.py [--items FILE] [--vectors FILE] TRUTH TRAIN RANKED K...

TRUTH and TRAIN are TSV (user, item, ...), RANKED is TSV (user, item, score, ...); --items an items stream, by kind, creator and tags, --vectors TSV (id, numbers). Prints model, metric, k, value as taste-eval does,
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


args = sys.argv[1:]
named = {}
while args[0].startswith("--"):
    named[args[0]] = args[1]
    args = args[2:]
truth_path, train_path, ranked_path = args[:3]
cuts = [int(k) for k in args[3:]]

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

labels = {"kind": {}, "creator": {}, "tags": {}}
if "--items" in named:
    catalogue = set()
    for f in pairs(named["--items"]):
        if f[0] in catalogue:
            continue
        catalogue.add(f[0])
        f += [b""] * (8 - len(f))
        labels["kind"][f[0]] = {f[1]} - {b""}
        labels["creator"][f[0]] = {f[3]} - {b""}
        labels["tags"][f[0]] = set(f[7].split(b";")) - {b""}
else:
    catalogue = set(users_of)
    for items in truth.values():
        catalogue |= items
vector = {}
if "--vectors" in named:
    for f in pairs(named["--vectors"]):
        v = [float(x) for x in f[1:]]
        if any(v):
            vector.setdefault(f[0], v)
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


head, plays, so_far = set(), sum(len(u) for u in users_of.values()), 0
for i in by_popularity:
    if so_far < 0.8 * plays:
        head.add(i)
        so_far += len(users_of[i])


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else None


def cosine(x, y):
    return sum(a * b for a, b in zip(x, y)) / math.sqrt(sum(a * a for a in x) * sum(b * b for b in y))


def mix(items, of):
    share = defaultdict(float)
    for i in items:
        for label in of.get(i, ()):
            share[label] += 1 / len(of[i])
    total = sum(share.values())
    return {label: s / total for label, s in share.items()}


def divergence(p, q):
    if not p or not q:
        return None
    return sum(s * math.log2(s / (0.99 * q.get(label, 0) + 0.01 * s)) for label, s in p.items())


def beyond(user, shown, wanted, k):
    """None: no value."""
    shown = shown[:k]
    apart = [(a, b) for n, a in enumerate(shown) for b in shown[:n]]
    values = {
        "user_coverage": float(bool(shown)),
        "tail_share": mean(i not in head for i in shown),
        "serendipity": sum(i in wanted and i not in pop[user][:k] for i in shown) / k,
    }
    if vector:
        values["diversity"] = mean(1 - cosine(vector[a], vector[b]) for a, b in apart if a in vector and b in vector)
    for column, of in labels.items():
        if any(of.values()):
            values["diversity_" + column] = mean(1 - len(of[a] & of[b]) / len(of[a] | of[b]) for a, b in apart if of.get(a) and of.get(b))
            values["calibration_" + column] = divergence(mix(train.get(user, ()), of), mix(shown, of))
    return values


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
        columns = defaultdict(list)
        for user, wanted in truth.items():
            for metric, value in beyond(user, shown_by.get(user, []), wanted, k).items():
                columns[metric].append(value)
        for metric, values in columns.items():
            value = mean(v for v in values if v is not None)
            print(name, metric, k, "" if value is None else repr(value), sep="\t")
        counts = dict.fromkeys(catalogue, 0)
        for user in truth:
            for i in shown_by.get(user, [])[:k]:
                if i in counts:
                    counts[i] += 1
        print(name, "coverage", k, repr(sum(c > 0 for c in counts.values()) / len(catalogue)), sep="\t")
        print(name, "gini", k, repr(gini(counts.values())), sep="\t")
        if any(labels["creator"].values()):
            exposed = {label: 0 for of in labels["creator"].values() for label in of}
            for user in truth:
                for i in shown_by.get(user, [])[:k]:
                    for label in labels["creator"].get(i, ()):
                        exposed[label] += 1
            print(name, "creator_gini", k, repr(gini(exposed.values())), sep="\t")
