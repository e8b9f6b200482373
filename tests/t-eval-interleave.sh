# taste-eval interleave: drafts are fair and made again from the same seed; what was taken up is credited to whose it was.
. "$(dirname "$0")/lib.sh"

awk 'BEGIN { for (u = 1; u <= 400; u++) for (i = 1; i <= 5; i++) { print "u" u "\ta" i "\t" 9 - i > "a"; print "u" u "\t" (i == 2 ? "a" : "b") i "\t" 9 - i > "b" } }'
taste-eval interleave a b > draft
is "a draft is a list: user, item, score, reason, team" "$(awk -F '\t' 'NF != 5 || $3 <= 0 || $5 !~ /^team=[AB]$/ || $4 !~ /^[ab] #[1-5]$/' draft | wc -l)" 0
is "best first, by lines and by scores" "$(awk -F '\t' '$1 == u && $3 >= s { print } { u = $1; s = $3 }' draft | wc -l)" 0
is "no item twice" "$(cut -f1,2 draft | sort | uniq -d | wc -l)" 0
is "in every two places each team has one" "$(awk -F '\t' '{ n = $1 == u ? n + 1 : 1; u = $1; if (n % 2) t = $5; else if (t == $5) print }' draft | wc -l)" 0
is "each takes its best that nobody has" "$(awk -F '\t' '{ if ($1 != u) { split("", has); pa = pb = 0 } u = $1; split($4, r, "#"); if ($4 ~ /^a/) { for (i = pa + 1; i < r[2]; i++) if (!(("a" i) in has)) print; pa = r[2] }
	else { for (i = pb + 1; i < r[2]; i++) if (!((i == 2 ? "a2" : "b" i) in has)) print; pb = r[2] } has[$2] }' draft | wc -l)" 0
is "who begins is even: within 4 standard errors" "$(awk -F '\t' '$1 != u { n[$5]++ } { u = $1 } END { print ((n["team=A"] - 200) ^ 2 < 40 ^ 2) }' draft)" 1
is "whose a2 is is even, too" "$(awk -F '\t' '$2 == "a2" { n[$5]++ } END { print ((n["team=A"] - n["team=B"]) ^ 2 < 80 ^ 2), n["team=A"] + n["team=B"] }' draft)" "1 400"
same "the same seed, the same drafts" <(taste-eval interleave a b) draft
is "another seed, others" "$(taste-eval interleave -s 2 a b | cmp -s - draft || echo other)" other
same "-k is the beginning" <(taste-eval interleave -k 3 a b | cut -f1,2,4,5) <(awk -F '\t' '{ n = $1 == u ? n + 1 : 1; u = $1 } n <= 3' draft | cut -f1,2,4,5)
grep -P '^u[1-9]\t' a > a9; grep -P '^u[1-9]\t' b > b9
same "a user's draft does not depend on the others" <(taste-eval interleave --name a --name b a9 b9) <(grep -P '^u[1-9]\t' draft)
same "--order score" <(taste-eval interleave --order score --name a --name b <(sort a) <(sort b) | sort) <(sort draft)

# credits: a play of every item of team A at an odd user, of B at every fifth one
awk -F '\t' '{ n = $1 == u ? n + 1 : 1; u = $1; k = substr(u, 2); play = ($5 == "team=A" && k % 2) || ($5 == "team=B" && k % 5 == 0); print $1 "\t" $2 "\t" NR "\t" (play ? "play" : "skip") "\t1\tdevice=x;place_in=" n }' draft > answers
taste-eval interleave --answers answers a b > out
is "wins, ties, losses: odd but not fifth 160, even and not fifth 160 ties, even fifth 40 losses, odd fifth by who has more" "$(awk -F '\t' 'NR == 2 { print $3, $4 + $5 + $6, ($4 >= 160), ($6 >= 40) }' out)" "400 400 1 1"
is "as awk has them" "$(sed 1d out | cut -f4-8)" "$(awk -F '\t' 'NR == FNR { t[$1, $2] = $5; next } { d[$1] += ($4 == "play") * (t[$1, $2] == "team=A" ? 1 : -1); r[t[$1, $2]] += $4 == "play" }
	END { for (u in d) { w += d[u] > 0; l += d[u] < 0; e += d[u] == 0 } print w "\t" e "\t" l "\t" r["team=A"] "\t" r["team=B"] }' draft answers)"
is "the interval holds the share, and p is small" "$(awk -F '\t' 'NR == 2 { print ($10 < $9), ($9 < $11), ($12 < 1e-6), ($10 > .5) }' out)" "1 1 1 1"
like "--table is for people" "$(taste-eval interleave --table --answers answers a b)" "a against b: * won, * tied, * lost of 400 users who answered; rewards * and *
won *p 0.0000"
is "--reward: only skips count, and cost" "$(taste-eval interleave --reward play=0,skip=-1 --answers answers a b | sed 1d | cut -f4,6)" "$(awk -F '\t' 'NR == FNR { t[$1, $2] = $5; next } { d[$1] -= ($4 == "skip") * (t[$1, $2] == "team=A" ? 1 : -1) } END { for (u in d) { w += d[u] > 0; l += d[u] < 0 } print w "\t" l }' draft answers)"
must_fail "nobody answered" 4 "taste-eval: none: there is no answer in it: nothing can be judged by it" bash -c ': > none; taste-eval interleave --answers none a b'
must_fail "nor does a log that has no places" 4 "taste-eval: noplace: there is no answer in it*" bash -c "printf 'u\ta\t1\tplay\n' > noplace; taste-eval interleave --answers noplace a b"

