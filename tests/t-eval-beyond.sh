# taste-eval, beyond accuracy: equal to the oracle, by hand on paper; differences between runs user by user.
. "$(dirname "$0")/lib.sh"

# differ OURS ORACLE : lines whose value differs by more than 1e-6, or that only one of them has
differ() {
	awk -F '\t' 'NR == FNR { v[$1 FS $2 FS $3] = $4; n++; next } FNR > 1 { k = $1 FS $2 FS $3; m++
		if (!(k in v) || (v[k] == "") != ($4 == "") || (v[k] - $4) ^ 2 > 1e-12) print k, v[k], $4 } END { if (n != m) print "rows", n, m }' "$2" "$1"
}
val() { awk -F '\t' -v m="$2" -v k="$3" '$1 == "ranked" && $2 == m && $3 == k { printf "%.6f %d", $4, $7 }' "$1"; }

# by hand: in train a has 3 users, b 2, c d 1 each of 7 pairs: a b c are the head (6 of 7 are the first 80 %), d is not
printf 'p\ta\nq\ta\nr\ta\np\tb\nq\tb\nr\tc\nu\td\n' > train
printf 'a\tmusic\t\tX\t\t\t\tjazz;slow\nb\tmusic\t\tX\t\t\t\tjazz\nc\tmusic\t\tY\t\t\t\trock;jazz;;jazz\nd\tpodcast\t\tZ\ne\tmusic\t\tW\t\t\t\trock\n' > items
printf 'u\ta\nv\te\nw\ta\n' > truth
printf 'u\ta\t9\nu\tb\t8\nu\tc\t7\nv\te\t9\nv\td\t8\n' > ranked
taste-eval --truth truth --train train --items items -k 2,3 --bootstrap 0 ranked > out
is "tail_share@2 by hand: (0 + 1) / 2, w is shown nothing and left out" "$(val out tail_share 2)" "0.500000 2"
is "user_coverage by hand: 2/3" "$(val out user_coverage 2)" "0.666667 3"
is "serendipity@2 by hand: e for v is not popular, a for u is: (0 + 1/2 + 0) / 3" "$(val out serendipity 2)" "0.166667 3"
is "diversity_creator@3 by hand: u 0 1 1, v 1" "$(val out diversity_creator 3)" "0.833333 2"
is "diversity_tags@3 by hand: u 1/2, 2/3, 1/2; v has no pair with tags" "$(val out diversity_tags 3)" "0.555556 1"
is "calibration_kind@2 by hand: only u has a history with a kind, and d is no music: log2(1 / .01)" "$(val out calibration_kind 2)" "$(awk 'BEGIN { printf "%.6f 1", log(100) / log(2) }')"
is "calibration_tags: nobody who is shown something has tags in train" "$(awk -F '\t' '$1 == "ranked" && $2 == "calibration_tags" && $3 == 2 { print "(" $4 ")", $7 }' out)" "() 0"
is "creator_gini@2 by hand: X 2, Y 0, Z 1, W 1" "$(val out creator_gini 2)" "0.375000 3"
is "--by names the columns" "$(taste-eval --truth truth --train train --items items --by group,tags -k 2 --bootstrap 0 ranked | awk -F '\t' '$2 ~ /_(kind|creator|tags|group|gini)/ { print $2 }' | sort -u | tr '\n' ' ')" "calibration_tags diversity_tags "
is "--head 1: nothing of train is tail" "$(taste-eval --truth truth --train train --head 1 -k 2 --bootstrap 0 ranked | awk -F '\t' '$1 == "ranked" && $2 == "tail_share" { print $4 }')" 0.25
printf 'a\t1\t0\nb\t0\t2\nc\t0\t0\ne\t3\t3\nd\t-1\t-1\na\t0\t1\n' > vecs
taste-eval --truth truth --train train --vectors vecs -k 3 --bootstrap 0 ranked > out
is "diversity by hand: u 1 (c is zero), v 2" "$(val out diversity 3)" "1.500000 2"
printf 'z\t1\n' > other
is "no vector of any item: no value" "$(taste-eval --truth truth --train train --vectors other -k 3 ranked | awk -F '\t' '$1 == "ranked" && $2 == "diversity" { print "(" $4 $5 $6 ")", $7 }')" "() 0"

