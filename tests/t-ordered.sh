# Models that read a listener's events in order, by whatever asks them: taste-score, taste-embed, taste-rank, and as part of a blend.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
taste-synth --users 150 --events 9000 -s 3 --music 300 --items items.tsv -o log.tsv; taste-split time --valid 0 --test 0.2 -o s log.tsv
taste-train seq -q -d 16 -e 2 --length 40 -o seq.taste s.train.tsv
taste-train seq -q -d 16 -e 2 --length 40 --items items.tsv --features gap,hour,device,time -o kinds.taste s.train.tsv
taste-train session -q -d 16 -e 3 -o session.taste s.train.tsv
taste-train als -d 8 -e 3 -o als.taste s.train.tsv
taste-view -b --as events -o train.taste s.train.tsv
cut -f1 s.train.tsv | sort -u | head -5 > five; grep -wFf five s.train.tsv > five.tsv

for k in seq kinds session; do
	taste-score -q -m $k.taste -t 1 -k 15 -o $k.1 s.train.tsv
	for t in 2 7; do taste-score -q -m $k.taste -t $t -k 15 -o got s.train.tsv; same "$k: $t threads score as one" got $k.1; done
	for cpu in $(taste-score -V | sed -n 's/^cpu paths: *//p'); do taste-score -q -m $k.taste --cpu $cpu -k 15 -o got s.train.tsv; same "$k: --cpu $cpu: the same" got $k.1; done
	is "$k: nobody gets what they have" "$(cut -f1,2 $k.1 | sort | comm -12 - <(cut -f1,2 s.train.tsv | sort -u) | wc -l)" 0
	is "$k: as many as were asked for, best first" "$(awk -F '\t' '{ n[$1]++; if ($1 == u && $3 > last) bad++; u = $1; last = $3 } END { for (k in n) if (n[k] != 15) bad++; print bad + 0 }' $k.1)" 0
	is "$k: the source is its kind" "$(cut -f4 $k.1 | sort -u)" "$(taste-view $k.taste | awk -F '\t' '$1 == "kind" { print $2 }')"
	taste-score -q -m $k.taste -k 15 -o got train.taste; same "$k: a binary log scores as text" got $k.1
	head -2000 s.train.tsv > a; tail -n +2001 s.train.tsv > b; taste-score -q -m $k.taste -k 15 -o got a b; same "$k: and so does one in two files" got $k.1
	taste-score -q -m $k.taste -k 15 s.train.tsv | sort > want; taste-score -q -m $k.taste -k 15 b a | sort > got; same "$k: whichever is read first, times being different" got want
	taste-score -q -m $k.taste -k 15 five.tsv | sort > got; grep -wFf five $k.1 | sort > want; same "$k: a listener's scores do not depend on others" got want
done
{ seq 300 | awk '{ print "crowd\tm000009\t" $1 "\tplay\t\tdevice=d" $1 }'; cat five.tsv; } > crowd.tsv
taste-score -q -m kinds.taste -k 15 crowd.tsv | grep -v "^crowd$T" | sort > got; grep -wFf five kinds.1 | sort > want; same "kinds: nor on how many devices others have" got want
awk -F '\t' '{ print $1 "\t" $2 }' five.tsv > notime; tac notime > turned
{ cat five.tsv; sed 's/.*/&\tm000009\t2000000000\tskip/' five; } > skipped
for k in seq session; do
	is "$k: without times the order read is the order" "$(taste-score -q -m $k.taste notime | sort | cksum | cut -c1-5)" "$(awk -F '\t' '{ print $0 "\t" NR }' notime | shuf --random-source=<(yes) | taste-score -q -m $k.taste | sort | cksum | cut -c1-5)"
	is "$k: and counts" "$(cmp -s <(taste-score -q -m $k.taste notime | sort) <(taste-score -q -m $k.taste turned | sort); echo $?)" 1
	grep -v m000009 $k.1 | grep -wFf five | sort > want; taste-score -q -m $k.taste -k 16 skipped | grep -v m000009 | awk -F '\t' 'n[$1]++ < 15' | sort > got
	cmp -s want got; echo $? > differs.$k
done
is "seq: a skip is read" "$(cat differs.seq)" 1
is "session: a skip is not" "$(cat differs.session)" 0
tail -n +1 s.train.tsv | sort -s -t "$T" -k1,1 -k3,3n | awk -F '\t' '{ l[$1] = l[$1] $0 "\n"; n[$1]++ } END { for (u in l) { m = split(l[u], e, "\n") - 1; for (i = m > 40 ? m - 39 : 1; i <= m; i++) print e[i] } }' > last
taste-score -q --keep -m seq.taste s.train.tsv | sort > want; taste-score -q --keep -m seq.taste last | sort > got; same "no more than the last --length are looked at" got want

