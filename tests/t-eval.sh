# taste-eval: equal to an oracle written from the definitions, by hand on paper, and unwilling to be fooled.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')

# differ OURS ORACLE : lines whose value differs by more than 1e-6, or that only one of them has
differ() {
	awk -F '\t' 'NR == FNR { v[$1 FS $2 FS $3] = $4; n++; next } FNR > 1 { k = $1 FS $2 FS $3; m++
		if (!(k in v) || (v[k] - $4) ^ 2 > 1e-12) print k, v[k], $4 } END { if (n != m) print "rows", n, m }' "$2" "$1"
}

# by hand: u has {a b c}, list x a y b z; v has {a}, list b a; w has {c} and no list
printf 'u\ta\nu\tb\nu\tc\nv\ta\nw\tc\nu\ta\n' > truth
printf 'u\tx\t5\nu\ta\t4\nu\ty\t3\nu\tb\t2\nu\tz\t1\nv\tb\t2\nv\ta\t1\n' > ranked
printf 'q\ta\nq\tb\nr\ta\nr\tx\nu\tq1\n' > train
taste-eval --truth truth --train train -k 3 --bootstrap 0 ranked > out
val() { awk -F '\t' -v m="$1" '$1 == "ranked" && $2 == m { printf "%.6f", $4 }' out; }
is "recall@3 by hand: (1/3 + 1 + 0) / 3" "$(val recall)" 0.444444
is "recall_min@3 by hand" "$(val recall_min)" 0.444444
is "precision@3 by hand: (1/3 + 1/3) / 3" "$(val precision)" 0.222222
is "hr@3 by hand: 2/3" "$(val hr)" 0.666667
is "mrr@3 by hand: (1/2 + 1/2) / 3" "$(val mrr)" 0.333333
is "map@3 by hand: (1/2 / 3 + 1/2) / 3" "$(val map)" 0.222222
is "ndcg@3 by hand: (1/log2(3) / (1 + 1/log2(3) + 1/2) + 1/log2(3)) / 3" "$(val ndcg)" 0.309004
is "coverage@3 by hand: a b x of a b x q1 c" "$(val coverage)" 0.600000

# random worlds with ties, against the oracle
for seed in 1 2 3; do
	awk -v s=$seed 'BEGIN { srand(s); for (u = 0; u < 60; u++) { split("", have)
		for (i = 0; i < 40; i++) { it = int(rand() * rand() * 80); if (it in have) continue; r = rand(); have[it]
			if (r < .5) print "u" u "\ti" it > "w.train"; else if (r < .7) print "u" u "\ti" it > "w.test"; else if (r < .95) print "u" u "\ti" it "\t" int(rand() * 5) > "w.ranked" }
		for (i = 80; i < 84; i++) print "u" u "\ti" i "\t" int(rand() * 5) > "w.ranked" } }'
	taste-eval --truth w.test --train w.train --allow-extra-users --name run -k 1,5,10,50 w.ranked > ours
	python3 "$SRC/tests/oracle-metrics.py" w.test w.train w.ranked 1 5 10 50 > oracle
	is "world $seed: equal to the oracle to 1e-6, run and popularity" "$(differ ours oracle)" ""
