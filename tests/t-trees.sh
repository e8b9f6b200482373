# taste-train trees and taste-rank predict: rows of features in, an order out; the same bytes however they are read and run; what is wrong with rows and models.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
# make SEED QUERIES : 20 rows each; the label follows a, a word, and whether b is there
make() {
	awk -v seed="$1" -v n="$2" 'function r() { x = (x * 16807) % 2147483647; return x / 2147483647 }
		BEGIN { OFS = "\t"; x = seed; print "query", "user", "item", "label", "a", "b", "@mood", "same"
			for (q = 0; q < n; q++) for (i = 0; i < 20; i++) {
				a = r(); b = r(); m = int(r() * 4); s = a + (m == 2 ? .5 : 0) + (b < .3 ? .4 : 0) + .3 * r()
				print "q" q, "u" q % 7, "i" i, s < .7 ? 0 : s < 1.1 ? 1 : s < 1.4 ? 2 : 3, sprintf("%.4f", a), b < .3 ? "" : sprintf("%.3f", b), m == 3 ? "" : "mood" m, 1 } }'
}
make 1 60 > train.tsv; make 2 30 > test.tsv
# ndcg SCORES FEATURES : at 10, of scores one a line behind rows of features
ndcg() {
	paste <(cut -f3 "$1") <(tail -n +2 "$2" | cut -f1,4) | awk -F '\t' '
		function done(  i, j, t, k, best, dcg, ideal) {
			for (k = 1; k <= 10 && k <= n; k++) { best = 0; for (i = 1; i <= n; i++) if (!u[i] && (!best || s[i] > s[best])) best = i; u[best] = 1; dcg += (2 ^ y[best] - 1) / (log(k + 1) / log(2)) }
			split("", u)
			for (k = 1; k <= 10 && k <= n; k++) { best = 0; for (i = 1; i <= n; i++) if (!u[i] && (!best || y[i] > y[best])) best = i; u[best] = 1; ideal += (2 ^ y[best] - 1) / (log(k + 1) / log(2)) }
			split("", u); n = 0
			if (ideal > 0) { sum += dcg / ideal; N++ } }
		$2 != q { if (n) done(); q = $2 } { s[++n] = $1 + 0; y[n] = $3 } END { done(); printf "%.4f\n", sum / N }'
}
for t in 1 2 5; do taste-train trees --trees 30 --leaves 15 -t $t -o m.$t train.tsv; done
same "two threads learn as one" m.1 m.2; same "five too" m.1 m.5
for cpu in $(taste-train -V | sed -n 's/^cpu paths: *//p'); do
	taste-train trees --trees 30 --leaves 15 --cpu $cpu -o m train.tsv; same "--cpu $cpu learns the same" m m.1
	taste-rank predict -m m.1 --cpu $cpu -t 3 -o p.$cpu test.tsv; same "--cpu $cpu predicts the same" p.$cpu p.plain
