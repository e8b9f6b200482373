#!/bin/bash
# tests/world.sh OPTION... - a small valid file of every sort, in the current directory, out of the world that taste-synth makes with these OPTIONs. For the trials that go through all programs:
# every.sh, faults.sh, scripts/break. Programs are found in PATH.
#
#	log.tsv log.taste items.tsv		the log of those with ten events, and its catalogue
#	my.train.tsv my.valid.tsv my.test.tsv	the last tenth of each user, and the tenth before it, left out; what follows is learnt from the first
#	pop als ease graph softmax session seq blend .taste	a model of each kind
#	items.vecs items.vecs.tsv users.vecs users.tsv	the vectors of als, binary and as text
#	few.vecs few.ids			some of them
#	items.idx
#	seq.state				where seq stands with each user, of kind music
#	cand.tsv cand.taste popular.cand	20 candidates of als for each user, and of pop
#	ranked.tsv popular.tsv			lists of ten of them
#	past.taste rows.tsv trees.taste		features of the candidates of both at the requests of my.test.tsv, with what was heard then
#	both.tsv both.answers			the two lists interleaved, and how users answered
#	drawn.tsv drawn.answers			one of three, drawn with known chances

set -e
taste-synth -q "$@" --items items.tsv -o all.tsv
awk -F '\t' 'NR == FNR { n[$1]++; next } n[$1] > 9' all.tsv all.tsv > log.tsv
taste-ingest tsv -q -b -o log.taste log.tsv
taste-split ratio -q --valid 0.1 --test 0.1 -o my log.tsv
T="-q -t 1"
for kind in pop "als -d 4 -e 2" "ease --top 8" "graph --rank 4" "softmax -d 4 -e 1" "session -d 4 -e 1 --items items.tsv" "seq -d 4 -e 1 --heads 1 --layers 1 --length 8 --items items.tsv"; do
	taste-train $kind $T -o "${kind%% *}.taste" my.train.tsv
done
taste-train blend $T --part pop.taste --part als.taste --part ease.taste --weights 1,2,1 -o blend.taste
taste-embed $T -m als.taste --items all -b -o items.vecs
taste-embed $T -m als.taste --users all -b -o users.vecs
taste-view items.vecs > items.vecs.tsv
taste-view users.vecs > users.tsv
sed -n 1,20p items.vecs.tsv > few.vecs
cut -f1 few.vecs > few.ids
taste-embed $T -m seq.taste --kind music --state seq.state -o seq.vecs my.train.tsv
taste-knn build $T --degree 8 --entries 8 -o items.idx items.vecs
taste-score $T -m als.taste -k 20 -o cand.tsv my.train.tsv
taste-score $T -m pop.taste -k 20 -o popular.cand my.train.tsv
taste-view -b --as candidates -o cand.taste cand.tsv
taste-rank $T --items items.tsv -k 10 -o ranked.tsv cand.tsv
taste-rank $T -k 10 -o popular.tsv popular.cand
taste-rank past $T --events log.tsv --items items.tsv --vectors items.vecs -o past.taste
taste-rank features $T --events log.tsv --items items.tsv --vectors items.vecs --requests my.test.tsv --only-hits -o rows.tsv cand.tsv popular.cand
taste-train trees $T --trees 4 --leaves 5 --min-rows 2 -o trees.taste rows.tsv
taste-eval interleave $T -k 8 -o both.tsv ranked.tsv popular.tsv
taste-synth -q "$@" --answer both.tsv -o both.answers
awk -F '\t' 'BEGIN { srand(1) } { n = $1 == u ? n + 1 : 1; u = $1; item[n] = $2 } n == 3 { r = rand()
	print u "\t" item[r < .6 ? 1 : r < .8 ? 2 : 3] "\t1\tdrawn\tp=" (r < .6 ? .6 : .2) }' cand.tsv > drawn.tsv
taste-synth -q "$@" --answer drawn.tsv -o drawn.answers
