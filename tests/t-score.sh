# taste-score: what a model of any kind thinks of the whole catalogue, and its bad inputs.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
taste-synth --users 150 --events 9000 -s 3 --music 300 -o log.tsv; taste-split ratio --test 0.3 -o s log.tsv
for k in pop als ease graph softmax; do taste-train $k $([ $k = als ] || [ $k = softmax ] && echo "-d 12 -e 3") $([ $k = graph ] && echo "--rank 20") -o $k.taste s.train.tsv; done
for k in pop als ease graph softmax; do
	for t in 1 2 7; do taste-score -m $k.taste -t $t -k 15 -o $k.$t s.train.tsv; done
	same "$k: two threads score as one" $k.1 $k.2; same "$k: seven too" $k.1 $k.7
	for cpu in $(taste-score -V | sed -n 's/^cpu paths: *//p'); do taste-score -m $k.taste --cpu $cpu -k 15 -o cpu s.train.tsv; same "$k: --cpu $cpu: the same" cpu $k.1; done
	is "$k: nobody gets what they have" "$(cut -f1,2 $k.1 | sort | comm -12 - <(cut -f1,2 s.train.tsv | sort -u) | wc -l)" 0
	is "$k: as many as were asked for, best first" "$(awk -F '\t' '{ n[$1]++; if ($1 == u && $3 > last) bad++; u = $1; last = $3 } END { for (k in n) if (n[k] != 15) bad++; print bad + 0 }' $k.1)" 0
	is "$k: the source is its kind" "$(cut -f4 $k.1 | sort -u)" $k
	taste-score -m $k.taste -b -k 15 -o bin.taste s.train.tsv; taste-view bin.taste > bin.tsv; same "$k: binary holds the same" bin.tsv $k.1
	is "$k: it is all in the history" "$(taste-view -i bin.taste | grep -c 'taste-score\|taste-train')" 2