done
sort -R w.ranked > shuffled 2>/dev/null || tac w.ranked > shuffled
taste-eval --truth w.test --train w.train --allow-extra-users --name run -k 1,5,10,50 shuffled > ours2
same "the order of lines does not matter" ours2 ours
for t in 1 7; do taste-eval -t $t --truth w.test --train w.train --allow-extra-users w.ranked > t$t; done
same "seven threads say what one says" t1 t7
is "the interval holds the value" "$(awk -F '\t' 'NR > 1 && $5 != "" && ($5 > $4 || $6 < $4)' ours | wc -l)" 0
is "and is not empty" "$(awk -F '\t' '$2 == "recall" && $6 > $5' ours | wc -l | tr -d ' ')" "$(awk -F '\t' '$2 == "recall" && $4 > 0' ours | wc -l | tr -d ' ')"
if [ -n "$DATA" ] && [ -f "$DATA/gowalla/test.txt.gz" ]; then
	for p in train test; do zcat "$DATA/gowalla/$p.txt.gz" | awk '{ for (i = 2; i <= NF; i++) print $1 "\t" $i }' > g.$p; done
	taste-train pop -o g.pop g.train
	taste-view --tensor item.count g.pop | sort -t "$T" -k2,2gr -k1,1 | head -400 | cut -f1 > g.top
	awk -F '\t' 'FILENAME == "g.top" { top[++n] = $1; next } FILENAME == "g.train" { if ($1 % 20 == 0) h[$1, $2]; next }
		$1 % 20 == 0 && !d[$1]++ { c = 0; for (i = 1; i <= n && c < 40; i++) if (!(($1, top[i]) in h)) { printf "%s\t%s\t%d\n", $1, top[i], (n - i) / 7; c++ } }' g.top g.train g.test > g.ranked
	awk -F '\t' '$1 % 20 == 0' g.test > g.some
	taste-eval --truth g.some --train g.train --name run -k 5,20 g.ranked > ours
	python3 "$SRC/tests/oracle-metrics.py" g.some g.train g.ranked 5 20 > oracle
	is "a run on gowalla: equal to the oracle to 1e-6" "$(differ ours oracle)" ""
else
	skip "a run on gowalla: equal to the oracle to 1e-6" "no gowalla data"
fi

# gains
printf 'u\ta\t1\nu\tb\t3\nu\tc\t0\n' > gains
is "gains: ndcg by hand, (1 + 3/log2(3)) / (3 + 1/log2(3))" "$(printf 'u\ta\t2\nu\tb\t1\nu\tc\t3\n' | sed 's/c\t3/c\t0/' | taste-eval --truth gains --gains --no-train -k 2 - | awk -F '\t' '$2 == "ndcg" { printf "%.6f", $4 }')" \
	"$(awk 'BEGIN { l = log(3) / log(2); printf "%.6f", (1 + 3 / l) / (3 + 1 / l) }')"

# refusals
printf 'q\ta\t1\n' > seen; printf 'q\tz\n' > tq
must_fail "a list with a training item is refused" 4 "taste-eval: seen: 1 lines recommend what the user has in train, such as 'a' to 'q'*" taste-eval --truth tq --train train seen
ok "unless --allow-seen" taste-eval --truth tq --train train --allow-seen seen
printf 'nobody\ta\t1\n' > extra
must_fail "a user without truth is refused" 4 "taste-eval: extra: 1 lines are of users without truth, such as 'nobody'*" taste-eval --truth truth --train train extra
ok "unless --allow-extra-users" taste-eval --truth truth --train train --allow-extra-users extra
printf 'u\tx\t1\nu\tx\t2\n' > twice
must_fail "an item twice in a list is refused" 4 "taste-eval: twice: item 'x' stands twice in the list of user 'u'" taste-eval --truth truth --train train twice
must_fail "no training events and no word about it" 2 "*--no-train goes without*" taste-eval --truth truth ranked
is "--no-train has no popularity row" "$(taste-eval --no-train --truth truth ranked | grep -c ^pop)" 0
must_fail "no truth" 2 "*--truth FILE*" taste-eval --train train ranked
: > empty; must_fail "an empty truth measures nothing" 4 "taste-eval: empty: there is no truth in it*" taste-eval --truth empty --train train ranked
is "an empty list is zeros" "$(taste-eval --truth truth --train train -k 3 empty | awk -F '\t' '$1 == "empty" && $2 == "recall" { print $4 }')" 0
is "--only-listed averages over users with a list" "$(taste-eval --truth truth --train train --only-listed -k 3 ranked | awk -F '\t' '$1 == "ranked" && $2 == "hr" { print $4, $7 }')" "1 2"
is "--order input takes the lines as they stand" "$(printf 'v\ta\t1\nv\tb\t2\n' | taste-eval --truth truth --no-train --only-listed --order input -k 1 | awk -F '\t' '$2 == "hr" { print $4 }')" 1
printf 'v\ta\t1\nv\tb\t2\n' > stands; taste-eval --truth truth --no-train --only-listed --order input -k 1 --write-run run stands > none
is "and what --write-run writes is that list" "$(cut -d ' ' -f 3-5 run | tr '\n' ',')" "a 1 2,b 2 1,"
cp stands of.als.tsv; cp stands of.pop.tsv; is "names go as far as they must to differ" "$(taste-eval --truth truth --no-train --only-listed -k 1 of.als.tsv of.pop.tsv | cut -f1 | uniq | tr '\n' ' ')" "model of.als of.pop "
mkdir -p d1 d2; cp stands d1; cp stands d2; must_fail "two runs of one name" 2 "*two files would be called 'stands': --name*usage:*" taste-eval --truth truth --no-train d1/stands d2/stands
must_fail "a head without train" 2 "*--head says nothing without --train*usage:*" taste-eval --head 0.5 --truth truth --no-train ranked
is "ties go by id" "$(printf 'v\tb\t1\nv\ta\t1\n' | taste-eval --truth truth --no-train --only-listed -k 1 | awk -F '\t' '$2 == "hr" { print $4 }')" 1