# random worlds against the oracle
for seed in 1 2; do
	awk -v s=$seed 'BEGIN { srand(s); split("music podcast", kind); for (i = 0; i < 84; i++) {
			printf "i%d\t%s\t\t%s\t\t\t\t", i, kind[1 + (i % 5 == 0)], i % 7 ? "c" int(i / 3) : "" > "w.items"
			n = int(rand() * 4); for (t = 0; t < n; t++) printf "%st%d", t ? ";" : "", int(rand() * 6) > "w.items"; print "" > "w.items"
			if (i % 9) print "i" i "\t" rand() - .5 "\t" rand() - .5 "\t" rand() - .5 > "w.vecs" }
		for (u = 0; u < 60; u++) { split("", have)
		for (i = 0; i < 40; i++) { it = int(rand() * rand() * 80); if (it in have) continue; r = rand(); have[it]
			if (r < .5 && u % 10) print "u" u "\ti" it > "w.train"; else if (r < .7) print "u" u "\ti" it > "w.test"; else if (r < .95 && u % 13) print "u" u "\ti" it "\t" int(rand() * 5) > "w.ranked" }
		for (i = 80; i < 84 && u % 13; i++) print "u" u "\ti" i "\t" int(rand() * 5) > "w.ranked" } }'
	taste-eval --truth w.test --train w.train --items w.items --vectors w.vecs --allow-extra-users --name run -k 1,5,10,50 w.ranked > ours
	python3 "$SRC/tests/oracle-metrics.py" --items w.items --vectors w.vecs w.test w.train w.ranked 1 5 10 50 > oracle
	is "world $seed: equal to the oracle to 1e-6, run and popularity" "$(differ ours oracle)" ""
done
tac w.ranked > shuffled
taste-eval --truth w.test --train w.train --items w.items --vectors w.vecs --allow-extra-users --name run -k 1,5,10,50 shuffled > ours2
same "the order of lines does not matter" ours2 ours
for t in 1 7; do taste-eval -t $t --truth w.test --train w.train --items w.items --vectors w.vecs --against best --allow-extra-users w.ranked > t$t; done
same "seven threads say what one says" t1 t7
same "any CPU path says the same" <(taste-eval --cpu plain --truth w.test --train w.train --items w.items --vectors w.vecs --against best --allow-extra-users w.ranked) t1
is "the interval holds the value" "$(awk -F '\t' 'NR > 1 && $5 != "" && ($5 > $4 || $6 < $4)' ours | wc -l)" 0

