# taste-train: the same bytes whatever the machine does, counts against awk, quality on a known world, bad inputs.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')

# log N SEED : N events of 300 listeners of 5 tastes; an item i belongs to taste i % 5 and low numbers are popular
log() { awk -v n="$1" -v s="$2" 'BEGIN { srand(s); for (i = 0; i < n; i++) { u = int(rand() * 300); t = rand() < 0.8 ? u % 5 : int(rand() * 5)
	k = rand(); e = k < 0.8 ? "play" : k < 0.9 ? "skip" : k < 0.95 ? "like" : ""
	printf "u%d\ti%d\t%d\t%s\n", u, int(80 * rand() ^ 2) * 5 + t, 1700000000 + i * 60, e } }'; }
log 12000 1 > log.tsv
taste-ingest tsv -b -o log.taste log.tsv

# the same bytes
taste-train als -d 24 -e 3 -t 1 log.tsv > t1
for t in 2 7; do taste-train als -d 24 -e 3 -t $t log.tsv > t; same "als: -t $t writes the bytes of -t 1" t t1; done
for cpu in $(taste-train -V | sed -n 's/^cpu paths: *//p'); do
	taste-train als -d 24 -e 3 --cpu $cpu log.tsv > cpu.taste; same "als: --cpu $cpu writes the same bytes" cpu.taste t1
	taste-train pop --half-life 3 --cpu $cpu log.tsv > cpu.taste; taste-train pop --half-life 3 -t 7 log.tsv > pop.taste
	same "pop: --cpu $cpu writes the same bytes" cpu.taste pop.taste
	taste-train ease --top 30 --cpu $cpu log.tsv > cpu.taste; taste-train ease --top 30 -t 1 log.tsv > ease.taste
	same "ease: --cpu $cpu writes the same bytes" cpu.taste ease.taste
done
for t in 2 7; do taste-train ease --top 30 -t $t log.tsv > t; same "ease: -t $t writes the bytes of -t 1" t ease.taste; done
taste-train ease --top 30 -v log.tsv > v.taste 2> ease.err; same "ease: -v does not change the model" v.taste ease.taste
taste-train als -d 24 -e 3 -o o.taste log.tsv; same "-o writes what stdout gets" o.taste t1
taste-train als -d 24 -e 3 < log.tsv > stdin.taste; same "stdin is read like a file" stdin.taste t1
taste-train als -d 24 -e 3 -v log.tsv > v.taste 2> v.err; same "-v does not change the model" v.taste t1
taste-train als -d 24 -e 3 -s 2 log.tsv > s2; cmp -s s2 t1 && fail "another seed gives another model" || pass "another seed gives another model"
head -5000 log.tsv > a; tail -n +5001 log.tsv | gzip > b.gz
taste-train als -d 24 -e 3 a b.gz | taste-embed -m - --users all > two.vecs; taste-embed -m t1 --users all > one.vecs
same "two files, one of them gzipped, are one log" two.vecs one.vecs
taste-train als -d 24 -e 3 log.taste | taste-embed -m - --users all > bin.vecs; same "a binary log gives the vectors of its text" bin.vecs one.vecs

# the loss
is "-v writes a row of loss for each epoch" "$(grep -c "^[0-9]*$T" v.err)" 3
is "with its names above" "$(grep ^epoch v.err)" "epoch${T}loss${T}observed${T}unobserved${T}regularisation${T}seconds"
is "its parts add up and it falls" "$(grep "^[0-9]*$T" v.err | awk -F '\t' '{ d = $2 - $3 - $4 - $5; if (d * d > 1e-9 * $2 * $2 || (NR > 1 && $2 >= last)) print; last = $2 }')" ""
is "without -v nothing is said" "$(taste-train als -d 4 -e 1 log.tsv 2>&1 >/dev/null)" ""

# what is learnt: nearest by vector are of the same taste
taste-train als -d 8 -e 8 log.tsv > als.taste
taste-embed -m als.taste --items all > items.vecs
taste-embed -m als.taste --users all | taste-knn search -k 10 items.vecs |
	awk -F '\t' '{ u = substr($1, 2) % 5; i = substr($2, 2) % 5; n++; hit += u == i } END { exit !(hit / n > 0.9) }' &&
	pass "als finds the taste of each listener" || fail "als finds the taste of each listener"