done
is "it ranks rows it has not seen" "$(ndcg p.plain test.tsv | awk '{ print ($1 > .85) ? "yes" : $0 }')" yes
is "a row in, a row out, in their order" "$(cut -f1,2 p.plain | cksum)" "$(tail -n +2 test.tsv | cut -f2,3 | cksum)"
is "the query is told where it is not the user" "$(head -1 p.plain | cut -f4,5)" "trees${T}query=q0"
gzip -k train.tsv; taste-train trees --trees 30 --leaves 15 -o z train.tsv.gz; is "gzip goes in" "$(taste-view z | cksum)" "$(taste-view m.1 | cksum)"
taste-view -b --as features -o train.bin train.tsv; taste-view -b --as features -o test.bin test.tsv
taste-train trees --trees 30 --leaves 15 -o b train.bin; is "binary goes in" "$(taste-view --tensor leaf.value b | cksum)" "$(taste-view --tensor leaf.value m.1 | cksum)"
taste-rank predict -m b -b -o p.bin test.bin; taste-view -o p.b p.bin; same "and comes out" p.b p.plain
taste-train trees --trees 30 --leaves 15 - < train.tsv > piped; is "so does a pipe" "$(taste-view --tensor leaf.value piped | cksum)" "$(taste-view --tensor leaf.value m.1 | cksum)"
sed 's/$/\r/' test.tsv | taste-rank predict -m m.1 > p; same "CRLF" p p.plain
awk -F '\t' -v OFS='\t' '{ print $1, $2, $3, $4, $8, $7, $6, "9", $5 }' test.tsv | sed '1s/9/new/' | taste-rank predict -m m.1 > p; same "columns may stand in another order, with others between" p p.plain
cut -f1-5,7- test.tsv | taste-rank predict -m m.1 > p 2> err; is "a feature that is not there is told" "$(cat err)" "taste-rank: 1 of 4 features of m.1 are not in the input"
awk -F '\t' -v OFS='\t' '{ if (NR > 1) $6 = ""; print }' test.tsv | taste-rank predict -m m.1 > q; same "and counts as missing" p q
awk -F '\t' -v OFS='\t' '{ if ($7 == "") $7 = "never heard of"; print }' test.tsv | taste-rank predict -m m.1 > p; same "a word that is not known counts as missing" p p.plain
taste-rank predict -m m.1 --top-features 2 test.tsv > why
is "reasons name features" "$(cut -f4 why | grep -cvE '^trees; by [^ ]+ \([+-][0-9.]+\), [^ ]+ \([+-][0-9.]+\)$')" 0
is "and give them as fields" "$(awk -F '\t' '{ split($6, a, "="); split($7, b, "="); x = a[2] < 0 ? -a[2] : a[2]; y = b[2] < 0 ? -b[2] : b[2]; bad += x < y } END { print bad + 0 }' why)" 0
is "behind the query" "$(head -1 why | cut -f5)" query=q0
is "what was asked most is what matters" "$(taste-view --tensor feature.gain m.1 | sort -t "$T" -k2,2gr | head -1 | cut -f1)" a
is "and what says nothing is not asked" "$(taste-view --tensor feature.gain m.1 | grep '^same')" "same${T}0"
ok "taste-view -c" taste-view -c m.1
taste-view m.1 > page; for k in "objective${T}rank" "n_trees${T}30" "n_features${T}4" "gains${T}exponential"; do ok "taste-view: $k" grep -q "^$k\$" page; done

# held out
taste-train trees --trees 400 --leaves 15 --valid test.tsv --patience 5 -v -o v train.tsv 2> log
must_fail "patience with nothing to measure on" 2 "*--patience of trees is about rows held out*" taste-train trees --patience 5 train.tsv
n=$(taste-view v | awk '$1 == "n_trees" { print $2 }'); ok "patience ends it" test "$n" -lt 395 -a "$n" -gt 0
is "with the best tree" "$(sed -n 's/.*\] \([0-9]*\) of [0-9]* trees, ndcg .*/\1/p' log)" "$n"
taste-rank predict -m v -o p test.tsv
is "what was measured is what others measure" "$(ndcg p test.tsv)" "$(taste-view v | awk '$1 == "held" { printf "%.4f", $2 }')"
taste-train trees --trees 60 --leaves 15 --valid-share 0.3 -o s1 train.tsv; taste-train trees --trees 60 --leaves 15 --valid-share 0.3 -s 2 -o s2 train.tsv
ok "--valid-share holds out queries" test "$(taste-view s1 | awk '$1 == "n_held" { print ($2 % 20 == 0 && $2 > 100 && $2 < 700) }')" = 1
head -41 train.tsv | taste-train trees --trees 20 --row-share 0.1 --min-rows 2 -o few -; is "of two queries one is drawn at least" "$(taste-view few | grep '^n_trees')" "n_trees${T}20"
ok "by a seed" test "$(taste-view --tensor leaf.value s1 | cksum)" != "$(taste-view --tensor leaf.value s2 | cksum)"