# TREC
taste-eval --truth truth --train train --write-run r.trec --write-qrels q.trec ranked > direct
is "a run file is a TREC run" "$(head -2 r.trec)" "u Q0 x 1 5 ranked
u Q0 a 2 4 ranked"
taste-eval --trec --truth q.trec --train train --name ranked r.trec > viatrec
same "and read back it measures the same" viatrec direct
printf 'u\ta b\t1\n' > blank; must_fail "ids with blanks cannot be TREC" 4 "*has a blank*" taste-eval --truth truth --train train --write-run x.trec blank
must_fail "a run line with five fields" 4 "*5 fields, a run line has 6" bash -c 'echo "u Q0 a 1 2" | taste-eval --trec --truth q.trec --train train'

# table, per user
like "--table is for people" "$(taste-eval --table --truth truth --train train -k 3 ranked)" "model *recall*ndcg*
ranked * 3 *0.4444 \[*pop * 3 *"
taste-eval --truth truth --train train -k 3 --per-user pu ranked > /dev/null
is "--per-user has a line for each user and model" "$(wc -l < pu)" 7
is "and a column for each mean" "$(head -1 pu | tr '\t' ' ')" "user model k recall recall_min precision hr ndcg mrr map novelty user_coverage tail_share serendipity"

# bad input
printf 'u\ta\n' > cols; must_fail "a ranked line without a score" 4 "taste-eval: cols:1: 2 fields*" taste-eval --truth truth --train train cols
printf 'u\ta\tnan\n' > nan; must_fail "NaN is no score" 4 "taste-eval: nan:1: field 3: 'nan' is not a score*" taste-eval --truth truth --train train nan
printf 'u\ta\t1e400\n' > huge; must_fail "1e400 is no score" 4 "taste-eval: huge:1: field 3: '1e400'*" taste-eval --truth truth --train train huge
printf 'u\ta\0\t1\n' > nul; must_fail "a NUL byte is told" 4 "taste-eval: nul:1: *NUL*" taste-eval --truth truth --train train nul
printf '\xef\xbb\xbfu\tx\t1\r\nu\ta\t.5' > bom; is "BOM, CRLF, no final newline" "$(taste-eval --truth truth --train train -k 2 bom | awk -F '\t' '$1 == "bom" && $2 == "mrr" { printf "%.4f", $4 }')" 0.1667
{ printf 'u\t'; head -c 10000000 /dev/zero | tr '\0' y; printf '\t1\n'; } > long; ok "a 10 MB id is fine" taste-eval --truth truth --train train long
taste-ingest tsv -b -o t.taste truth; head -c 200 t.taste > cut.taste
must_fail "a cut truth is told with its byte" 4 "taste-eval: cut.taste: *byte*" taste-eval --truth cut.taste --train train ranked
same "binary truth and training events say the same" <(taste-ingest tsv -b -o tr.taste train; taste-eval --truth t.taste --train tr.taste ranked) <(taste-eval --truth truth --train train ranked)
same "the truth through a pipe that has a name" <(taste-eval --truth <(cat truth) --train <(cat train) --name ranked <(cat ranked)) <(taste-eval --truth truth --train train ranked)
must_fail "cuts that are no numbers" 2 "*--cuts: '5,x'*" taste-eval -k 5,x --truth truth --train train ranked
must_fail "a full disk is told" 3 "*No space left on device" bash -c 'taste-eval --truth truth --train train ranked > /dev/full'

# gains, names, and who is listed
printf 'u 0 x 1\nu 0 y 5\n' > gq; printf 'u Q0 x 1 2 r\nu Q0 y 2 1 r\n' > grun
is "TREC relevances are gains only when asked" "$(taste-eval --trec --truth gq --no-train -k 2 --bootstrap 0 grun | awk '$2 == "ndcg" { print $4 }')" 1
is "and then they are" "$(taste-eval --trec --gains --truth gq --no-train -k 2 --bootstrap 0 grun | awk '$2 == "ndcg" { printf "%.4f", $4 }')" 0.7378
for g in 1e39 1e-46; do must_fail "a gain of $g" 4 "taste-eval: gt:1: a gain of * is beyond*" bash -c "printf 'u\tx\t$g\n' > gt; printf 'u\tx\t1\n' > gr; taste-eval --gains --truth gt --no-train gr"; done
printf 'item\ttime\tuser\nx\t5\tu\ny\t6\tu\n' > hn.tsv; printf 'score\titem\tuser\n1\tx\tu\n' > hr.tsv
is "-H goes by the names" "$(taste-eval -H --truth hn.tsv --no-train -k 1 --bootstrap 0 hr.tsv | awk '$2 == "precision" { print $4 }')" 1
must_fail "-H and half the names" 4 "taste-eval: hr2.tsv:1: no column is named 'score'" bash -c "printf 'item\tuser\tx\n' > hr2.tsv; taste-eval -H --truth hn.tsv --no-train hr2.tsv"
printf 'u\tx\nv\ty\n' > lt; printf 'u\tz\nw\tx\n' > ltrain; : > none
must_fail "--only-listed and nobody listed" 4 "*--only-listed leaves nobody*" taste-eval --only-listed --truth lt --train ltrain none
printf 'u\tx\t1\n' > lr; printf 'u\tx\nv\ty\n' > lt; printf 'w\tx\nw\ty\nv\tx\n' > ltrain
is "--only-listed: the popularity row shows nothing to others" "$(taste-eval --only-listed --truth lt --train ltrain -k 1 --bootstrap 0 lr | awk '$1 == "pop" && $2 == "coverage" { print $4 }')" 0.5
awk 'BEGIN { for (u = 0; u < 40000; u++) print "u" u "\ta" }' > crowd; printf 'u1\ta\t1\n' > one
is "a popularity row of two items takes room for two, however long lists may be" "$(taste-eval --truth crowd --train train -k 1000000 --bootstrap 0 one | awk -F '\t' '$1 == "pop" && $2 == "hr" { print $4 }')" 1
cp lr pop.tsv; must_fail "a file of that name" 2 "taste-eval: pop.tsv: pop is the popularity row's name*" taste-eval --truth lt --train ltrain pop.tsv
is "which has another with --name" "$(taste-eval --truth lt --train ltrain -k 1 --bootstrap 0 --name mine pop.tsv | awk 'NR > 1 { print $1 }' | uniq | tr '\n' ' ')" "mine pop "
# events that say no
printf 'u\ta\t1\tskip\nu\ta\t2\tplay\nu\tb\t3\tdislike\nv\tb\t4\thate\nw\tc\t5\tlike\n' > no.truth; printf 'u\ta\t1\nu\tb\t2\nv\tb\t1\nw\tc\t1\n' > no.lists
printf 'x\ta\t1\tplay\ny\tb\t1\tskip\nz\tb\t2\tskip\nz\tb\t2\tban\nz\tc\t2\tskip\nz\tc\t3\tplay\n' > no.train
taste-eval -v --truth no.truth --train no.train --head 0.5 -k 1,2 --bootstrap 0 no.lists > out 2> note
no() { awk -F '\t' -v n="$1" -v m="$2" -v k="$3" '$1 == n && $2 == m && $3 == k { printf "%.4f of %s", $4, $7 }' out; }
is "what was only skipped or disliked is no truth, nor is who has nothing else a user" "$(no no recall 1; echo; no no recall 2)" "0.5000 of 2
1.0000 of 2"
like "how many is told" "$(grep pairs note)" "*no.truth: 2 pairs that have only skips and dislikes are no truth and left out; 1 users have nothing else"
is "skips make nothing popular" "$(no pop hr 2)" "1.0000 of 2"
is "the head is of what was not skipped: a of a and c" "$(no no tail_share 1)" "1.0000 of 2"
same "the same of binary events" <(taste-ingest tsv -b -o no.taste no.truth; taste-eval --truth no.taste --train no.train --head 0.5 -k 1,2 --bootstrap 0 no.lists) out
same "and of events with a header, wherever the kind stands" <(awk -F '\t' 'BEGIN { OFS = FS; print "event", "item", "time", "user" } { print $4, $2, $3, $1 }' no.truth > noh.truth; { printf 'user\titem\tscore\n'; cat no.lists; } > noh.lists
	{ printf 'user\titem\ttime\tevent\n'; cat no.train; } > noh.train; taste-eval -H --name no --truth noh.truth --train noh.train --head 0.5 -k 1,2 --bootstrap 0 noh.lists) out
printf 'y\tb\t1\n' > no.seen; must_fail "a list with what was skipped in train is refused all the same" 4 "*1 lines recommend what the user has in train, such as 'b' to 'y'*" taste-eval --truth <(printf 'y\tq\n') --train no.train no.seen
must_fail "gains of events" 4 "taste-eval: no.truth:1: an event, which has no gain" taste-eval --gains --truth no.truth --no-train no.lists
must_fail "gains of binary events" 4 "taste-eval: no.taste: *: an event, which has no gain" taste-eval --gains --truth no.taste --no-train no.lists
like "a truth that stands in train is told" "$(taste-eval --truth <(printf 'q\ta\nq\tz\n') --train train --name n empty 2>&1 > none)" "taste-eval: /dev/fd/*: 1 of 2 pairs of the truth are in train: no list may have them"
printf 'q\ta\t1700000000\tplay\t3\n' > ev; must_fail "events are no list" 4 "taste-eval: ev:1: an event, which has no score: fields 3 and 4 are a time and 'play'*" taste-eval --truth truth --train train ev
ok "but counts of a source are scores, and a reason may be any" taste-eval --truth <(printf 'q\ta\n') --no-train <(printf 'q\ta\t1700000000\tplays\nq\tb\t3\tplay\nq\tc\t1700000000.5\tlike\n')
ok "and a header knows what is a score" taste-eval -H --truth <(printf 'user\titem\nq\ta\n') --no-train <(printf 'user\titem\tscore\twhat\nq\ta\t1700000000\tplay\n')
printf 'user\titem\nq\ta\n' > htruth; printf 'user\titem\tscore\nq\ta\t1\n' > hlist; must_fail "a truth with names and without -H" 4 "taste-eval: htruth:1: this looks like a line of column names, which -H announces" taste-eval --truth htruth --no-train <(printf 'q\ta\t1\n')
must_fail "and lists" 4 "taste-eval: hlist:1: this looks like a line of column names, which -H announces" taste-eval --truth <(printf 'q\ta\n') --no-train hlist
ok "both with it" taste-eval -H --truth htruth --no-train hlist
ok "a user who is called user has items" taste-eval --truth <(printf 'q\ta\nuser\titem\n') --no-train <(printf 'user\titem\t1\nuser\ta\tnone\n' | head -1)
must_fail "an empty train" 4 "taste-eval: empty: there are no events in it*" taste-eval --truth truth --train empty ranked
must_fail "--name pop" 2 "*--name pop is the popularity row's*" taste-eval --name pop --truth lt --train ltrain lr
done_testing