# the floor on real data; hyper-parameters were chosen on valid
title="gowalla, train and valid to learn from, d 64: recall@20 is at least 0.155 over the whole catalogue"
if [ -n "$DATA" ] && [ -d "$DATA/gowalla" ]; then
	pairs() { for part; do zcat "$DATA/gowalla/$part.txt.gz"; done | awk '{ for (i = 2; i <= NF; i++) print "u" $1 "\ti" $i }'; }
	pairs train valid > fit.tsv
	taste-train als -d 64 -e 4 --damp 0.3 --lambda 0.003 -o g.taste fit.tsv
	taste-embed -m g.taste --items all -b -o g.items
	taste-embed -m g.taste --users all -b | taste-knn search -k 20 --exclude fit.tsv g.items > g.cand
	pairs test | awk -F '\t' 'NR == FNR { if (!n[$1]++) users++; truth[$1, $2] = 1; next } ($1, $2) in truth { sum += 1 / n[$1] }
		END { printf "recall@20 %.4f of %d users\n", sum / users, users; exit !(users == 29858 && sum / users >= 0.155) }' - g.cand > recall &&
		pass "$title" || fail "$title" "$(cat recall)"
else skip "$title" "no gowalla under TASTE_DATA"; fi

# ease: three items by hand (users a b and b c, lambda 1: see u-ease.c)
printf '1\ta\n1\tb\n2\tb\n2\tc\n' > abc.tsv
taste-train ease --lambda 1 --dropout 0 --top 0 abc.tsv > abc.taste
is "ease: the weights of three items are those by hand" "$(taste-view --tensor item.sim.val abc.taste | awk '{ printf "%.4f ", $NF }')" \
	"0.5000 -0.2000 0.4000 0.4000 -0.2000 0.5000 "
is "ease: -v says how long each step took" "$(grep -c "^items${T}pairs${T}weights${T}gram${T}inverse${T}prune" ease.err)" 1
is "ease: with items, pairs and weights" "$(awk -F '\t' 'NF == 6 && $1 + 0 > 0 { print $1, $2, ($3 > 29 * ($1 - 1)) }' ease.err)" "$(grep -v "${T}skip" log.tsv | cut -f1,2 | sort -u | awk '{ i[$2]; n++ } END { print length(i), n, 1 }')"
like "ease: the model says how it was made" "$(taste-view -i ease.taste)" "*taste-train*ease --top 30*"
is "ease: and all its options, those at their defaults too" "$(taste-view ease.taste | awk -F '\t' '$1 ~ /^(kind|lambda|dropout|top|min_users|shape|weight|n_users|n_events)$/ { print $1 "=" $2 }' | sort | tr '\n' ' ')" \
	"dropout=0.2 kind=ease lambda=100 min_users=1 n_events=12000 n_users=300 shape=binary top=30 weight=*=1,ban=0,dislike=0,hate=0,skip=0,unlike=0 "
is "ease: one user is enough" "$(printf 'a\tx\na\ty\n' | taste-train ease --lambda 1 --dropout 0 | taste-view --tensor item.sim.val | awk '{ printf "%.4f ", $NF }')" "0.5000 0.5000 "
ok "ease: and so is one event" taste-train ease -o m <(printf 'a\tx\n')
is "ease: --min-users leaves items out of the weights, not out of the model" \
	"$(printf '1\tz\n' | cat - abc.tsv | taste-train ease --lambda 1 --min-users 2 | taste-view | awk '$1 == "n_items" || $1 == "n_kept" { print $2 }' | tr '\n' ' ')" "4 1 "
must_fail "ease: more memory than -M" 3 "taste-train: ease of * items needs *MB of memory and may use 1.0 MB (-M)*" taste-train ease -M 1M log.tsv
must_fail "ease: no inverse" 4 "taste-train: item 'x' follows from the other items*--lambda*" taste-train ease --lambda 0 --dropout 0 <(printf 'a\tx\na\ty\nb\tx\nb\ty\n')
for v in als ease; do must_fail "$v: a pair that weighs next to nothing is named" 4 "taste-train: user 'u', item 'j': the pair weighs 0, which is not positive and finite" taste-train $v --confidence log --weight tiny=1e-30 <(printf 'u\ti\nu\tj\t1\ttiny\n'); done
for v in pop ease; do must_fail "$v: no seed" 2 "*-s: nothing is drawn by $v*" taste-train $v -s 1 abc.tsv; done
must_fail "graph: --iterations of no vectors" 2 "*--iterations are of a --rank above 0*" taste-train graph --rank 0 --iterations 6 abc.tsv
must_fail "ease: nobody left" 4 "taste-train: no item has 9 users, which --min-users asks for" taste-train ease --min-users 9 abc.tsv
awk 'BEGIN { for (i = 0; i < 3000; i++) print "u" i "\ti" i }' > wide.tsv
if can_limit_memory; then must_fail "ease: a share of memory is of what the process may have" 3 "*may use 19.1 MB (-M)*" bash -c 'ulimit -v 976563; taste-train ease --min-users 1 -M 2% wide.tsv'
else skip "ease: a share of memory is of what the process may have" "a sanitizer wants all addresses"; fi
must_fail "ease: -M that is no size" 2 "*-M: 'much' is neither a size*" taste-train ease -M much abc.tsv
must_fail "ease: -M of no share" 2 "*-M: '0%' is not a share above 0% and up to 100%*" taste-train ease -M 0% abc.tsv
must_fail "ease: a dropout of 1" 2 "*--dropout: '1'*" taste-train ease --dropout 1 abc.tsv
must_fail "ease: an option of als" 2 "*--dim is an option of als*" taste-train ease -d 8 abc.tsv
must_fail "ease: an age that could not count" 2 "*--half-life needs --confidence linear or log*" taste-train ease --half-life 8 abc.tsv
must_fail "pop: an option of als and ease" 2 "*--lambda is an option of als, ease and trees*" taste-train pop --lambda 8 abc.tsv
must_fail "als: an option of ease" 2 "*--top is an option of ease*" taste-train als --top 8 abc.tsv
must_fail "an ease model has no vectors" 4 "*a model of kind ease has no vectors*" taste-embed -m ease.taste --items all