# other objectives
awk -F '\t' -v OFS='\t' 'NR > 1 { $4 = $4 > 1 } { print }' train.tsv > clicks.tsv
taste-train trees --objective logistic --trees 40 --leaves 8 -o c clicks.tsv
awk -F '\t' -v OFS='\t' 'NR > 1 { $4 = $4 > 1 } { print }' test.tsv > seen.tsv; taste-rank predict -m c -o p seen.tsv
is "chances are between 0 and 1, and right on average" "$(paste <(cut -f3 p) <(tail -n +2 seen.tsv | cut -f4) | awk '{ bad += $1 <= 0 || $1 >= 1; a += $1; b += $2 } END { d = (a - b) / NR; print bad + 0, (d < .05 && d > -.05) }')" "0 1"
awk -F '\t' -v OFS='\t' 'NR > 1 { $4 = 10 * $5 - 3 } { print }' train.tsv > line.tsv; taste-train trees --objective squared --trees 80 --leaves 15 -v -o sq line.tsv 2> log
is "squared: labels of any sign" "$(awk '$1 == 80 { print ($3 < .3) ? "yes" : $3 }' log)" yes

# numbers at the ends of what there is
few="--trees 40 --rate 0.5 --min-rows 1 --min-hessian 0"
for x in 1e-35 1 1e34 3e37; do
	seq 8 | awk -v x=$x '{ printf "%.9g qid:1 1:%d\n", $1 * x, $1 }' > scaled.svm
	taste-train trees --objective squared $few -o scaled scaled.svm 2> err
	is "labels of about $x are learnt" "$(taste-rank predict -m scaled scaled.svm | awk -v x=$x '{ d = $3 / x - NR; bad += d > .5 || d < -.5 } END { print NR, bad + 0 }')" "8 0"
	taste-train trees --gains linear $few -o scaled scaled.svm 2> err
	is "gains of about $x are" "$(taste-rank predict -m scaled scaled.svm | sort -t "$T" -k3,3g | cut -f2 | tr '\n' ' ')" "1 2 3 4 5 6 7 8 "
done
seq 8 | awk '{ print $1 "e-41 qid:1 1:" $1 }' > scaled.svm; taste-train trees --gains linear $few -o scaled scaled.svm 2> err
is "gains of which 1 / ndcg is beyond a float are learnt" "$(taste-rank predict -m scaled scaled.svm | sort -t "$T" -k3,3g | cut -f2 | tr '\n' ' ')" "1 2 3 4 5 6 7 8 "
must_fail "labels further apart than a float goes" 4 "*tree 1: gradients are not finite numbers*--lambda*" taste-train trees --objective squared --min-rows 1 -o x <(yes -- "-3.4e38 1:1" | head -9; echo "3.4e38 1:2")
# slopes
taste-train trees --trees 30 --leaves 15 --rising a --falling b,same -o up train.tsv
for v in 1 2 3 4 5 6 7 8 9; do awk -F '\t' -v OFS='\t' -v v=0.$v 'NR == 1 || NR % 40 == 7 { if (NR > 1) $5 = v; print }' test.tsv | taste-rank predict -m up | cut -f3 > up.$v; done
is "--rising: no score falls with it" "$(paste up.? | awk '{ for (i = 2; i <= NF; i++) bad += $i < $(i - 1); up += $NF > $1 } END { print bad + 0, (up > 10) }')" "0 1"
must_fail "--rising: no such feature" 2 "*the rows have no feature 'z'*" taste-train trees --rising a,z -o x train.tsv
must_fail "--rising: words" 2 "*holds words, which have no order*" taste-train trees --rising @mood -o x train.tsv
must_fail "up and down, before a row is read" 2 "*'b' cannot both rise and fall*" taste-train trees --rising a,b --falling same --falling c,b -o x nofile