done
for t in 1 2 7; do taste-train graph --rank 20 -t $t -o g$t s.train.tsv; done; same "graph: two threads learn as one" g1 g2; same "seven too" g1 g7
for cpu in $(taste-train -V | sed -n 's/^cpu paths: *//p'); do taste-train graph --rank 20 --cpu $cpu -o g s.train.tsv; same "graph: --cpu $cpu learns the same" g g1; done
taste-embed -m als.taste --items all -o items.vecs; taste-embed -m als.taste --fold s.train.tsv | taste-knn search -k 15 --exclude s.train.tsv --source als items.vecs > knn.tsv
same "als: what folding in and a search find" als.1 knn.tsv
taste-embed -m softmax.taste --items all -o items.vecs; taste-embed -m softmax.taste --fold s.train.tsv | taste-knn search -k 15 --exclude s.train.tsv --source softmax items.vecs > knn.tsv
same "softmax: what folding in and a search find" softmax.1 knn.tsv
cut -f1 s.train.tsv | sort -u | head -3 | while read -r u; do grep "^$u$T" s.train.tsv; done > three.tsv
is "a listener's scores do not depend on others" "$(taste-score -m graph.taste -k 15 three.tsv | sort | cksum)" "$(grep -F -f <(cut -f1 three.tsv | sort -u | sed "s/\$/$T/") graph.1 | grep -E "^($(cut -f1 three.tsv | sort -u | paste -sd'|'))$T" | sort | cksum)"
is "nor on the order of events" "$(shuf --random-source=<(yes) three.tsv | taste-score -m graph.taste -k 15 | sort | cksum)" "$(taste-score -m graph.taste -k 15 three.tsv | sort | cksum)"
hits() { taste-eval --truth s.test.tsv --train s.train.tsv --bootstrap 0 -k 10 --allow-extra-users "$1" | awk '$2 == "recall" && $1 != "pop" { print $4 }'; }
is "ease finds more than popularity does" "$(echo "$(hits ease.1) $(hits pop.1)" | awk '{ print ($1 > 1.3 * $2) ? "yes" : $0 }')" yes
is "graph finds more than popularity does" "$(echo "$(hits graph.1) $(hits pop.1)" | awk '{ print ($1 > 1.3 * $2) ? "yes" : $0 }')" yes
is "the item vectors of a graph are there to be searched" "$(taste-embed -m graph.taste --items all | head -1 | awk -F '\t' '{ print NF }')" 21
must_fail "those of users are not" 4 "*a model of kind graph has no vectors of users: fold in their events, or ask taste-score" taste-embed -m graph.taste --users all
taste-train graph --rank 0 -o g0 s.train.tsv; ok "no low-pass filter" taste-score -m g0 s.train.tsv
ok "more singular vectors than there are" taste-train graph --rank 4000 -o gmany s.train.tsv
is "a stranger gets nothing, and it is told" "$(printf 'x\tno such item\n' | taste-score -m graph.taste 2>&1)" "taste-score: 1 items are unknown to graph.taste: their events do not count
taste-score: 1 of 1 listeners have no item of weight that graph.taste knows: nothing for them"
is "but popularity is for all" "$(printf 'x\tno such item\n' | taste-score -q -m pop.taste -k 3 | wc -l)" 3
item=$(cut -f2 s.train.tsv | head -1)
is "skips are not liked, and not offered again" "$(printf 'x\t%s\t1\tskip\nx\t%s\t1\tplay\n' m000001 "$item" | taste-score -m graph.taste -k 400 | grep -c "m000001\|$item")" 0
is "--keep offers what they have" "$(printf 'x\t%s\n' "$item" | taste-score -m graph.taste -k 400 --keep | cut -f2 | grep -c "$item")" 1
is "--exclude" "$(printf 'x\t%s\n' "$item" | taste-score -m graph.taste -k 1000 --exclude <(sed 's/^[^\t]*/x/' s.test.tsv) | cut -f2 | sort | comm -12 - <(cut -f2 s.test.tsv | sort -u) | wc -l)" 0
is "--keep with --exclude offers what they have, but not what is excluded" "$(printf 'x\t%s\nx\tm000002\n' "$item" | taste-score -m graph.taste -k 400 --keep --exclude <(printf 'x\tm000002\nx\tm000003\n') | cut -f2 | grep -c "$item\|m000002\|m000003")" 1
is "--source" "$(taste-score -m pop.taste -k 1 --source mine three.tsv | cut -f4 | sort -u)" mine
: > empty; is "nothing in, nothing out" "$(taste-score -m graph.taste empty; echo $?)" 0
is "BOM, CRLF, no final newline" "$(printf '\xef\xbb\xbfx\t%s\t1\r\nx\t%s\t2' "$item" m000002 | taste-score -m graph.taste -k 2 | wc -l)" 2
printf 'u\n' > one; must_fail "one column is told" 4 "taste-score: one:1: 1 field*" taste-score -m graph.taste one
printf 'u\ti\0\n' > nul; must_fail "a NUL byte is told" 4 "taste-score: nul:1: *NUL*" taste-score -m graph.taste nul
taste-train ease --confidence linear -o linear.taste s.train.tsv; awk -F '\t' -v OFS='\t' 'NR < 4 { print "x", $2, $3, "plays", NR == 1 ? "1e308" : 1 }' s.train.tsv > huge.tsv
must_fail "ease: scores that are no numbers are told, not written" 4 "taste-score: linear.taste: a score is not finite" taste-score -m linear.taste huge.tsv
awk 'BEGIN { for (i = 0; i < 5; i++) print "u\ti" i "\t1\tplays\t" (i ? 1 : "1e300") }' > counts.tsv
must_fail "pop: also counts beyond a float" 4 "taste-score: counts.taste: a score is not finite" bash -c 'taste-train pop --count events counts.tsv > counts.taste; taste-score --keep -m counts.taste counts.tsv'
printf 'a\tx\t1\tplay\na\ty\t1\tplay\nb\tx\t1\tplay\nb\tz\t1\tskip\nc\ty\t1\tplay\n' | taste-train als -d 1 --unobserved 0 -o skipped.taste; printf 'n\tz\t1\tplay\nm\tx\t1\tplay\n' > of.skipped
is "als: a listener of items that all others skipped does not end it" "$(taste-score -m skipped.taste -k 1 of.skipped 2>&1 | cut -f1,3 | sed 's/m.*/m/' | tr '\t\n' '  ')" "n 0 m "
is "als: nor are there reasons" "$(printf 'n\tx\t1\n' | taste-rank -q --why skipped.taste --seen of.skipped 2>&1 | cut -f4)" "candidate #1"
must_fail "no model" 2 "*which model? -m FILE*" taste-score s.train.tsv
must_fail "a model that is none" 4 "taste-score: s.train.tsv: *" taste-score -m s.train.tsv three.tsv
bad=0; n=$(wc -c < graph.taste); for i in 1 2 3 4 5 6 7 8 9; do head -c $((n * i / 10)) graph.taste > cut; taste-score -m cut three.tsv > none 2> none; [ $? -eq 4 ] || bad=$((bad + 1)); done; is "a model cut anywhere is told" $bad 0
bad=0; for i in $(seq 60 997 "$n"); do cp graph.taste flip; printf '\xa5' | dd of=flip bs=1 seek="$i" conv=notrunc 2> none; cmp -s flip graph.taste && continue; taste-score -m flip three.tsv > out 2> none; r=$?; [ $r -eq 4 ] || cmp -s out <(taste-score -m graph.taste three.tsv) || bad=$((bad + 1)); done; is "a byte flipped anywhere changes no score" $bad 0
must_fail "one standard input" 2 "*standard input can be read only once*" taste-score -m - - 
must_fail "a full disk is told" 3 "taste-score: *No space left on device" bash -c 'taste-score -m graph.taste s.train.tsv > /dev/full'
is "a closed reader ends it quietly" "$(bash -c 'taste-score -m graph.taste -k 300 s.train.tsv | head -1 | wc -l; echo "${PIPESTATUS[0]}"' 2>&1 | tr '\n' ' ')" "1 141 "
must_fail "an option of another kind" 2 "*--rank is an option of graph*" taste-train als --rank 3 s.train.tsv
must_fail "no event of weight" 4 "taste-train: no events to learn from: those read all weigh 0" bash -c 'printf "u\ti\t1\tskip\n" | taste-train graph'
done_testing