# vectors
for k in session seq; do
	taste-embed -q -m $k.taste s.train.tsv > fold.vecs
	is "$k: one vector a listener, in order of first sight" "$(cut -f1 fold.vecs)" "$(cut -f1 $k.1 | uniq)"
	for t in 1 7; do taste-embed -q -m $k.taste -t $t s.train.tsv > got; same "$k: $t threads fold as they should" got fold.vecs; done
	taste-embed -m $k.taste --items all -b -o items.vecs
	taste-knn search -k 15 --exclude s.train.tsv --source $k items.vecs fold.vecs > got; same "$k: what folding in and a search find is what taste-score does" got $k.1
done
like "who has nothing of weight is left out and counted" "$(printf 'a\tm000001\tx\nb\tnothing\n' | cut -f1,2 | taste-embed -m seq.taste 2>&1 >/dev/null | tr '\n' ' ')" "*of 2 users have no item of weight*"
must_fail "a model of several kinds of content has to be told which" 2 "taste-embed: --kind: kinds.taste has *'music', 'podcast', 'audiobook'*" taste-embed -m kinds.taste five.tsv
must_fail "a kind that it does not know" 2 "taste-embed: --kind: kinds.taste has *" taste-embed -m kinds.taste --kind radio five.tsv
must_fail "a model of one" 2 "taste-embed: --kind: seq.taste knows no kinds *" taste-embed -m seq.taste --kind music five.tsv
awk -F '\t' -v OFS='\t' '{ $2 = "music" } 1' items.tsv > one.tsv
taste-train seq -q -d 8 --layers 1 -e 1 --items one.tsv -o one.taste s.train.tsv; taste-embed -m one.taste five.tsv > want; taste-embed -m one.taste --kind music five.tsv > got; same "a catalogue of one kind names it" got want
must_fail "and no other" 2 "taste-embed: --kind: one.taste has vectors of these kinds of content, *: 'music'" taste-embed -m one.taste --kind radio five.tsv
must_fail "models that do not tell kinds apart" 2 "taste-embed: --kind: *als*" taste-embed -m als.taste --kind music five.tsv
must_fail "--kind is of those folded in" 2 "taste-embed: --kind *" taste-embed -m kinds.taste --kind music --items all
awk -F '\t' '$2 == "music" { print $1 }' items.tsv | grep -xFf <(cut -f2 s.train.tsv | sort -u) | taste-embed -m kinds.taste --items - > music.vecs
taste-score -q -m kinds.taste -k 100000 five.tsv | grep "${T}m" | awk -F '\t' 'n[$1]++ < 5' | cut -f1,2 > want
taste-embed -m kinds.taste --kind music five.tsv | taste-knn search -k 5 --exclude five.tsv music.vecs | cut -f1,2 > got
same "vectors of a kind find that kind's in the order of their scores" got want

# lists
taste-rank -k 15 --score seq.taste --seen five.tsv <(taste-score -q -m als.taste -k 100000 five.tsv) 2> err | cut -f1,2 > got; grep -wFf five seq.1 | cut -f1,2 > want
same "taste-rank --score puts candidates in the order of taste-score" got want
must_fail "--why has nothing to say of it" 4 "taste-rank: seq.taste: *cannot be taken apart*" taste-rank --why seq.taste --seen five.tsv als.cand

# a blend
taste-train blend --part seq.taste --part als.taste --part kinds.taste --part session.taste --weights 0.4,0.3,0.2,0.1 -o blend.taste
taste-score -q -m blend.taste -k 15 -t 1 -o blend.1 s.train.tsv; taste-score -q -m blend.taste -k 15 -t 7 -o blend.7 s.train.tsv; same "blend: seven threads score as one" blend.1 blend.7
taste-train blend --part seq.taste --part als.taste --weights 1,0 -o alone.taste; taste-score -q -m alone.taste -k 15 s.train.tsv | cut -f1,2 > got; cut -f1,2 seq.1 > want
same "blend: by one part alone, the same lists" got want
taste-train blend -q --part seq.taste --part als.taste --valid s.test.tsv --fit-users 60 -o fit.taste s.train.tsv
is "blend: weights are fitted" "$(taste-view --tensor weight fit.taste | awk '{ s += $NF } END { print NR, (s > 0.999 && s < 1.001) }')" "2 1"
taste-score -q -m blend.taste five.tsv > cand; taste-rank --score blend.taste --why blend.taste --seen five.tsv cand > got
is "blend: --why names what the part says that can be taken apart" "$([ "$(grep -c because got)" -gt 25 ] && echo "most lines")" "most lines"

: > empty; is "no events, no lines" "$(taste-score -m seq.taste empty; taste-embed -m seq.taste empty; echo $?)" 0
must_fail "a bad event is told" 4 "taste-score: bad:2: *" bash -c "printf 'a\tb\na\n' > bad; taste-score -m seq.taste bad"
done_testing