# differences
awk -F '\t' 'NR == FNR { t[$1, $2]; next } { print $1 "\t" $2 "\t" $3 } END { for (k in t) { split(k, f, SUBSEP); if (f[1] ~ /[1-5]$/) print f[1] "\t" f[2] "\t9" } }' w.test w.ranked > oracle.ranked
awk -F '\t' '!($3 == 9 && $1 ~ /5$/)' oracle.ranked > noisy
E="--truth w.test --train w.train --allow-extra-users -k 5"
must_fail "--against somebody who is not there" 2 "taste-eval: --against: no run is called 'run'*" taste-eval $E --against run w.ranked
taste-eval $E --against a --name a --name b --name c --per-user pu w.ranked noisy oracle.ranked > d
is "the header names the columns" "$(head -1 d | tr '\t' ' ')" "model metric k value low high users against difference difference_low difference_high p"
is "the difference is the difference of the means" "$(awk -F '\t' 'NR > 1 && $2 != "tail_share" { v[$1, $2] = $4; if ($8 != "") d[$1, $2] = $9 } END { for (k in d) { split(k, f, SUBSEP); x = v[k] - v["a", f[2]] - d[k]; n++; if (x ^ 2 > 1e-20) print k } if (!n) print "none" }' d)" ""
is "the other columns are as without it" "$(cut -f1-7 d | cmp - <(taste-eval $E --name a --name b --name c w.ranked noisy oracle.ranked) && echo same)" same
is "a run has no difference to itself, nor what belongs to a whole run" "$(awk -F '\t' '$1 == "a" && $8 != "" || $2 == "gini" && $8 != ""' d | wc -l)" 0
is "who knows the truth of half the users is above: the interval excludes 0, and p is small" "$(awk -F '\t' '$1 == "c" && $2 == "ndcg" { print ($10 > 0), ($12 < 0.01) }' d)" "1 1"
is "two that agree on most users: the paired interval is narrower than the two apart" "$(taste-eval $E --against c --name a --name b --name c w.ranked noisy oracle.ranked | awk -F '\t' '$2 == "ndcg" && $1 == "c" { w = $6 - $5 } $2 == "ndcg" { v[$1] = $6 - $5; d[$1] = $11 - $10 } END { print (d["b"] > 0), (d["b"] < .7 * (v["b"] + v["c"])) }')" "1 1"
is "first is the first run" "$(taste-eval $E --against first --name a --name b --name c w.ranked noisy oracle.ranked | cmp - d && echo same)" same
taste-eval $E --against best --name a --name b --name c w.ranked noisy oracle.ranked > best
is "best: the best of the others, for each run" "$(awk -F '\t' '$2 == "ndcg" { v[$1] = $4; b[$1] = $8 } END { for (r in b) for (s in v) if (b[r] == r || s != r && v[s] > v[b[r]]) print r, s, b[r]; print b["a"], b["b"], b["pop"] }' best)" "c c c"
is "of an error the least is best" "$(taste-eval $E --items w.items --against best --name a --name c w.ranked oracle.ranked | awk -F '\t' '$2 ~ /^calibration_tags/ { v[$1] = $4; b[$1] = $8 } END { for (r in b) for (s in v) { n++; if (s != r && v[s] < v[b[r]]) print r, s, b[r] } if (!n) print "none" }')" ""
is "p by all sign flips, by hand: one user of one differs, 1 of 2 ways each" "$(printf 'u\ta\n' > ot; printf 'u\ta\t1\n' > or1; printf 'u\tb\t1\n' > or2; taste-eval --truth ot --no-train --against first -k 1 or1 or2 | awk -F '\t' '$1 == "or2" && $2 == "hr" { print $9, $12 }')" "-1 1"
like "--table has the differences" "$(taste-eval $E --table --against first --name a --name c w.ranked oracle.ranked)" "*model *metric *against *difference*
c * 5 ndcg * a * +0.*above*"
taste-eval $E --bootstrap 0 --against first --name a --name c w.ranked oracle.ranked > nb
is "--bootstrap 0: differences without intervals" "$(awk -F '\t' '$1 == "c" && $2 == "ndcg" { print ($9 > 0), "(" $10 $11 $12 ")" }' nb)" "1 ()"
printf 'u1\ti80\t1\n' > l1; printf 'u2\ti80\t1\n' > l2
is "--only-listed: over users who are listed in both" "$(taste-eval $E --only-listed --against first l1 l2 | awk -F '\t' '$1 == "l2" && $2 == "hr" { print $8, "(" $9 ")" }')" "l1 ()"

# options and bad input
must_fail "--by without a catalogue" 2 "taste-eval: --by needs --items*" taste-eval --by tags --truth truth --no-train ranked
must_fail "--by of nothing" 2 "taste-eval: --by: 'mood' is not kind, creator, group or tags*" taste-eval --by kind,mood --items items --truth truth --no-train ranked
must_fail "--by of one twice" 2 "taste-eval: --by: kind comes twice*" taste-eval --by kind,kind --items items --truth truth --no-train ranked
must_fail "vectors that are none" 4 "taste-eval: items:1: *" taste-eval --vectors items --truth truth --no-train ranked
must_fail "an option of a verb" 2 "taste-eval: --window is an option of rounds*" taste-eval --window 3 --truth truth --no-train ranked
: > none
ok "an empty catalogue" taste-eval --items none --truth truth --train train ranked
ok "no vectors" taste-eval --vectors none --truth truth --train train ranked
{ printf 'a\tmusic\t\tX\t\t\t\t'; awk 'BEGIN { for (i = 0; i < 300000; i++) printf "t%d;", i % 200000; print "" }'; } > many
ok "an item of 200000 tags" taste-eval --items many --truth truth --train train ranked
like "a catalogue of other items is told" "$(taste-eval --items <(printf 'nobody\tmusic\n') --truth truth --train train ranked 2>&1 > none)" "taste-eval: none of * items is in *: it says nothing of them"
done_testing