# softmax
sm="taste-train softmax -d 24 -e 3"
$sm -t 1 log.tsv > sm.taste
for t in 2 7; do $sm -t $t log.tsv > t; same "softmax: -t $t writes the bytes of -t 1" t sm.taste; done
for cpu in $(taste-train -V | sed -n 's/^cpu paths: *//p'); do $sm --cpu $cpu log.tsv > cpu.taste; same "softmax: --cpu $cpu writes the same bytes" cpu.taste sm.taste; done
$sm --negatives 100 -t 1 log.tsv > n1; $sm --negatives 100 -t 7 log.tsv > n7; same "softmax: drawn items are the same for seven threads" n7 n1
cmp -s n1 sm.taste && fail "softmax: drawing items is another sum" || pass "softmax: drawing items is another sum"
$sm -s 2 log.tsv > s2; cmp -s s2 sm.taste && fail "softmax: another seed gives another model" || pass "softmax: another seed gives another model"
$sm -v log.tsv > v.taste 2> v.err; same "softmax: -v does not change the model" v.taste sm.taste
is "softmax: -v writes a row for each epoch, and the loss falls" "$(grep "^[0-9]*$T" v.err | awk -F '\t' 'NF == 3 && (NR == 1 || $2 < last) { n++ } { last = $2 } END { print n }')" 3
taste-train softmax -d 8 log.tsv > sm8.taste; taste-embed -m sm8.taste --items all > items.vecs
taste-embed -m sm8.taste --users all | taste-knn search -k 10 items.vecs |
	awk -F '\t' '{ u = substr($1, 2) % 5; i = substr($2, 2) % 5; n++; hit += u == i; if ($3 > 1.00001) long++ } END { exit !(hit / n > 0.9 && !long) }' &&
	pass "softmax finds the taste of each listener, and its scores are cosines" || fail "softmax finds the taste of each listener, and its scores are cosines"
is "softmax: the model has all its options" "$(taste-view sm.taste | awk -F '\t' '$1 ~ /^(kind|d|epochs|layers|negatives|batch|seed|shape|weight|n_users|n_events)$/ { print $1 "=" $2 }' | sort | tr '\n' ' ')" \
	"batch=10 d=24 epochs=3 kind=softmax layers=2 n_events=12000 n_users=300 negatives=0 seed=1 shape=binary weight=*=1,ban=0,dislike=0,hate=0,skip=0,unlike=0 "
is "softmax: what was only skipped has the zero vector" "$(printf 'a\tx\na\ty\t\tskip\n' | taste-train softmax -d 2 | { cat > z.taste; echo y | taste-embed -m z.taste --items -; })" "y${T}0${T}0"
printf 'a\tx\t\tplays\t0\na\ty\t\tplays\t7\nb\tx\nb\ty\n' > v.tsv; taste-train softmax -d 2 -e 1 --value play=log v.tsv > v.taste
is "softmax: what an event's value means is in the model, and a count of 0 is no pair" "$(taste-view v.taste | awk -F '\t' '$1 ~ /^(value|n_pairs)$/ { print $1 "=" $2 }' | sort | tr '\n' ' ')" "n_pairs=3 value=*=ignore,play=log,plays=linear "
must_fail "softmax: pairs do not age" 2 "*--half-life is an option of pop, als and ease*" taste-train softmax --half-life 3 abc.tsv
must_fail "softmax: an option of graph" 2 "*--rank is an option of graph*" taste-train softmax --rank 8 abc.tsv
must_fail "graph: an option of softmax" 2 "*--layers is an option of softmax*" taste-train graph --layers 3 abc.tsv
must_fail "softmax: no layers" 2 "*number of layers is not in 1..8*" taste-train softmax --layers 0 abc.tsv
must_fail "softmax: no temperature" 2 "*--temperature: '0'*" taste-train softmax --temperature 0 abc.tsv

