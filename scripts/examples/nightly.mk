# nightly.mk - every night from listening logs to lists: make -f nightly.mk [NAME=VALUE...] [TARGET]
#
# Reads EXPORTS, files of any source that taste-ingest knows, without blanks in their names, and writes into the current directory what follows from them, each file whole or not at all:
#   events.taste items.tsv   the log, and what its items are called      als.taste pop.taste    models
#   items.vecs users.vecs    vectors                                     *.cand                 candidates
#   quality.tsv better.ok    metrics, and a word that they are better    tonight.tsv            the lists: user, item, score, reason
# What is newer than what it is made of is not made again: where nothing came nothing is done, and a night that broke off goes on where it was. -j N is safe;
# programs use THREADS each. A model that is no better than popularity on what was held out ends the night with a word, and yesterday's lists stay.
#   help       this text            clean      all but tonight.tsv       all        tonight.tsv, the default
# At a quarter to four, from cron, one at a time. Programs are silent where there is no terminal, so that cron's mail is what went wrong:
#   MAILTO=you
#   45 3 * * * cd /srv/taste && flock -n .lock make -s -f nightly.mk -j2 || echo "taste: no lists tonight"
SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-builtin-rules
THREADS     ?= 0
SOURCE      ?= auto
EXPORTS     ?= $(sort $(wildcard exports/*))
DIM         ?= 64
K           ?= 20
METRIC      ?= ndcg
RULES       ?= --per-creator 2 --space creator=2

# Each recipe ends in one -o: what was there stays until what is new is whole.
t := -q -t $(THREADS)

all: tonight.tsv
help:
	@sed -n 's/^# \{0,1\}//p;/^SHELL/q' $(firstword $(MAKEFILE_LIST))
clean:
	rm -f events.taste items.tsv als.taste pop.taste items.vecs users.vecs als.cand more.cand held.*.taste held.als held.pop held.ranked.tsv quality.tsv better.ok

# The log, but for what a wrong clock dates tomorrow. To keep one that grows beyond its exports: taste-ingest --dedupe-against events.taste --catalogue items.tsv --items items.new ... >> events.taste
events.taste items.tsv &: $(EXPORTS)
	$(if $(EXPORTS),,echo "nightly.mk: no exports" >&2; exit 3)
	taste-ingest $(t) $(SOURCE) --sort time --dedupe --until "$$(date -d tomorrow +%s)" --items items.tsv -b -o events.taste $(foreach f,$^,'$f')

als.taste: events.taste
	taste-train als $(t) -d $(DIM) -o $@ $<
pop.taste: events.taste
	taste-train pop $(t) --half-life 30 --count events -o $@ $<
items.vecs users.vecs: %.vecs: als.taste
	taste-embed $(t) -m $< --$* all -b -o $@

# Candidates: what the model would like best for each listener, and what needs no model.
als.cand: items.vecs users.vecs events.taste
	taste-knn search $(t) -b -k 200 --source als --exclude events.taste -o $@ items.vecs users.vecs
more.cand: events.taste items.tsv
	taste-rank candidates $(t) -b -k 50 --source followed,new,rising --items items.tsv -o $@ events.taste

# The same model without the last tenth of the log, measured by it, with popularity beside it.
held.train.taste held.test.taste &: events.taste
	taste-split time $(t) --distinct --valid 0 --test 0.1 --known -b -o held $<
held.als: held.train.taste
	taste-train als $(t) -d $(DIM) -o $@ $<
held.ranked.tsv: held.als held.train.taste
	taste-score $(t) -m $< -k 50 -o $@ held.train.taste
quality.tsv: held.ranked.tsv held.train.taste held.test.taste
	taste-eval $(t) -k 20 --name als --allow-extra-users --only-listed --truth held.test.taste --train held.train.taste -o $@ $<
better.ok: quality.tsv
	awk -F '\t' '$$2 == "$(METRIC)" { v[$$1] = $$4 } END { if (!(v["als"] > v["pop"])) { \
		print "nightly.mk: $(METRIC) of als is " v["als"] ", of popularity " v["pop"] ": no new lists" > "/dev/stderr"; exit 1 } }' $<
	touch $@

# Scores of different sources do not compare: the model scores all candidates anew, and says which of the listener's own items speak for each.
tonight.tsv: als.cand more.cand items.tsv events.taste als.taste pop.taste better.ok
	taste-rank merge $(t) -b als.cand more.cand | \
		taste-rank $(t) --score als.taste --why als.taste --seen events.taste -m pop.taste --items items.tsv $(RULES) -k $(K) -o $@

.PHONY: all help clean
.PRECIOUS: tonight.tsv
.SUFFIXES:
