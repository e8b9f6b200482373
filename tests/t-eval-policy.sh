# taste-eval ips, snips, dr: by hand on paper, against the truth of a made-up world, and unwilling to guess what the log does not know.
. "$(dirname "$0")/lib.sh"

# val FILE ESTIMATOR COLUMN : rounded
val() { awk -F '\t' -v e="$2" -v n="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == n) c = i; next } $2 == e { if ($c == "") print ""; else printf "%.6f\n", $c }' "$1"; }

# by hand: u was shown a (reward 1, p 1/2) and b (0, 1/2), v was shown c (1, 1/4); the target shows u a, v c
printf 'u\ta\t.5\t1\nu\tb\t.5\t0\nv\tc\t.25\t1\n' > log
printf 'u\ta\t1\nv\tc\t1\n' > target
printf 'u\ta\t.5\nu\tb\t.25\nv\tc\t.75\n' > model
taste-eval ips --log log --bootstrap 0 target > out
is "the header" "$(head -1 out | tr '\t' ' ')" "policy estimator value low high gain gain_low gain_high users lists rows matched effective clipped weight weight_low weight_high"
is "the logged mean by hand: 2/3" "$(val out mean value)" 0.666667
is "ips by hand: (1/.5 + 0 + 1/.25) / 3" "$(val out ips value) $(val out ips gain)" "2.000000 1.333333"
is "what it rests on: 2 of 3 rows, worth 6^2 / (4 + 16), weights of 2 on average" "$(val out ips matched) $(val out ips rows) $(val out ips effective) $(val out ips weight) $(val out ips clipped)" "2.000000 3.000000 1.800000 2.000000 0.000000"
taste-eval snips --log log --bootstrap 0 target > out
is "snips by hand: 6 / 6" "$(val out snips value)" 1.000000
taste-eval ips --log log --clip 3 --bootstrap 0 target > out
is "--clip 3 by hand: (2 + 3) / 3, 1 of 6 is gone" "$(val out ips value) $(val out ips clipped)" "1.666667 0.166667"
taste-eval dr --log log --bootstrap 0 --model-rewards model target > out
is "dm by hand: (1/2 + 1/2 + 3/4) / 3" "$(val out dm value)" 0.583333
is "dr by hand: that and (2 (1 - 1/2) + 4 (1 - 3/4)) / 3" "$(val out dr value)" 1.250000
taste-eval snips --log log --match item --bootstrap 0 <(printf 'u\ta\t1\nu\tb\t1\nv\tc\t1\nv\td\t2\n') > out
is "--match item, snips by hand: weights 1 1 2, rewards 1 0 1" "$(val out snips value)" 0.750000
taste-eval ips --log log --probabilities --bootstrap 0 <(printf 'u\ta\t1\t\tp=.3\nu\tb\t1\t\tp=.7\nv\tc\t1\t\tx=1\tp=1\n') > out
is "--probabilities by hand: (.6 + 0 + 4) / 3" "$(val out ips value)" 1.533333
is "of two p= the last counts, which the last program to rank has written" "$(taste-eval ips --log log --probabilities --bootstrap 0 <(printf 'u\ta\t1\t\tp=x\tp=.3\nu\tb\t1\t\tp=.7\nv\tc\t1\t\tp=.2\tp=1\n') > out; val out ips value)" 1.533333
awk 'BEGIN { for (u = 0; u < 200; u++) print "u" u "\t" (u % 2 ? "a" : "b") "\t.5\t1" }' > half; cut -f1,2 half | sed 's/$/\t1/' > drawn
like "lists out of the log's own draws are told" "$(taste-eval ips --log half drawn 2>&1 > none)" "taste-eval: drawn: the weights are 2.000 on average where 1 is right: these lists are made from the log's own draws*"
is "those that are not are not" "$(awk '{ print $1 "\ta\t1" }' half | taste-eval ips --log half 2>&1 > none)" ""
printf 'u\tb\t1\nv\tc\t1\n' > target2
is "several lists have a line each" "$(taste-eval ips --log log target target2 | cut -f1,2 | tr '\t\n' '  ')" "policy estimator logged mean target ips target2 ips "

# answers: places
A='place_in='
printf "u\ta\t1\tplay\t9\tdevice=x;${A}1;p=.5\nu\tb\t2\tskip\t1\t${A}2;p=.5\nv\tb\t3\tskip\t1\t${A}1;p=.25\nu\tz\t3\tplay\t5\tdevice=x\nv\ta\t4\tplay\t1\t${A}2;p=1\nv\ta\t4\tlike\t\t${A}2;p=1\n" > answers
printf 'u\ta\t1\nu\tb\t2\nv\tb\t1\nv\tc\t2\n' > lists
taste-eval ips --answers answers --bootstrap 0 lists > out
is "a value is the reward of a list: logged (1 + 1) / 2, ips (2 + 0 + 0 + 0) / 2" "$(val out mean value) $(val out ips value) $(val out ips lists)" "1.000000 1.000000 2.000000"
is "--order score turns u's list" "$(taste-eval ips --answers answers --order score --bootstrap 0 <(printf 'u\tb\t1\nu\ta\t2\nv\tc\t1\nv\tb\t2\n') > o; val o ips value)" 1.000000
taste-eval ips --answers answers --match list --bootstrap 0 lists > out
is "--match list: weights are products, 2 4 4 0" "$(val out ips weight)" 2.500000
must_fail "--reward: a kind twice" 2 "taste-eval: --reward: skip comes twice*" taste-eval ips --answers answers --reward skip=-1 --reward play=2,skip=0 lists
is "--reward: skips may cost" "$(taste-eval ips --answers answers --reward skip=-1 --bootstrap 0 lists > o; val o mean value; val o ips value)" "0.000000
-2.000000"
is "-k 1: only the first place, of the log too" "$(taste-eval ips --answers answers -k 1 --bootstrap 0 lists > o; val o mean value; val o ips rows)" "0.500000
2.000000"

# a world whose truth is known: lists of three, drawn one after the other, answered for eight days
W="--users 150 --events 12000 -s 7"
taste-synth $W -o world.tsv
taste-train pop -o pop.taste world.tsv
taste-view --tensor item.count pop.taste | sort -t "$(printf '\t')" -k2,2gr -k1,1 | head -60 | cut -f1 > top
cut -f1 world.tsv | sort -u > listeners
awk 'NR == FNR { top[++n] = $1; next } { for (i = 1; i <= 6; i++) print $1 "\t" top[1 + (FNR * 7 + i * 11) % n] "\t" 7 - i }' top listeners > cand.tsv
awk -F '\t' '{ n = $1 == u ? n + 1 : 1; u = $1 } n == 2 || n == 4 || n == 5' cand.tsv > target.tsv
for d in 0 1 2 3 4 5 6 7; do
	awk -F '\t' -v s=$d 'BEGIN { x = 4711 + 97 * s } function draw() { x = (x * 16807) % 2147483647; return x / 2147483647 }
		function show(   r, i, sum, at) { for (i = 1; i <= n; i++) { up[i] = 0; w[i] = exp(-i / 4) }
			for (r = 1; r <= 3 && n; r++) { sum = 0; for (i = 1; i <= n; i++) if (!up[i]) sum += w[i]; at = draw() * sum
				for (i = 1; i <= n; i++) if (!up[i]) { last = i; at -= w[i]; if (at < 0) break } up[last] = 1; printf "%s\t%s\t%d\tlog\tp=%.17g\n", u, it[last], 4 - r, w[last] / sum } }
		$1 != u { show(); u = $1; n = 0 } { it[++n] = $2 } END { show() }' cand.tsv > shown.tsv
	taste-synth $W --answer shown.tsv --answer-day $d >> log.tsv
	taste-synth $W --answer target.tsv --answer-day $d --answers-truth true.tsv > /dev/null
	cat true.tsv >> truth.tsv
done
truth=$(awk -F '\t' '{ v += $4 * $5; n += $3 == 1 } END { print v / n }' truth.tsv)
taste-eval snips --answers log.tsv target.tsv > snips
is "a list of each listener a day" "$(val snips snips lists | cut -d. -f1)" "$((8 * $(wc -l < listeners)))"
# inside FILE ESTIMATOR : 1 when the truth is in the interval made half as wide again, which is missed once in three hundred worlds
inside() { awk -v t="$truth" -v l="$(val "$1" "$2" low)" -v h="$(val "$1" "$2" high)" 'BEGIN { w = (h - l) / 4; print (l - w <= t && t <= h + w) }'; }
near() { awk -v t="$truth" -v v="$(val "$1" "$2" value)" -v by="$3" 'BEGIN { print ((v - t) ^ 2 < by ^ 2) }'; }
is "snips: the truth is within its interval" "$(inside snips snips)" 1
is "and it is near" "$(near snips snips .1)" 1
taste-eval ips --match list --answers log.tsv target.tsv > list
is "ips down the list: the truth is within its interval" "$(inside list ips)" 1
taste-eval ips --answers log.tsv target.tsv > place
is "ips by places: less than the truth by what stood above already, as weight says" "$(awk -v t="$truth" -v v="$(val place ips value)" -v w="$(val place ips weight)" 'BEGIN { print (v < t), ((v / w / t - 1) ^ 2 < .05 ^ 2) }')" "1 1"
awk -F '\t' '!s[$1, $2]++ { print $1 "\t" $2 "\t" $5 }' truth.tsv > expected
awk -F '\t' 'NR == FNR { s[$1, $2]; next } !(($1, $2) in s) { print $1 "\t" $2 "\t.7" }' expected cand.tsv >> expected
taste-eval dr --answers log.tsv --match list --model-rewards expected target.tsv > dr
is "dr with a model that knows: the truth is within its interval" "$(inside dr dr)" 1
is "which is narrower" "$(awk -v a="$(val dr dr low)" -v b="$(val dr dr high)" -v c="$(val list ips low)" -v d="$(val list ips high)" 'BEGIN { print (b - a < d - c) }')" 1
for t in 1 7; do taste-eval dr -t $t --answers log.tsv --model-rewards expected target.tsv > t$t; done
same "seven threads say what one says" t1 t7
taste-ingest tsv -b -o log.taste log.tsv
same "binary events say the same" <(taste-eval snips --answers log.taste target.tsv) snips
like "--table is for people" "$(taste-eval dr --table --answers log.tsv --model-rewards expected target.tsv)" "logged *mean *
target *dm *
target *dr *of * rows, worth *"

# the whole way: taste-rank explores, listeners answer for eight days, and what never to explore would be worth is known
for d in 0 1 2 3 4 5 6 7; do
	taste-rank -k 3 --explore softmax:0.4 --seed 5 --day 2025-06-0$((d + 1)) cand.tsv > tried.tsv
	taste-synth $W --answer tried.tsv --answer-day $d >> tried.log
	taste-synth $W --answer <(taste-rank -k 3 cand.tsv) --answer-day $d --answers-truth true.tsv > /dev/null
	cat true.tsv >> best.truth
done
truth=$(awk -F '\t' '{ v += $4 * $5; n += $3 == 1 } END { print v / n }' best.truth)
taste-rank -k 3 -o best.tsv cand.tsv
taste-eval snips --answers tried.log best.tsv > snips
taste-eval ips --match list --answers tried.log best.tsv > list
taste-eval dr --match list --answers tried.log --model-rewards expected best.tsv > dr
is "taste-rank --explore: the truth of the best lists is within the intervals of snips, ips and dr" "$(inside snips snips) $(inside list ips) $(inside dr dr)" "1 1 1"
is "weights are 1 on average, as they are if the propensities are true" "$(awk -v l="$(val list ips weight_low)" -v h="$(val list ips weight_high)" 'BEGIN { w = (h - l) / 4; print (l - w < 1 && 1 < h + w), (h - l < .5) }')" "1 1"

# what the log does not know
printf "u\ta\t1\tplay\t9\t${A}1;p=1\nu\ta\t1\tplay\t9\t${A}1\n" > nop
must_fail "an answer without p is refused" 4 "taste-eval: nop:2: place_in has no p= beside it*" taste-eval ips --answers nop lists
printf 'u\ta\t0\t1\n' > p0; must_fail "a propensity of 0 is refused" 4 "taste-eval: p0:1: field 3: '0' is not a probability above 0, at most 1" taste-eval ips --log p0 target
printf 'u\ta\t1\tx\n' > rx; must_fail "a reward that is none" 4 "taste-eval: rx:1: field 4: 'x' is not a reward*" taste-eval ips --log rx target
printf 'u\ta\t1' > short; must_fail "a row of three" 4 "taste-eval: short:1: 3 fields*" taste-eval ips --log short target
must_fail "a log without answers" 4 "taste-eval: world.tsv: there is no answer in it*" taste-eval ips --answers world.tsv target.tsv
must_fail "a list that the log never showed" 4 "taste-eval: never: nothing of it is in the log*" bash -c "printf 'u\tz\t1\nv\tz\t1\n' > never; taste-eval ips --log log never"
must_fail "users of the log without a list" 4 "taste-eval: some: 1 users of the log have no list, such as 'v'*" bash -c "printf 'u\ta\t1\n' > some; taste-eval ips --log log some"
is "--allow-extra-users leaves them out" "$(taste-eval ips --log log --allow-extra-users --bootstrap 0 some > o; val o mean value; val o ips value)" "0.500000
1.000000"
must_fail "no user has a list" 4 "taste-eval: nobody: no user of the log has a list" bash -c "printf 'q\ta\t1\n' > nobody; taste-eval ips --log log --allow-extra-users nobody"
must_fail "--match list and a hole in a list" 4 "taste-eval: hole: a list of user 'u' has place 2 but not place 1*" bash -c "printf 'u\ta\t1\tplay\t9\tplace_in=2;p=1\n' > hole; taste-eval ips --match list --answers hole lists"
printf 'u\ta\t.9\t1\nu\tb\t.9\t0\nu\tc\t.9\t1\nv\ta\t.9\t1\nv\tb\t.9\t0\nw\ta\t.9\t1\nw\tb\t.9\t0\n' > thin
printf 'u\ta\t1\nv\ta\t1\nw\ta\t1\n' > thinlist
like "what the log could not show is said" "$(taste-eval ips --log thin thinlist 2>&1 > /dev/null)" "taste-eval: thinlist: the weights are 0.476 on average where 1 is right*"
is "-q does not" "$(taste-eval ips -q --log thin thinlist 2>&1 > /dev/null)" ""
like "a model that has not all is said" "$(taste-eval dr --log log --model-rewards <(head -1 model) target 2>&1 > /dev/null)" "taste-eval: *: 3 of 5 rows and lines are of a user and an item that it has not*"
must_fail "a model that says two things" 4 "taste-eval: two: 1 pairs of a user and an item come twice" bash -c "cat model model | head -4 > two; taste-eval dr --log log --model-rewards two target"
must_fail "more than certainty" 4 "taste-eval: more: the probabilities at place 1 of user 'u' add up to 1.5" bash -c "printf 'u\ta\t1\t\tp=1\nu\tb\t1\t\tp=.5\n' > more; taste-eval ips --log log --probabilities more"
must_fail "no p in a line" 4 "taste-eval: target:1: there is no p=*" taste-eval ips --log log --probabilities target
must_fail "a place that is none" 4 "taste-eval: pl:1: place=0 is no place*" bash -c "printf 'u\ta\t1\t\tp=1\tplace=0\n' > pl; taste-eval ips --log log --probabilities pl"
must_fail "weights beyond numbers" 4 "taste-eval: target: its weights are beyond the range of numbers*" bash -c "printf 'u\ta\t1e-300\t1\nv\tc\t1\t1\n' > tiny; taste-eval ips --log tiny target"
printf 'u\ta\t.5\t1e308\nu\tb\t.5\t1e308\nv\tc\t1\t1\n' > rich
must_fail "rewards beyond numbers" 4 "taste-eval: target: its values are beyond the range of numbers*" taste-eval ips --bootstrap 0 --log rich target
printf 'u\ta\t1\t1e308\nv\tc\t1\t-1e308\n' > apart
must_fail "or in a replica" 4 "taste-eval: target: its values are beyond the range of numbers*" taste-eval ips --log apart target
must_fail "a model's reward beyond single precision" 4 "taste-eval: beyond:2: a reward of 1e+39 is beyond the range of single precision" bash -c "printf 'u\ta\t1\nv\tc\t1e39\n' > beyond; taste-eval dr --log log --model-rewards beyond target"
must_fail "no log" 2 "taste-eval: --answers EVENTS or --log FILE*" taste-eval ips target
must_fail "two logs" 2 "taste-eval: --answers and --log exclude each other*" taste-eval ips --answers answers --log log target
must_fail "dr without a model" 2 "taste-eval: dr needs --model-rewards*" taste-eval dr --log log target
must_fail "a model is dr's" 2 "taste-eval: --model-rewards is an option of dr*" taste-eval ips --log log --model-rewards model target
must_fail "a reward that is none" 2 "taste-eval: --reward: 'play' is not KIND=REWARD*" taste-eval ips --answers answers --reward play lists
must_fail "--train is not of ips" 2 "taste-eval: --train is an option of lists and rounds*" taste-eval ips --log log --train world.tsv target
must_fail "a full disk is told" 3 "*No space left on device" bash -c 'taste-eval ips --log log target > /dev/full'
done_testing