# pop against awk
counts() { taste-train pop "$@" | taste-view --tensor item.count | awk -F '\t' '{ printf "%s\t%.9g\n", $1, $2 }' | sort; }
awk -F '\t' '{ c[$2] += 0; if ($4 != "skip" && !s[$1, $2]++) c[$2]++ } END { for (i in c) print i "\t" c[i] }' log.tsv | sort > want
counts log.tsv > got; same "pop counts distinct users, skips left out" got want
awk -F '\t' '{ c[$2] += $4 == "skip" ? 0 : $4 == "like" ? 3 : 1 } END { for (i in c) print i "\t" c[i] }' log.tsv | sort > want
counts --count events --weight like=3 log.tsv > got; same "pop --count events adds up weights" got want
awk -F '\t' '{ c[$2] += $4 == "skip" ? 0 : 2 ^ (-(1700000000 + 11999 * 60 - $3) / 86400 / 2) } END { for (i in c) printf "%s\t%.9g\n", i, c[i] }' log.tsv | sort > want
counts --count events --half-life 2 log.tsv > got; same "pop --half-life halves what is so much older than the newest" got want
sort -r log.tsv | counts --count events --half-life 2 > got; same "whatever the order of the log" got want

# what the file says of itself
taste-train als -d 7 -e 2 --lambda 0.01 -t 2 -o m.taste log.taste
like "the model says how it was made, and from what" "$(taste-view -i m.taste)" "*taste-ingest*taste-train*als -d 7 -e 2 --lambda 0.01*taste:*"
is "and all its options, those at their defaults too" "$(taste-view m.taste | awk -F '\t' '$1 ~ /^(kind|d|epochs|lambda|nu|unobserved|damp|stddev|seed|shape|weight|n_users|n_events)$/ { print $1 "=" $2 }' | sort | tr '\n' ' ')" \
	"d=7 damp=0.2 epochs=2 kind=als lambda=0.01 n_events=12000 n_users=300 nu=1 seed=1 shape=log stddev=0.1 unobserved=20 weight=*=1,ban=0,dislike=0,hate=0,skip=0,unlike=0 "

# weights
taste-train als -d 4 -e 2 --weight skip=1 --weight 'dislike=1,*=1' log.tsv | taste-embed -m - --users all > w1
sed 's/skip/play/' log.tsv | taste-train als -d 4 -e 2 | taste-embed -m - --users all > w2
same "a skip of weight 1 is a play" w1 w2
is "an item that was only skipped has the zero vector" "$(printf 'a\tx\na\ty\t\tskip\n' | taste-train als -d 2 | { cat > z.taste; echo y | taste-embed -m z.taste --items -; })" "y${T}0${T}0"


# values: a count of plays is so many plays; other values count where they are asked to
awk -F '\t' -v OFS='\t' '{ c[$1 OFS $2]++; if (!s[$1 OFS $2]++) o[++n] = $1 OFS $2 } END { for (i = 1; i <= n; i++) print o[i], "", "plays", c[o[i]] }' log.tsv > counts.tsv
cut -f1,2 log.tsv > once.tsv
for v in als ease; do
	taste-train $v --confidence log once.tsv > once.taste; taste-train $v --confidence log counts.tsv > counts.taste
	taste-score -m once.taste once.tsv > a; taste-score -m counts.taste counts.tsv > b; same "$v: plays=3 are three plays" a b
