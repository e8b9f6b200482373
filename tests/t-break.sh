# Files of every kind with one field broken and all checksums right: a sentence and the right status, by every program that reads them. scripts/break tries more of them.
. "$(dirname "$0")/lib.sh"
N=4; can_limit_memory || N=1
# tried DIR OPTIONS... : what the mutants found
tried() { local dir=$1; shift; "$SRC/scripts/break" "$@" -o "$SCRATCH/$dir" "$B" > "$dir.table" 2> err; echo "$? $(tail -1 "$dir.table" | cut -d, -f2) $(cut -f1-6 "$SCRATCH/$dir/findings" | head -20)$(cat err)"; }
is "no mutant finds a program wanting" "$(tried out -n $N -s 5)" "0  0 findings "
ok "and mutants were tried, of each kind" test "$(sed -n 's/ runs,.*//p' out.table)" -gt 350 -a "$(awk '/^$/ { exit } NR > 1 && $2 > 0' out.table | wc -l)" -gt 40
ok "some are taken, some refused" test "$(awk 'NF > 6 { n += $4; t += $3 } END { print (n > 9 && t > 9) }' out.table)" = 1
is "nor do elements, shapes and ids that cannot be" "$(tried deep -n $((2 * N)) -s 1 -k 'past,trees,state,*.idx,graph,ease,seq' -g '(TNSR|ids) .*(element|row|all |one |twice|elements of|too)')" "0  0 findings "

# what a mutant is
b=$B/tests/break G=$SRC/tests/golden
for k in events vectors table model; do
	n=$("$b" --list "$G/v1-$k.taste" | tail -1 | cut -f1)
	is "$k: mutants are numbered" "$("$b" --list "$G/v1-$k.taste" | cut -f1 | cksum)" "$(seq 0 "$n" | cksum)"
	must_fail "$k: and there are no more" 4 "break: there is no mutant of that number" "$b" $((n + 1)) "$G/v1-$k.taste"
done
# number TITLE FILE : of the mutant with this title
number() { "$b" --list "$2" | grep -aF "$1" | head -1 | cut -f1; }
"$b" "$(number '2 VECT component 0: 0' "$G/v1-vectors.taste")" "$G/v1-vectors.taste" > m; ok "checksums are made right again" taste-view -c m
is "and the field is another" "$(taste-view m)" "$(printf 'a\t0\nbc\t-0.5')"
"$b" "$(number '2 VECT component 0: nan' "$G/v1-vectors.taste")" "$G/v1-vectors.taste" > m; must_fail "so that the reader's own check is tried" 4 "*vector 1 is not finite" taste-view -c m

# what mutants have shown: who is told
cd "$SCRATCH/out/world" || exit 99
# broken TITLE FILE : that mutant, as m
broken() { "$b" "$(number "$1" "$2")" "$2" > m; }
broken 'TNSR item.vec: element 1: nan' als.taste
must_fail "scores that are no numbers are told with their model" 4 "taste-score: m: a score is not finite" taste-score -q -m m my.train.tsv
must_fail "and of a list" 4 "taste-rank: m: a score is not finite" taste-rank -q --score m --seen my.train.tsv cand.tsv
must_fail "vectors that others cannot be turned onto, too" 4 "taste-train: m: vectors of nothing*" taste-train als -q -d 4 -e 1 --align m -o made my.train.tsv
broken 'TNSR item.vec: element 2: nan' graph.taste
must_fail "reasons that are none" 4 "taste-rank: m: a score is not finite" taste-rank -q --why m --seen my.train.tsv cand.tsv
broken 'TNSR item.gram: element 1: nan' als.taste
must_fail "equations that cannot be solved" 4 "taste-score: m: the equations of a user*" taste-score -q -m m my.train.tsv
must_fail "and of a user whose name is known" 4 "taste-embed: m: user '*': the equations*" taste-embed -q -m m last.tsv
broken 'TNSR item.vec: all are 1e+30' als.taste
must_fail "a model that cannot be gone on from" 4 "taste-train: going on from m: the equations*" taste-train als -q -d 4 -e 1 --init m -o made my.train.tsv
must_fail "nor brought up to date" 4 "taste-train: going on from m: the equations*" taste-train als -q --init m --update last.tsv -o made my.train.tsv
broken 'TNSR vectors: element 1: inf' l2.idx
must_fail "an index whose vectors are none" 4 "taste-knn: m: a vector is shorter*" taste-knn add -q -o made m users.vecs
broken "META kind: 'a\\tb\\n'" trees.taste
must_fail "what a file says it is stands in one line" 4 "taste-rank: m: a model of kind a?b? is not one of trees*" taste-rank predict -q -m m rows.tsv
broken "TNSR item.vec: is called 'a\\x0ab'" als.taste
must_fail "and so does a tensor's name" 4 "taste-view: m: *a tensor of a name, type or shape that cannot be*" taste-view m
broken 'leaf.value: all are 3.40282e+38' trees.taste
must_fail "trees whose scores run over" 4 "taste-rank: m: tree *: with it scores may be beyond the range of single precision" taste-rank predict -q -m m rows.tsv
broken 'all.tally: row 1, bytes 28 on: 0xff800000' past.taste
must_fail "a past with plays that are no number" 4 "taste-rank: m: damaged: plays that are no number" taste-rank features -q --past m cand.tsv
broken 'TNSR item.vec: all are inf' past.taste
must_fail "and with vectors that are not finite" 4 "taste-rank: m: damaged: vectors that are not finite" taste-rank features -q --past m cand.tsv
broken 'TNSR in.shift: element 1: 3.40282e+38' past.taste
is "numbers that run over are not known" "$(taste-rank features -q --past m --context hour=3,device=car cand.tsv | tee rows | grep -c inf) $(wc -l < rows)" "0 $(taste-rank features -q --past past.taste --context hour=3,device=car cand.tsv | wc -l)"
done_testing
