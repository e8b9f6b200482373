#!/usr/bin/python3
"""
seq-peers.py EVENTS - the network of `taste-train seq` written in PyTorch, for its speed alone: scripts/bench-seq runs it. EVENTS are TSV, plain or gzipped: user, item, and what follows is not
looked at; a user's events stand in their order.

Prints TSV, a row a loss: loss, tokens in a second, seconds a step, CPU seconds a step, tokens a step, version. Tokens are real ones, without padding; a step is reading a batch's events, forward,
backward and Adam. Medians of STEPS (5) after 2 that warm up, THREADS (2), float32. CPU seconds are of all threads: beside them, others' work on the machine shows in the seconds.

  full      cross entropy over all items
  sampled   over the target and NEGATIVES (256) items drawn by popularity, the same for the batch, each corrected by the log of its share; a negative that is the target is left out

What is learnt: vectors of items, D (64) components, in and out the same; LAYERS (2) times, before each a norm by the root of the mean square: causal attention of HEADS (2) with a bias for each
distance and head, and W2 (silu(W1 a) * (W3 a)) of HIDDEN (128); a norm; scores are cosines over TEMPERATURE (0.07). BATCH (128) listeners at a time, drawn without return, of each the last
LENGTH (200) events, padded behind to the longest; scores and losses are of the real places only.

Written as PyTorch is meant to be used, one call a matrix; nothing is compiled. BLAS is the system's: Debian's PyTorch takes what libblas.so.3 is, OpenBLAS where it is installed.
"""
import gzip
import os
import sys
import time
from statistics import median

env = os.environ
threads = env.get("THREADS", "2")
env.setdefault("OMP_WAIT_POLICY", "passive")		# threads that wait need not spin
env["OMP_NUM_THREADS"] = env["OPENBLAS_NUM_THREADS"] = env["MKL_NUM_THREADS"] = threads
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

if len(sys.argv) != 2:
    print("usage: seq-peers.py EVENTS", file=sys.stderr)
    sys.exit(2)


def number(name, default):
    return type(default)(env.get(name, default))


D, LAYERS, HEADS, HIDDEN = number("D", 64), number("LAYERS", 2), number("HEADS", 2), number("HIDDEN", 128)
BATCH, LENGTH, NEGATIVES, STEPS, TEMPERATURE = number("BATCH", 128), number("LENGTH", 200), number("NEGATIVES", 256), number("STEPS", 5), number("TEMPERATURE", 0.07)
torch.set_num_threads(int(threads))
torch.manual_seed(1)


def read(path):
    items, users = {}, {}
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="utf-8", errors="surrogateescape", newline="\n") as f:
        for line in f:
            user, item = line.rstrip("\r\n").split("\t")[:2]
            users.setdefault(user, []).append(items.setdefault(item, len(items)))
    return [np.array(u, np.int64) for u in users.values()], len(items)


class Norm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.g = nn.Parameter(torch.ones(d))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.g


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = Norm(D), Norm(D)
        self.qkv, self.out = nn.Linear(D, 3 * D, bias=False), nn.Linear(D, D, bias=False)
        self.up, self.down = nn.Linear(D, 2 * HIDDEN, bias=False), nn.Linear(HIDDEN, D, bias=False)
        self.pos = nn.Parameter(torch.zeros(HEADS, LENGTH))

    def forward(self, x, distance, later):
        b, n, _ = x.shape
        q, k, v = (y.view(b, n, HEADS, D // HEADS).transpose(1, 2) for y in self.qkv(self.norm1(x)).split(D, -1))
        bias = self.pos[:, distance].masked_fill(later, float("-inf"))
        s = torch.matmul(q * (D // HEADS) ** -0.5, k.transpose(2, 3)) + bias
        x = x + self.out(torch.matmul(torch.softmax(s, -1), v).transpose(1, 2).reshape(b, n, D))
        a, gate = self.up(self.norm2(x)).split(HIDDEN, -1)
        return x + self.down(F.silu(a) * gate)


class Net(nn.Module):
    def __init__(self, n_items):
        super().__init__()
        self.item = nn.Embedding(n_items, D)
        nn.init.normal_(self.item.weight, std=D ** -0.5)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = Norm(D)

    def forward(self, item):
        n = item.shape[1]
        place = torch.arange(n)
        distance = place[:, None] - place[None]
        x = self.item(item) * D ** 0.5
        for b in self.blocks:
            x = b(x, distance.clamp(min=0), distance < 0)
        return self.norm(x)

    def full(self, h, target, _):
        return F.cross_entropy(h @ F.normalize(self.item.weight, dim=-1).T / TEMPERATURE, target)

    def sampled(self, h, target, share):
        negative = torch.multinomial(share, NEGATIVES, replacement=True)
        log_share = torch.log(share)
        own = (h * F.normalize(self.item(target), dim=-1)).sum(-1) / TEMPERATURE - log_share[target]
        others = h @ F.normalize(self.item(negative), dim=-1).T / TEMPERATURE - log_share[negative]
        others = others.masked_fill(negative[None] == target[:, None], float("-inf"))
        return F.cross_entropy(torch.cat([own[:, None], others], 1), torch.zeros(len(own), dtype=torch.long))


def batch(log, at):
    rows = [torch.from_numpy(log[u][-LENGTH - 1:]) for u in at]
    given = nn.utils.rnn.pad_sequence([r[:-1] for r in rows], batch_first=True)
    target = nn.utils.rnn.pad_sequence([r[1:] for r in rows], batch_first=True, padding_value=-1)
    return given, target, target >= 0


def measure(log, n_items, loss):
    share = torch.from_numpy(np.bincount(np.concatenate(log), minlength=n_items).astype(np.float32))
    share /= share.sum()
    net = Net(n_items)
    adam = torch.optim.Adam(net.parameters(), 1e-3)
    rng = np.random.default_rng(1)
    seconds, cpu, tokens, order = [], [], [], rng.permutation(len(log))
    for i in range(2 + STEPS):
        if len(order) < min(BATCH, len(log)):
            order = rng.permutation(len(log))
        at, order = order[:BATCH], order[BATCH:]
        start, cpu_start = time.perf_counter(), time.process_time()
        given, target, is_real = batch(log, at)
        h = F.normalize(net(given)[is_real], dim=-1)
        adam.zero_grad(set_to_none=True)
        getattr(net, loss)(h, target[is_real], share).backward()
        adam.step()
        seconds.append(time.perf_counter() - start)
        cpu.append(time.process_time() - cpu_start)
        tokens.append(int(is_real.sum()))
    rate = median(t / s for t, s in zip(tokens[2:], seconds[2:]))
    print("%s\t%.0f\t%.3f\t%.3f\t%.0f\ttorch %s" % (loss, rate, median(seconds[2:]), median(cpu[2:]), median(tokens[2:]), torch.__version__), flush=True)


log, n_items = read(sys.argv[1])
log = [u for u in log if len(u) > 1]
if not log:
    sys.exit("seq-peers.py: %s: no user has two events" % sys.argv[1])
for loss in ("full", "sampled"):
    measure(log, n_items, loss)