done
counts --count events counts.tsv > a; counts --count events once.tsv > b; same "and for pop" a b
printf 'a\tx\t\tstream\t3\na\ty\t\tstream\t0\na\tz\t\tstream\n' > val.tsv
values=
for how in ignore binary linear log; do values="$values $(counts --count events --value stream=$how val.tsv | cut -f2 | tr '\n' ,)"; done
is "--value: as they are asked to, 0 for a value of 0, 1 for none" "$values" " 1,1,1, 1,0,1, 3,0,1, 2,0,1,"
is "--value: * is all others" "$(counts --count events --value '*=linear,stream=binary' val.tsv | cut -f2 | tr '\n' ,)" "1,0,1,"
is "--value: is in the model" "$(taste-train als -d 2 --value stream=log,plays=ignore val.tsv | taste-view | grep "^value$T")" "value${T}*=ignore,plays=ignore,stream=log"
taste-train als -d 3 --value stream=log,plays=ignore val.tsv > val.taste; taste-embed -m val.taste --users all > a; taste-embed -m val.taste val.tsv > b; same "--value: folding in knows" a b
is "--value: * is whatever is not named, before or behind" "$(taste-train als -d 2 --value 'rate=ignore,*=log' --weight rate=2 val.tsv | taste-view | grep "^value$T")" "value${T}*=log,plays=linear,rate=ignore"
taste-train als -d 2 --value plays=ignore val.tsv > own.taste; said=$(taste-view own.taste | sed -n "s/^value$T//p"); taste-train als -d 2 --value "$said" val.tsv > again.taste
is "--value: what a model says of it, given again, makes the same" "$(taste-view -n 9 --tensor item.vec again.taste | cksum) $(taste-view again.taste | sed -n "s/^value$T//p")" "$(taste-view -n 9 --tensor item.vec own.taste | cksum) $said"
must_fail "--value: of an unknown manner" 2 "*--value: 'rate=squared': values are to be one of ignore, binary, linear, log*" taste-train als --value rate=squared val.tsv
must_fail "--value: of nothing" 2 "*--value: 'rate' is not KIND=HOW*" taste-train als --value rate val.tsv

# age: three days, with a half-life of one, are weights of 1, 1/2 and 1/4
awk -F '\t' -v OFS='\t' '{ day = NR % 3; print $1, $2, 1700000000 + 86400 * day, "" }' log.tsv > days.tsv
awk -F '\t' -v OFS='\t' '{ print $1, $2, "", "d" (NR % 3) }' log.tsv > kinds.tsv
printf 'a\tx\t%d\na\ty\t%d\n' 1700172800 $((1700172800 - 21 * 86400)) > old.tsv
for v in als ease; do
	for how in linear log; do
		taste-train $v --confidence $how --half-life 1 days.tsv > days.taste
		taste-train $v --confidence $how --weight d2=1,d1=0.5,d0=0.25 kinds.tsv > kinds.taste
		taste-score -m days.taste days.tsv > days.cand; taste-score -m kinds.taste kinds.tsv > kinds.cand
		same "$v $how: a half-life is a weight by age" days.cand kinds.cand
	done
	must_fail "$v: events without a time cannot age" 4 "taste-train: one.tsv:1: an event without a time, which a half-life needs" \
		bash -c "printf 'a\tx\n' > one.tsv; taste-train $v --confidence log --half-life 3 one.tsv"
	printf 'a\tx\t-9223372036854775807\tplay\na\ty\t9223372036854775807\tplay\nb\tx\t3\tplay\nb\ty\t9223372036854775000\tplay\n' > ages.tsv
	is "$v: an age beyond 64 bits is forever" "$(taste-train $v --confidence log --half-life 1 -o ages.taste ages.tsv; taste-view --tensor item.count ages.taste | tr '\t\n' '  ')" "x 0 y 2 "
	is "$v: also of those who are scored" "$(taste-score -m ages.taste --keep -k 9 ages.tsv 2>&1 | cut -f1,2 | sort | tr '\t\n' '  ')" "a x a y b x b y "
	is "$v: twenty half-lives are forever" "$(taste-train $v --confidence log --half-life 1 old.tsv | taste-view --tensor item.count | tr '\t\n' '  ')" "x 1 y 0 "
done
taste-ingest tsv -b -o days.b days.tsv
taste-train als --confidence linear --half-life 1 days.b | taste-embed -m - --users all > b.vecs
taste-train als --confidence linear --half-life 1 days.tsv > days.taste; taste-embed -m days.taste --users all > t.vecs
same "a binary log ages like its text" b.vecs t.vecs
taste-embed -m days.taste days.tsv > fold.vecs; same "and folds in to the bits of training" fold.vecs t.vecs

# solvers and biases
for how in "--solver block --block 8" "--solver cg" "--bias" "--solver block --block 8 --bias" "--solver cg --bias"; do
	taste-train als -d 24 -e 3 $how -t 1 log.tsv > s1
	for t in 2 7; do taste-train als -d 24 -e 3 $how -t $t log.tsv > t; same "als $how: -t $t writes the bytes of -t 1" t s1; done
	for cpu in $(taste-train -V | sed -n 's/^cpu paths: *//p'); do
		taste-train als -d 24 -e 3 $how --cpu $cpu log.tsv > t; same "als $how: --cpu $cpu writes the same bytes" t s1
	done
	taste-embed -m s1 --users all > known.vecs; taste-embed -m s1 log.tsv > fold.vecs
	same "als $how: folding in gives the stored vectors" fold.vecs known.vecs