# the sign test by hand: 7 wins, 2 losses: 2 (1 + 9 + 36) / 512
for u in 1 2 3 4 5 6 7 8 9; do printf "v$u\tx\t1\n" >> x; printf "v$u\ty\t1\n" >> y; done
taste-eval interleave x y | awk -F '\t' '{ n = $1 == u ? n + 1 : 1; u = $1; k = substr(u, 2); print $1 "\t" $2 "\t1\t" (($5 == "team=A") == (k < 8) ? "play" : "skip") "\t\tplace_in=" n }' > xy
is "p by hand" "$(taste-eval interleave --answers xy x y | sed 1d | cut -f4-6,9,12)" "$(printf '7\t0\t2\t0.7777777777777778\t0.1796875')"
is "Wilson's interval by hand" "$(taste-eval interleave --answers xy x y | awk -F '\t' 'NR == 2 { printf "%.4f %.4f", $10, $11 }')" "0.4526 0.9368"

# listeners of a made-up world choose between what they like and what they do not
W="--users 120 --events 8000 -s 3"
taste-synth $W --items items.tsv -o log.tsv
awk -F '\t' '!s[$1, $2]++ && $4 == "play" { n[$1]++; if (n[$1] <= 12) print $1 "\t" $2 }' log.tsv > some
cut -f2 some | sort -u | awk 'NR % 40 == 1' > asked
cut -f1 log.tsv | sort -u | awk 'NR == FNR { item[++n] = $1; next } { for (i = 1; i <= n; i++) print $1 "\t" item[i] }' asked - > pairs
taste-synth $W --truth true.tsv --pairs pairs > /dev/null
sort -t "$(printf '\t')" -k1,1 -k3,3gr true.tsv | awk -F '\t' '{ n = $1 == u ? n + 1 : 1; u = $1 } n <= 5 { print $1 "\t" $2 "\t" $3 }' > good
sort -t "$(printf '\t')" -k1,1 -k3,3g true.tsv | awk -F '\t' '{ n = $1 == u ? n + 1 : 1; u = $1 } n <= 5 { print $1 "\t" $2 "\t" $3 }' > bad
taste-eval interleave -k 6 good bad > both
taste-synth $W --answer both > said
is "the better list wins, beyond doubt" "$(taste-eval interleave --answers said good bad | awk -F '\t' 'NR == 2 { print ($10 > .6), ($12 < .001) }')" "1 1"
is "and from the other side it loses as much" "$(taste-eval interleave -k 6 bad good | sed 's/team=A/team=X/; s/team=B/team=A/; s/team=X/team=B/' > other; taste-synth $W --answer other > said2; taste-eval interleave --answers said2 bad good | awk -F '\t' 'NR == 2 { print ($11 < .4), ($12 < .001) }')" "1 1"

# bad input
must_fail "another seed is not these drafts" 4 "taste-eval: said: user '*' answered to item '*' at place *, where the draft has it not*" taste-eval interleave -s 9 --answers said good bad
head -5 a > a1
must_fail "users with one list" 4 "taste-eval: a1: 399 users have only one of the two lists, such as 'u2'*" taste-eval interleave a1 b
is "--allow-extra-users leaves them out" "$(taste-eval interleave --allow-extra-users a1 b | cut -f1 | sort -u)" u1
is "of the answers too" "$(taste-eval interleave --allow-extra-users --answers answers a1 b | sed 1d | cut -f3)" 1
must_fail "one list" 2 "taste-eval: interleave takes two lists*" taste-eval interleave a
must_fail "three lists" 2 "taste-eval: interleave takes two lists*" taste-eval interleave a b a9
must_fail "an item twice in a list" 4 "taste-eval: twice: item 'a' stands twice*" bash -c "printf 'u\ta\t1\nu\ta\t2\n' > twice; taste-eval interleave --name a --name b twice twice"
must_fail "a place that is none" 4 "taste-eval: pl:1: place_in=x is no place*" bash -c "printf 'u1\ta1\t1\tplay\t\tplace_in=x\n' > pl; taste-eval interleave --answers pl a b"
must_fail "--table without answers" 2 "taste-eval: drafts are lists*" taste-eval interleave --table a b
must_fail "--bootstrap is not of interleave" 2 "taste-eval: --bootstrap is an option of lists, ips, snips and dr*" taste-eval interleave --bootstrap 5 a b
must_fail "a full disk is told" 3 "*No space left on device" bash -c 'taste-eval interleave a b > /dev/full'
done_testing
