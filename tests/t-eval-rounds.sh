# taste-eval rounds: by hand on paper, by awk from the definitions, and a verdict that a script can ask for.
. "$(dirname "$0")/lib.sh"

# col FILE NAME ROUND : what stands there
col() { awk -F '\t' -v n="$2" -v r="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == n) c = i; next } $1 == r { print $c }' "$1"; }

# by hand: X has a b, Y c, Z d; in train a has 3 users, b c d 1: a alone is half, a b c 5 of 6
printf 'p\ta\nq\ta\nr\ta\np\tb\nq\tc\nr\td\n' > train
printf 'a\tmusic\t\tX\t\t\t\tt\nb\tmusic\t\tX\nc\tmusic\t\tY\t\t\t\tt;s\nd\tmusic\t\tZ\ne\tmusic\t\tW\n' > items
printf 'u\ta\t2\nu\tc\t1\nv\ta\t1\nv\td\t9\n' > r0
printf 'u\ta\t2\nu\tb\t1\nv\ta\t2\nv\tb\t9\n' > r1
taste-eval rounds --train train --items items --window 2 r0 r1 > out
is "the lines are named" "$(cut -f1-5 out | tr '\t' ' ')" "round name users shown items
0 r0 2 4 3
1 r1 2 4 2"
is "tail_share of round 0 by hand: d of v's two" "$(col out tail_share 0)" 0.25
is "entropy_creator by hand: two of two, then one" "$(col out entropy_creator 0) $(col out entropy_creator 1)" "1 0"
is "entropy_tags by hand: t 3/4, s 1/4 of u, t of v" "$(col out entropy_tags 0 | cut -c1-8)" "$(awk 'BEGIN { printf "%.6f", (2 - .75 * log(3) / log(2)) / 2 }')"
is "span_creator: no span in round 0, then both" "$(col out span_creator 0)$(col out span_creator 1 | cut -c1-8)" "$(awk 'BEGIN { printf "%.6f", 2 - .75 * log(3) / log(2) }')"
is "overlap by hand: 1 of 2, then 2 of 2" "$(col out overlap 0) $(col out overlap 1)" "0.5 1"
is "jaccard by hand: 1/3, then 1" "$(col out jaccard 0 | cut -c1-6) $(col out jaccard 1)" "0.3333 1"
is "coverage of the catalogue by hand" "$(col out coverage 0) $(col out coverage 1)" "0.6 0.4"
is "gini by hand: 2 1 1 0 0, then 2 2 0 0 0" "$(col out gini 0) $(col out gini 1)" "0.5 0.6"
is "changes are in percent of round 0" "$(col out coverage_change 1) $(col out entropy_creator_change 1) $(col out overlap_change 1) $(col out tail_share_change 1)" "-33.333 -100.000 100.000 -100.000"
is "a span changes from the first one" "($(col out span_creator_change 0)) $(col out span_creator_change 1)" "() 0.000"

# cuts and order
is "-k 1 --order input: the first line" "$(taste-eval rounds -k 1 r0 > o; col o items 0)" 1
is "-k 1 --order score: the best" "$(taste-eval rounds -k 1 --order score r0 > o; col o items 0)" 2
is "without a catalogue, it is what is shown" "$(taste-eval rounds r0 r1 > o; col o coverage 0; head -1 o | tr '\t' ' ')" "0.75
round name users shown items tail_share overlap jaccard gini coverage tail_share_change overlap_change jaccard_change gini_change coverage_change"

# what was heard
printf 'u\ta\t1\tplay\nu\ta\t2\tplay\nu\tc\t3\tskip\nu\td\t4\nv\tb\t5\tlike\nv\tb\t6\tplay\n' > h0
taste-eval rounds --heard --train train --items items h0 > out
is "--heard: plays, as often as they were; skips and likes are none" "$(col out shown 0) $(col out items 0) $(col out users 0)" "4 3 2"
is "and shares count each play" "$(awk -v x="$(col out tail_share 0)" -v y="$(col out entropy_creator 0)" 'BEGIN { printf "%.5f %.5f", x, y }')" "$(awk 'BEGIN { printf "%.5f %.5f", 1 / 6, (log(3) / log(2) - 2 / 3) / 2 }')"

# a random world, by awk: all pairs
for r in 0 1 2; do awk -v s=$r 'BEGIN { srand(s + 1); for (u = 0; u < 150; u++) { split("", have); for (i = 0; i < 12; i++) { it = int(rand() ^ 2 * 60); if (it in have) continue; have[it]; print "u" u "\ti" it "\t" 12 - i } } }' > w$r; done
taste-eval rounds w0 w1 w2 > out
for r in 0 2; do
	is "round $r: jaccard and overlap over all pairs, as awk has them" "$(printf '%.9f %.9f' "$(col out jaccard $r)" "$(col out overlap $r)")" "$(awk -F '\t' '{ has[$1, $2]; if (!($1 in n)) u[++m] = $1; n[$1]++; all++; it[$2] }
		END { for (a = 1; a <= m; a++) for (b = 1; b < a; b++) { c = 0; for (i in it) c += ((u[a], i) in has) && ((u[b], i) in has); j += c / (n[u[a]] + n[u[b]] - c); s += c }
			p = m * (m - 1) / 2; printf "%.9f %.9f", j / p, s / p / (all / m) }' w$r)"
done
taste-eval rounds --pairs 10000 w0 > some
is "10000 of 11175 pairs, drawn: near, and not the same" "$(awk -v a="$(col some jaccard 0)" -v b="$(col out jaccard 0)" 'BEGIN { print (a != b), ((a / b - 1) ^ 2 < .03 ^ 2) }')" "1 1"
is "another seed draws others" "$(taste-eval rounds -s 2 --pairs 10000 w0 | cmp -s - some || echo other)" other
for t in 1 7; do taste-eval rounds -t $t --pairs 5000 --train train --items items w0 w1 w2 > t$t; done
same "seven threads say what one says" t1 t7

# the verdict
ok "--tolerance is kept: exit 0" taste-eval rounds --train train --tolerance 0.05 r0 r0
taste-eval rounds --train train --items items --tolerance 0.05 r0 r1 > v 2> err; is "not kept: exit 1" $? 1
is "with a sentence that says what" "$(cat err)" "taste-eval: not kept: tail_share of round 1 (r1) is 100.00 % below round 0's, 5 % allowed"
is "and the lines are there" "$(wc -l < v)" 3
taste-eval rounds --train train --items items --tolerance 1 r0 r1 > /dev/null; is "100 % are kept by --tolerance 1" $? 0
taste-eval rounds -q --items items --tolerance 0 r0 r1 2> err > /dev/null; is "-q says nothing, the status does" "$? $(cat err)" "1 "
like "--table ends with the verdict" "$(taste-eval rounds --table --train train --tolerance 0.05 r0 r0)" "round *name*tail_share*
*0 r0 *0.2500   +0.0 %*
*1 r0 *
kept: no round differs from round 0, 5 % allowed"
taste-eval rounds --train train --tolerance 9 <(printf 'u\ta\t1\n') r0 > v 2> err; is "what was 0 and is not is not kept, and has no change" "$? $(cut -d' ' -f2- err) ($(col v tail_share_change 1))" "1 not kept: tail_share of round 1 (r0) is 0.25 and was 0 in round 0, 900 % allowed ()"
: > none; taste-eval rounds --train train --tolerance 9 r0 none > v 2> err; is "nor is a round of nobody" "$? $(cat err)" "1 taste-eval: not kept: tail_share of round 1 (none) is missing, 900 % allowed"
must_fail "--tolerance and nothing to hold" 2 "taste-eval: --tolerance holds tail_share, which needs --train, and entropies, which need --items*" taste-eval rounds --tolerance 0.1 r0
printf 'z\n' > bare
must_fail "--tolerance and no labels anywhere, in a catalogue of other items" 4 "taste-eval: none of 3 items is in bare: it says nothing of them
taste-eval: r0: there is neither a tail_share nor an entropy in round 0*" taste-eval rounds --items bare --tolerance 0.1 r0

# bad input
: > none
is "a round of nobody has no values" "$(taste-eval rounds r0 none | tail -1 | cut -f1-9)" "$(printf '1\tnone\t0\t0\t0\t\t\t\t')"
printf 'u\ta\t1\n' > one
is "a round of one user has no pairs" "$(taste-eval rounds one > o; col o overlap 0; col o jaccard 0; col o gini 0)" "

0"
must_fail "an item twice in a list" 4 "taste-eval: twice: item 'a' stands twice in the list of user 'u'" bash -c "printf 'u\ta\t1\nu\ta\t2\n' > twice; taste-eval rounds r0 twice"
must_fail "a round that is cut short" 4 "taste-eval: short:2: 2 fields*" bash -c "printf 'u\ta\t1\nu\tb' > short; taste-eval rounds short"
must_fail "two lengths" 2 "taste-eval: rounds cuts at one length*" taste-eval rounds -k 1,2 r0
must_fail "--heard has no -k" 2 "taste-eval: what was heard is not cut*" taste-eval rounds --heard -k 1 h0
must_fail "--truth is not of rounds" 2 "taste-eval: --truth is an option of lists*" taste-eval rounds --truth r0 r0
must_fail "--only-listed is not of rounds" 2 "taste-eval: --only-listed is an option of lists*" taste-eval rounds --only-listed r0
must_fail "a full disk is told" 3 "*No space left on device" bash -c 'taste-eval rounds r0 > /dev/full'
taste-rank -b -k 9 <(sed 's/$/\tx/' r0) > r0.bin
is "binary lists are lists" "$(taste-eval rounds --name x r0.bin | tail -1)" "$(taste-eval rounds --name x <(sort -t "$(printf '\t')" -k1,1 -k3,3gr r0) | tail -1)"
done_testing