done
is "--bias holds a one on either side" "$(taste-train als -d 3 --bias log.tsv | { cat > b.taste; taste-embed -m b.taste --users all; } | cut -f6 | sort -u) $(taste-embed -m b.taste --items all | cut -f5 | sort -u)" "1 1"
must_fail "--block without its solver" 2 "*--block is of --solver block*" taste-train als --block 8 log.tsv
must_fail "--steps without theirs" 2 "*--steps is of --solver block and cg*" taste-train als --steps 8 log.tsv
last_loss() { taste-train als -v -d 16 "$@" log.tsv 2>&1 >/dev/null | grep "^[0-9]*$T" | tail -1 | cut -f2; }
exact=$(last_loss -e 20)
for how in "--solver block --block 4" "--solver cg"; do
	is "als $how: the loss comes to that of exact" "$(last_loss -e 20 $how | awk -v a="$exact" '{ d = $1 / a - 1; print (d < 0.002 && d > -0.002) ? "near" : $1 " " a }')" near
done

taste-train als -d 5 --confidence linear --weight play=0.1,like=0.3,skip=0.7 --half-life 3 log.tsv > odd.taste
taste-embed -m odd.taste --users all | grep "^u1[0-9]$T" | sort > known.vecs
for u in 10 11 12 13 14 15 16 17 18 19; do grep "^u$u$T" log.tsv | sort -R --random-source=log.tsv | taste-embed -m odd.taste; done > fold.vecs
same "sums of odd weights are the same alone and in company, in any order" fold.vecs known.vecs

# going on: from an older model, of what is new only, in the older space
head -9000 log.tsv > before.tsv; tail -n +9001 log.tsv | awk -F '\t' -v OFS='\t' '{ u = substr($1, 2); if (u % 10 == 3) print; else if (NR % 50 == 0) { $1 = "new" u; print } }' > after.tsv
taste-train als -d 8 -e 8 before.tsv > old.taste
loss() { taste-train als -v -d 8 -e 1 "$@" before.tsv after.tsv 2>&1 >/dev/null | grep "^1$T" | cut -f2; }
is "--init: an epoch from the older model is better than one from nothing" "$(awk -v a="$(loss --init old.taste)" -v b="$(loss)" 'BEGIN { print (a < 0.9 * b) }')" 1
taste-train als --init old.taste --update after.tsv before.tsv > new.taste
taste-train als --init old.taste --update after.tsv -t 1 - < before.tsv > t; taste-embed -m t --users all > a.vecs; taste-embed -m new.taste --users all > b.vecs
same "--update: whatever -t says, and from standard input" a.vecs b.vecs
cut -f1 after.tsv | sort -u > touched.users; cut -f2 after.tsv | sort -u > touched.items
for side in users items; do
	taste-embed -m old.taste --$side all | grep -vwFf touched.$side | sort > a.vecs
	taste-embed -m new.taste --$side all | grep -vwFf touched.$side | sort > b.vecs
	same "--update: other $side stay as they are" a.vecs b.vecs
	is "--update: there are such $side" "$(awk 'END { print (NR > 9) }' a.vecs)" 1
	is "--update: all of the touched $side are there" "$(taste-embed -m new.taste --$side touched.$side | wc -l)" "$(wc -l < touched.$side)"