# LIBSVM
awk -F '\t' 'NR > 1 { printf "%s qid:%s 1:%s%s # docid = %s\n", $4, $1, $5, $6 == "" ? "" : " 2:" $6, $3 }' train.tsv > train.svm
awk -F '\t' 'NR > 1 { printf "%s qid:%s 1:%s%s # docid = %s\n", $4, $1, $5, $6 == "" ? "" : " 2:" $6, $3 }' test.tsv > test.svm
cut -f1-6 train.tsv > two.tsv; cut -f1-6 test.tsv > two.test.tsv
taste-train trees --trees 20 -o svm train.svm; taste-train trees --trees 20 -o tsv two.tsv
taste-rank predict -m svm test.svm | cut -f1-3 > a; taste-rank predict -m tsv two.test.tsv | awk -F '\t' -v OFS='\t' '{ sub("query=", "", $5); print $5, $2, $3 }' > b
same "LIBSVM rows are the rows of a table" a b
sed 's/ qid:[^ ]*//' train.svm > nameless.svm; seq 60 | sed 's/.*/20/' > sizes; sed 's/ qid:[^ ]*//' test.svm > nameless.test.svm; seq 30 | sed 's/.*/20/' > test.sizes
taste-train trees --trees 20 --groups sizes -o g nameless.svm; is "--groups" "$(taste-view --tensor leaf.value g | cksum)" "$(taste-view --tensor leaf.value svm | cksum)"
is "--groups, predicted" "$(taste-rank predict -m g --groups test.sizes nameless.test.svm | cut -f2,3 | cksum)" "$(cut -f2,3 a | cksum)"
taste-train trees --trees 20 --absent zero -o zero train.svm; is "--absent zero is in the model" "$(taste-view zero | grep absent)" "absent${T}zero"
sed 's/^\([^#]*\) #/\1 2:0 #/; /2:.*2:0/s/ 2:0 #/ #/' test.svm > filled.svm
taste-rank predict -m zero test.svm > p; taste-rank predict -m zero filled.svm > q; same "and then a row need not be told" p q
taste-train trees --objective logistic --trees 3 -o solo <(sed 's/^[123]/1/' nameless.svm); ok "logistic needs no queries" taste-rank predict -m solo nameless.test.svm

