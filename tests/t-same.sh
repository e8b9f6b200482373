# The same bytes by every CPU path and any number of threads, of all that computes; and what never could be the same is refused: an old CPU, a big-endian one, a file from there. scripts/same goes further.
. "$(dirname "$0")/lib.sh"

# outputs DIR OPTIONS : those of same-outputs.sh, by programs with the options
outputs() {
	local p dir=$1; shift
	mkdir -p "$dir" "$dir.bin"
	for p in "$BIN"/taste-*; do printf '#!/bin/sh\nexec %s "$@" %s\n' "$p" "$*" > "$dir.bin/${p##*/}"; done
	chmod +x "$dir.bin"/*
	(cd "$dir" || exit; PATH=$SCRATCH/$dir.bin:$PATH; . "$SRC/tests/same-outputs.sh")
}
cpus=$(taste-view -V | sed -n 's/^cpu paths: *//p')
outputs auto --cpu auto
is "everything ends well and there is much of it" "$(grep -l '^exit' auto/*.said) $(($(find auto -type f | wc -l) > 200))" " 1"
t=1
for cpu in $cpus; do
	outputs $cpu --cpu $cpu -t $t
	is "--cpu $cpu -t $t makes the same of everything" "$(diff -rq auto $cpu)" ""
	t=$((t + 2))
done

# a file of a big-endian machine: its mark the other way round
cd auto || exit
turn() { cp "$1" turned; printf '\1\2\3\4' | dd of=turned bs=1 seek=8 conv=notrunc 2> none; }
refused() { local what=$1; shift; must_fail "$what of a big-endian machine: taste-$*" 4 "taste-$1: *turned: the stream at byte 0 was written by a big-endian machine*" "taste-$@"; }
turn world.taste
for c in "split loo -o x" "train pop" "score -m als.model" "embed -m als.model" "view -c" view "view -i" "synth --answer list.b -o x --after" "rank candidates" "rank past --events" "rank features --events" "rank --seen" \
	"eval --no-train list.b --truth"; do refused "a log" $c turned; done
turn als.model
for c in "score -m" "embed --items all -m" "train als --init" "train als --align" "train blend --weights 1,1 --part ease.model --part" "rank --seen r.train.tsv --score" "rank --seen r.train.tsv --why"; do refused "a model" $c turned; done
turn pop.model; refused "a model of popularity" rank list.b -m turned
turn trees.model; refused "trees" rank predict rows.tsv -m turned; refused "trees" rank --events t.train.tsv cand.als --trees turned
turn embed.als.items
for c in "knn build" "knn search" "rank features --events t.train.tsv --vectors" "rank --seen r.train.tsv --because" "eval --no-train --allow-extra-users --truth r.test.tsv list.b --vectors"; do refused "vectors" $c turned; done
turn ip.i8.idx; refused "an index" knn search turned; refused "an index" knn stats turned; refused "an index" knn add turned new.vecs; refused "an index" knn delete turned gone
turn list.b; refused "lists" rank turned; refused "lists" rank merge turned; refused "lists" knn merge turned list.b; refused "lists" eval --no-train --truth r.test.tsv turned; refused "lists" synth --answer turned -o x
turn rows.taste; refused "rows" train trees turned; refused "rows" rank predict -m trees.model turned
turn past.taste; refused "a past" rank features --past turned cand.als
turn state; refused "a state" embed -m seq.model --kind music --state turned t.train.tsv
turn seq.checkpoint; refused "a checkpoint" train seq --resume turned t.train.tsv
cd ..
tried=$(${CC:-cc} -std=c17 -fsyntax-only -U__BYTE_ORDER__ -D__BYTE_ORDER__=__ORDER_BIG_ENDIAN__ "$SRC/lib/base/err.h" 2>&1)
like "a compiler for a big-endian processor is refused" "$? $tried" "1 *taste needs a little-endian processor*"

# an old CPU: whatever is asked, also before main begins
if command -v qemu-x86_64-static > none && [ "$(uname -m)" = x86_64 ] && ! taste-view -V | grep -q fsanitize && ! are_scripts; then
	for p in "$BIN"/taste-*; do
		for a in --version --help ""; do
			said=$(qemu-x86_64-static -cpu Nehalem "$p" $a 2>&1 < /dev/null); is "${p##*/} $a on a CPU of 2008" "$? $(grep -v 'warning: TCG' <<< "$said")" "3 ${p##*/}: this CPU is too old: x86-64-v3 (AVX2, FMA, BMI; 2013 and later) is needed"
		done
	done
	for c in abm movbe f16c bmi2; do qemu-x86_64-static -cpu Haswell,-$c "$BIN/taste-view" -V > none 2>&1; is "nor will one do without $c" "$?" 3; done
	qemu-x86_64-static -cpu Haswell "$BIN/taste-view" -V > none 2>&1; is "one of 2013 will" "$?" 0
else
	skip "an old CPU is refused" "qemu-x86_64-static is not installed, this is no x86-64, the build is instrumented, or its programs are scripts"
fi
done_testing