done
cat before.tsv after.tsv > both.tsv
taste-embed -m new.taste --users touched.users | awk '$2 != 0' | sort > a.vecs; taste-embed -m new.taste both.tsv | grep -wFf touched.users | sort > b.vecs
same "--update: touched users are what folding in gives" a.vecs b.vecs
like "--update: the model says so" "$(taste-view new.taste)" "*updated${T}1*"
is "--update: options are the older model's" "$(taste-view new.taste | awk -F '\t' '$1 ~ /^(d|epochs|lambda|shape)$/ { print $1 "=" $2 }' | sort | tr '\n' ' ')" "d=8 epochs=8 lambda=0.002 shape=log "
sort -t "$T" -k3,3n log.tsv > ordered.tsv; head -n -30 ordered.tsv > before.days; tail -n 30 ordered.tsv > after.days
taste-train als -d 3 --half-life 9 -o days.taste before.days; taste-train als --init days.taste --update after.days before.days -o aged.taste; taste-train als -d 3 --half-life 9 before.days after.days -o anew.taste
is "--update: events age once, from the newest of all" "$(taste-view aged.taste | grep -E "^(w0|newest)$T")" "$(taste-view anew.taste | grep -E "^(w0|newest)$T")"
must_fail "--update from standard input, which is read once" 2 "*--update: '-' is read twice, which takes a regular file*" taste-train als --init old.taste --update - before.tsv < after.tsv
must_fail "--update from a pipe" 2 "*--update: '*' is read twice*" bash -c 'taste-train als --init old.taste --update <(cat after.tsv) before.tsv'
must_fail "--update alone" 2 "*--update needs the model to update: --init*" taste-train als --update after.tsv before.tsv
must_fail "--update with an option given at its default" 2 "*--dim is as it was in --init*" taste-train als --init old.taste --update after.tsv -d 64 before.tsv
must_fail "an option of another verb is refused at its default, too" 2 "*--dim is an option of als*" taste-train pop -d 64 before.tsv
must_fail "--update of nothing would forget everybody" 4 "*--update: 270 users and * items of old.taste are in no event*" taste-train als --init old.taste --update after.tsv
must_fail "--update with a log that has the new events already" 4 "*--update: the operands have $(wc -l < both.tsv) events, old.taste was learnt from 9000: *" taste-train als --init old.taste --update after.tsv both.tsv
must_fail "--update with another lambda" 2 "*--lambda is as it was in --init*" taste-train als --init old.taste --update after.tsv --lambda 1 before.tsv
must_fail "--init of another width" 2 "*old.taste has vectors of 8 components; 9 are wanted*" taste-train als -d 9 --init old.taste before.tsv
must_fail "--init of another kind" 4 "*a model of kind ease, not als*" taste-train als --init ease.taste before.tsv
must_fail "--init that is not there" 3 "*nofile*" taste-train als --init nofile before.tsv
must_fail "--init with ease" 2 "*--init is an option of als*" taste-train ease --init old.taste before.tsv
must_fail "-o over --init's model is no harm, over the events of --update it is" 2 "*after.tsv*" taste-train als --init old.taste --update after.tsv -o after.tsv before.tsv
taste-train als -d 8 -e 8 -s 5 both.tsv > other.taste; taste-train als -d 8 -e 8 -s 5 --align old.taste both.tsv > turned.taste
residual() { taste-view turned.taste | awk -F '\t' '$1 == "align_residual" { print $2 }'; }
is "--align: the residual is in the model, and small" "$(residual | awk '{ print ($1 > 0 && $1 < 0.6) }')" 1
taste-score -m other.taste both.tsv > a.cand; taste-score -m turned.taste both.tsv > b.cand
is "--align: scores stay as they were" "$(paste a.cand b.cand | awk -F '\t' '{ d = $3 - $7; n += $1 == $5 && $2 == $6; if (d > m) m = d; if (-d > m) m = -d } END { print (n > 0.98 * NR), (m < 1e-4) }')" "1 1"
far() { taste-embed -m "$1" --items all | awk -F '\t' 'NR == FNR { for (i = 2; i <= NF; i++) v[$1, i] = $i; next } ($1, 2) in v { for (i = 2; i <= NF; i++) { d = $i - v[$1, i]; s += d * d; t += v[$1, i] ^ 2 } } END { print sqrt(s / t) }' <(taste-embed -m old.taste --items all) -; }
is "--align: the residual is the distance to the older vectors, which was large" "$(awk -v a="$(far turned.taste)" -v b="$(residual)" -v c="$(far other.taste)" 'BEGIN { print (a - b < 1e-3 && b - a < 1e-3), (c > 1) }')" "1 1"
taste-train als -d 8 -e 8 -s 5 -t 1 --align old.taste both.tsv > t; same "--align: -t 1 writes the same bytes" t turned.taste
must_fail "--align without an item in common" 4 "*has no item in common*" bash -c "printf 'a\tx\nb\ty\n' | taste-train als -d 8 --align old.taste"