# what is wrong
must_fail "rank needs queries" 4 "*nothing says which rows are a query*" taste-train trees -o x nameless.svm
must_fail "sizes that do not add up" 4 "*test.sizes: its sizes add up to 600 rows, there are more" taste-train trees --groups test.sizes -o x nameless.svm
must_fail "sizes of queries that the rows name" 4 "*train.svm:1: field 2: query '*' is named by the row, where a file of sizes says what the queries are" taste-train trees --groups sizes -o x train.svm
must_fail "or a table" 4 "*train.tsv:2: field 1: query '*' is named by the row*" taste-train trees --groups sizes -o x train.tsv
must_fail "held-out rows of other features" 4 "*--valid: its rows have none of the features*" taste-train trees --valid <(sed '1s/\t/\tx/4g' test.tsv) -o x train.tsv
like "a feature that held-out rows lack is told" "$(taste-train trees --trees 2 --valid <(cut -f1-4,6- test.tsv) -o v train.tsv 2>&1)" "taste-train: --valid: 1 of * features are missing in all of its rows, the first is '$(head -1 train.tsv | cut -f5)'"
must_fail "a label below 0" 4 "*:2: field 4: '-1' is not a label (a number from 0 to 127, *" taste-train trees -o x <(sed '2s/^\(q0\tu0\ti0\t\)[0-9]/\1-1/' train.tsv)
must_fail "a label whose gain would be beyond the numbers" 4 "*:2: field 4: '128' is not a label (a number from 0 to 127, for its gain is 2^label - 1; linear gains have no such end)" taste-train trees -o x <(sed '2s/^\(q0\tu0\ti0\t\)[0-9]/\1128/' train.tsv)
ok "linear it is one" taste-train trees -q --gains linear --trees 1 -o /dev/null <(sed '2s/^\(q0\tu0\ti0\t\)[0-9]/\1128/' train.tsv)
must_fail "a label above 1" 4 "*is not a label (a number from 0 to 1)" taste-train trees --objective logistic -o x train.tsv
must_fail "an event log" 4 "*:1: field 1: 'u1' is not a label*" taste-train trees -o x <(printf 'u1\ti1\t5\n')
must_fail "nothing" 4 "*no rows to learn from" taste-train trees -o x /dev/null
must_fail "labels with which scores may not be single precision" 4 "*tree *: with it scores may be beyond the range of single precision*" taste-train trees --objective squared --min-rows 1 -o x <(printf 'query\tuser\titem\tlabel\ta\nq\tu\ti\t3.4e38\t1\nq\tu\tj\t3.399e38\t2\n')
must_fail "no features" 4 "*the rows have no features" taste-train trees -o x <(cut -f1-4 train.tsv)
must_fail "a torn table" 4 "*ends at byte 3000 within block*" taste-train trees -o x <(head -c 3000 train.bin)
must_fail "a model of another kind" 4 "*a model of kind pop is not one of trees*" sh -c 'taste-synth --users 20 --events 300 | taste-train pop -o pop.taste; taste-rank predict -m pop.taste test.tsv'
must_fail "trees where items are wanted" 4 "*a model of trees scores rows of features*" taste-score -m m.1 /dev/null
must_fail "no model" 2 "*which model?*" taste-rank predict test.tsv
must_fail "lists without an order" 2 "*-k is of --objective rank*" taste-train trees --objective squared -k 10 train.tsv
must_fail "--valid-share beside --valid" 2 "*--valid-share is for when there is no --valid*" taste-train trees --valid test.tsv --valid-share 0.1 train.tsv
must_fail "--leaves of nobody" 2 "*--leaves*" taste-train trees --leaves 1 train.tsv
must_fail "an option of another kind" 2 "*--dim is an option of*" taste-train trees -d 8 train.tsv
must_fail "an option of trees" 2 "*--leaves is an option of trees*" taste-train als --leaves 8 /dev/null
must_fail "weights of events" 2 "*--weight and --value are of events*" taste-train trees --weight play=1 train.tsv
is "nothing half written is left" "$(ls x 2>/dev/null)" ""
taste-train trees -o none <(printf 'query\tuser\titem\tlabel\ta\nq\tu\ti\t1\t2\n') 2> err; is "one row teaches nothing, and it is told" "$(cat err)" "taste-train: nothing could be learnt: a model of no trees"
is "and scores nothing" "$(taste-rank predict -m none test.tsv | cut -f3 | sort -u)" 0
is "rows of which no feature is known have the score of nothing, once each" "$(cut -f1-4 test.tsv | taste-rank predict -q -m m.1 | cut -f3 | sort -u | wc -l)" 1
: > empty; is "no rows, no scores" "$(taste-rank predict -m m.1 empty; echo $?)" 0

# the real thing
R=$DATA/lightgbm-lambdarank
if [ -z "$DATA" ] || [ ! -f "$R/rank.train.xz" ] || ! command -v xz > /dev/null; then
	skip "201 queries of 218 features, ndcg@10 of 50 others" "no data, or no xz"
else
	xz -dc "$R/rank.train.xz" > rank.train; xz -dc "$R/rank.test.xz" > rank.test
	taste-train trees --trees 60 --leaves 31 --min-rows 50 --groups "$R/rank.train.query" -o rank.taste rank.train
	taste-rank predict -q -m rank.taste --groups "$R/rank.test.query" -o p rank.test
	awk 'NR == FNR { for (i = 0; i < $1; i++) q[++n] = NR; next } FNR == 1 { print "header" } { print "q" q[FNR] "\t.\t.\t" $1 }' "$R/rank.test.query" rank.test > truth
	is "201 queries of 218 features: ndcg@10 of 50 others" "$(ndcg p truth | awk '{ print ($1 > .72) ? "yes" : $0 }')" yes
fi
for x in "--gains linear" "--pairs 5"; do must_fail "$x without an order" 2 "*--gains and --pairs are of --objective rank*" taste-train trees --objective logistic $x nofile; done
done_testing