# options
must_fail "no verb" 2 "*say what to do: pop|als|ease*" taste-train
must_fail "an unknown verb" 2 "*'svd' is not one of pop|als|ease*" taste-train svd log.tsv
must_fail "an option of the other verb" 2 "*--dim is an option of als*" taste-train pop -d 8 log.tsv
must_fail "and the other way round" 2 "*--count is an option of pop*" taste-train als --count events log.tsv
must_fail "and one of three" 2 "*--half-life is an option of pop, als and ease*" taste-train graph --half-life 8 log.tsv
must_fail "more dimensions than a model has, with those of biases" 2 "*dimensions with biases is not in 1..4094*" taste-train als -d 4095 --bias --solver cg one.tsv
must_fail "weights so large that the model could not be read" 4 "*weights of unobserved pairs come to 1*e+3*too large*" bash -c "printf 'a\tx\t1\tplays\t1e36\na\ty\t1\tplays\t1e36\nb\tx\t1\tplays\t1e36\n' | taste-train als -d 2 --confidence linear"
must_fail "a sum beyond numbers" 4 "taste-train: the weights of the events of item 'x' add up to more than a number holds" bash -c "printf 'a\ty\t1\na\tx\t1\tplays\t1e308\nb\tx\t1\tplays\t1e308\n' | taste-train pop --count events"
must_fail "no dimensions" 2 "*--dim: '0'*1 to 4096*" taste-train als -d 0 log.tsv
must_fail "NaN is no lambda" 2 "*--lambda: 'nan' is not a number*" taste-train als --lambda nan log.tsv
must_fail "a weight that is none" 2 "*--weight: 'play=heavy'*" taste-train als --weight play=heavy log.tsv
must_fail "a weight below 0" 2 "*--weight: 'play=-1'*" taste-train pop --weight play=-1 log.tsv
must_fail "stdin twice" 2 "*standard input can be read only once*" taste-train pop - -
must_fail "equations without a solution name the row" 4 "*the equations of item 'i*--lambda*" taste-train als -d 30 --lambda 0 --unobserved 0 log.tsv
must_fail "events without a time cannot age" 4 "taste-train: -:1*" bash -c "printf 'a\tx\n' | taste-train pop --half-life 1 - 2>&1 | sed 's/(standard input)/-/' >&2; exit \${PIPESTATUS[1]}"

# bad input
for v in pop als ease graph softmax; do
	: > empty; must_fail "$v: no events" 4 "taste-train: no events to learn from" taste-train $v empty
	printf 'a\tx\t\tskip\n' > skips; must_fail "$v: events that weigh nothing" 4 "*no events to learn from: those read all weigh 0*" taste-train $v skips
	printf 'a\tx' > one; ok "$v: one line without a newline" taste-train $v -o m one
	printf '\xef\xbb\xbfa\tx\r\nb\ty\r\n' > bomcrlf; printf 'a\tx\nb\ty\n' > plain
	is "$v: BOM and CRLF are not part of an id" "$(taste-train $v bomcrlf | taste-view --tensor item.count)" "$(taste-train $v plain | taste-view --tensor item.count)"
	printf 'a\tx\nb\n' > short; must_fail "$v: a line of one field" 4 "taste-train: short:2: *" taste-train $v short
	printf 'a\tx\t1\tplay\t2\tc=d\tmore\n' > long; must_fail "$v: a line of seven fields" 4 "taste-train: long:1: *" taste-train $v long
	printf 'a\tx\nb\ty\0z\n' > nul; must_fail "$v: a NUL byte" 4 "taste-train: nul:2: *" taste-train $v nul
	printf 'a\tx\tsoon\n' > time; must_fail "$v: a time that is none" 4 "taste-train: time:1: field 3: 'soon'*" taste-train $v time
	printf 'a\tx\t1\tplay\tNaN\n' > nan; must_fail "$v: NaN for a value" 4 "taste-train: nan:1: field 5: 'NaN'*" taste-train $v nan
	printf 'a\tx\t1\tplay\t1e400\n' > huge; must_fail "$v: 1e400 for a value" 4 "taste-train: huge:1: field 5: '1e400'*" taste-train $v huge
	{ head -c 10000000 /dev/zero | tr '\0' x; printf '\ty\n'; } > wide; ok "$v: an id of 10 MB" taste-train $v -o m wide
	printf 'a b\t"q"\n\xff\xfe\t\\t\\n\n\xc3\xa9\t%s\n' "$(head -c 4000 /dev/zero | tr '\0' x)" > odd; ok "$v: ids of every kind" taste-train $v -o m odd
	must_fail "$v: a file that is not there" 3 "taste-train: nofile: *" taste-train $v nofile
	must_fail "$v: a model for events" 4 "*als.taste*model*" taste-train $v als.taste
	head -c 3000 log.taste > cut.taste; must_fail "$v: a binary log cut short" 4 "taste-train: cut.taste: *" taste-train $v cut.taste
	{ head -c 2000 log.taste; printf '\x01'; tail -c +2002 log.taste; } > flip.taste
	must_fail "$v: a binary log with a damaged byte" 4 "taste-train: flip.taste: *" taste-train $v flip.taste
	must_fail "$v: a full disk" 3 "*No space left*" bash -c "taste-train $v log.tsv > /dev/full"
	(set +o pipefail; taste-train $v log.tsv 2> pipe.err | head -c 10 > /dev/null)
	is "$v: a closed reader is not worth a word" "$(cat pipe.err)" ""
	echo old > keep.taste; taste-train $v -o keep.taste short 2> /dev/null
	is "$v: a failure leaves the old file" "$(cat keep.taste)" old
	is "$v: and no temporary" "$(ls -A | grep -c 'keep.taste.')" 0
done
done_testing
