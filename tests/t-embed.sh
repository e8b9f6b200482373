# taste-embed: vectors by id, folding in against the trained vectors, damaged models, bad inputs.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
awk 'BEGIN { srand(3); for (i = 0; i < 6000; i++) printf "u%d\ti%d\t%d\t%s\n", int(rand() * 200), int(150 * rand() ^ 2), i, rand() < 0.1 ? "skip" : "play" }' > log.tsv
taste-train als -d 12 -e 4 -o als.taste log.tsv
taste-train pop -o pop.taste log.tsv
taste-embed -m als.taste --users all > users.vecs
taste-embed -m als.taste --items all > items.vecs

# known ids
is "all users come in the order of first sight" "$(cut -f1 users.vecs | tr '\n' ' ')" "$(awk -F '\t' '!s[$1]++ { printf "%s ", $1 }' log.tsv)"
is "and all items" "$(cut -f1 items.vecs | tr '\n' ' ')" "$(awk -F '\t' '!s[$2]++ { printf "%s ", $2 }' log.tsv)"
is "a row is an id and d components" "$(awk -F '\t' '{ print NF }' users.vecs items.vecs | sort -u)" 13
cut -f1 items.vecs | tac > ids; taste-embed -m als.taste --items ids > got; tac items.vecs > want
same "vectors come in the order of the ids asked for" got want
printf 'u7\tand\tmore\nu7\n' | taste-embed -m als.taste --users - > got; grep "^u7$T" users.vecs > want; grep "^u7$T" users.vecs >> want
same "the first column counts, and twice asked is twice answered" got want
printf 'user\nu7\n' | taste-embed -H -m als.taste --users - > got; grep "^u7$T" users.vecs > want; same "-H passes over a header" got want
taste-embed -m als.taste --items all -b -o items.taste && taste-view items.taste > got; same "binary vectors hold the same rows" got items.vecs
taste-embed --items all -m - < als.taste > got; same "a model is read from a pipe" got items.vecs
taste-embed -m als.taste --items all --normalise > unit
is "--normalise makes length 1 and keeps the direction" "$(paste unit items.vecs | awk -F '\t' '{ s = x = y = 0; for (j = 2; j <= 13; j++) { s += $j * $(j + 13); x += $j ^ 2; y += $(j + 13) ^ 2 }
	if ((x - 1) ^ 2 > 1e-10 || (s - sqrt(y)) ^ 2 > 1e-10 * y) print }')" ""
must_fail "an id the model does not know is named" 4 "taste-embed: *:2: field 1: 'nobody' is no user of als.taste*" bash -c "printf 'u1\nnobody\n' | taste-embed -m als.taste --users -"
is "--skip-unknown leaves it out" "$(printf 'u1\nnobody\nu2\n' | taste-embed -q -m als.taste --skip-unknown --users - | cut -f1 | tr '\n' ' ')" "u1 u2 "
like "and counts it" "$(echo nobody | taste-embed -m als.taste --skip-unknown --users - 2>&1)" "taste-embed: 1 ids left out*"
: > empty; is "no ids, no vectors" "$(taste-embed -m als.taste --users empty; echo $?)" 0

# word2vec's formats
taste-embed -m als.taste --items all --format w2v > items.w2v
is "--format w2v begins with how many and how long" "$(head -1 items.w2v)" "$(wc -l < items.vecs) 12"
is "and goes on with the rows, blanks for TABs" "$(tail -n +2 items.w2v | tr ' ' '\t' | cmp - items.vecs && echo same)" same
taste-embed -m als.taste --items all --format w2v-bin > items.bin; taste-view items.bin > got; same "--format w2v-bin is read back" got items.vecs
taste-embed -m als.taste --items ids --format w2v-bin > ids.bin; taste-view ids.bin > got; same "also where nobody knew how many there would be" got <(tac items.vecs)
is "no ids, no rows" "$(taste-embed -m als.taste --format w2v --users empty)" "0 12"
printf 'a\tx y\na\tx\nb\tx\n' | taste-train als -d 2 -o blank.taste
must_fail "an id with a blank in it is named" 4 "taste-embed: the id 'x y' has a blank*" taste-embed -m blank.taste --items all --format w2v
for n in 65535 65536; do head -c $n /dev/zero | tr '\0' i | sed 's/.*/a\t&\nb\t&/' | taste-train als -d 2 -o long$n.taste; done
taste-embed -m long65535.taste --items all > want; taste-embed -m long65535.taste --items all --format w2v-bin > long.bin; taste-view long.bin > got; same "the longest id of --format w2v-bin is read back" got want
must_fail "a longer one is named" 4 "taste-embed: the id 'iiii*' has 65536 bytes*" taste-embed -m long65536.taste --items all --format w2v-bin
must_fail "two formats at once" 2 "*-b and --format*" taste-embed -m als.taste --items all --format w2v -b

# folding in
taste-embed -m als.taste log.tsv > fold.vecs
same "folding in the training events gives the trained vectors, bit for bit" fold.vecs users.vecs
taste-embed -m als.taste -t 7 --fold log.tsv > fold7.vecs; same "with seven threads and --fold too" fold7.vecs users.vecs
for cpu in $(taste-embed -V | sed -n 's/^cpu paths: *//p'); do taste-embed -m als.taste --cpu $cpu < log.tsv > cpu.vecs; same "and with --cpu $cpu" cpu.vecs users.vecs; done
sort -s -k1,1 log.tsv | sed 's/^u/new/' | taste-embed -m als.taste | sed 's/^new/u/' | sort > got; sort users.vecs > want
same "other names and another order of users change nothing else" got want
taste-train als -d 6 -e 2 --confidence linear --weight 'skip=0.5,play=2' --damp 0 --nu 0.5 -o lin.taste log.tsv
taste-embed -m lin.taste --users all > want; taste-embed -m lin.taste log.tsv > got
same "the model's own weights hold for those folded in" got want
printf 'n1\ti1\nn1\tunheard\nn2\tunheard\nn3\ti2\t\tskip\n' | taste-embed -m als.taste > got 2> err
is "a user of unknown or weightless items has no row" "$(cut -f1 got)" n1
is "which is said" "$(cat err)" "taste-embed: 2 of 3 users have no item of weight that als.taste knows: no vectors for them
taste-embed: 1 of 3 items are unknown to als.taste: their events do not count"
printf 'n1\ti1\n' | taste-embed -m als.taste > want; same "unknown items change nothing for the others" got want
printf 'h\ti5\nh\ti6\n' > two; awk 'NR > 1' two > two.b; head -1 two > two.a
taste-embed -m als.taste two > want; taste-embed -m als.taste --fold two.a two.b > got; same "several files of events are one" got want
is "no events, no vectors" "$(taste-embed -m als.taste empty; echo $?)" 0
is "a folded-in listener's own items score above the average" "$(printf 'h\ti30\nh\ti31\nh\ti32\n' | taste-embed -m als.taste | taste-knn search -k 150 items.vecs |
	awk -F '\t' '{ s += $3; if ($2 ~ /^i3[012]$/) own += $3 / 3 } END { print (own > 2 * s / NR) }')" 1

# folding into a graph
taste-train graph --rank 12 --low 0.2 -o graph.taste log.tsv
taste-embed -m graph.taste --items all > graph.items; taste-embed -m graph.taste log.tsv > graph.users
is "users of a graph model are folded in" "$(cut -f1 graph.users | tr '\n' ' ')$(awk -F '\t' '{ print NF }' graph.users | sort -u)" "$(cut -f1 users.vecs | tr '\n' ' ')13"
# the smooth part by itself: the user's low vec_j / degree_j summed, times vec_i, in doubles
awk -F '\t' -v low=0.2 '
	FILENAME == "log.tsv" { if ($4 != "skip" && !r[$1 FS $2]++) degree[$2]++; next }
	{ item[++n] = $1; for (k = 2; k <= 13; k++) v[$1, k] = $k }
	END { for (p in r) { split(p, a, FS); user[a[1]]; for (k = 2; k <= 13; k++) x[a[1], k] += low / degree[a[2]] * v[a[2], k] }
		for (u in user) for (i = 1; i <= n; i++) { s = 0; for (k = 2; k <= 13; k++) s += x[u, k] * v[item[i], k]; printf "%s\t%s\t%.9g\n", u, item[i], s } }' log.tsv graph.items | sort > want
taste-knn search -k 150 graph.items graph.users | cut -f1-3 | sort > got
is "and a search gives the smooth part of the score" "$(paste want got | awk -F '\t' '{ n++; e = $3 - $6; if ($1 != $4 || $2 != $5 || e * e > 1e-12) bad++ } END { print n, bad + 0 }')" "$(($(cut -f1 users.vecs | wc -l) * $(wc -l < graph.items))) 0"
for t in 1 7; do taste-embed -m graph.taste -t $t log.tsv > cpu.vecs; same "a graph folds the same with -t $t" cpu.vecs graph.users; done
for cpu in $(taste-embed -V | sed -n 's/^cpu paths: *//p'); do taste-embed -m graph.taste --cpu $cpu < log.tsv > cpu.vecs; same "and with --cpu $cpu" cpu.vecs graph.users; done
sort -s -k1,1 log.tsv | taste-embed -m graph.taste | sort > got; sort graph.users > want; same "in another order of users too" got want
taste-train graph --rank 12 --low 0 -o low0.taste log.tsv; taste-train ease -o ease.taste log.tsv
must_fail "a graph without a low-pass filter has no place for users" 4 "*low0.taste: was made without a low-pass filter: no vectors of users (taste-score takes their events)" taste-embed -m low0.taste log.tsv
must_fail "ease folds nobody in, and says who takes the events" 4 "taste-embed: ease.taste: a model of kind ease has no vectors (taste-score takes the events)" taste-embed -m ease.taste log.tsv

# softmax: without a user's own numbers the fold is all there is
taste-train softmax -d 12 -e 5 --ego 0 -o sm.taste log.tsv; taste-embed -m sm.taste --users all > want; taste-embed -m sm.taste log.tsv > got
is "softmax: folding in the training events gives the trained vectors of --ego 0" "$(paste want got | awk -F '\t' '{ if ($1 != $14) bad++; for (j = 2; j <= 13; j++) if (($j - $(j + 13)) ^ 2 > 1e-10) bad++ } END { print NR, bad + 0 }')" "200 0"
taste-embed -m sm.taste -t 7 --fold log.tsv > fold7.vecs; same "softmax: with seven threads the same" fold7.vecs got
for cpu in $(taste-embed -V | sed -n 's/^cpu paths: *//p'); do taste-embed -m sm.taste --cpu $cpu < log.tsv > cpu.vecs; same "softmax: and with --cpu $cpu" cpu.vecs got; done
taste-train softmax -d 12 -e 5 -o sm.taste log.tsv; taste-embed -m sm.taste --users all > want; taste-embed -m sm.taste log.tsv > got
is "softmax: with them it comes near, and has length 1" "$(paste want got | awk -F '\t' '{ s = x = 0; for (j = 2; j <= 13; j++) { s += $j * $(j + 13); x += $(j + 13) ^ 2 } sum += s; if ((x - 1) ^ 2 > 1e-10) bad++ } END { print (sum / NR > 0.95) ? "near" : sum / NR, bad + 0 }')" "near 0"

# provenance
taste-embed -m als.taste --items all -b -o p.taste
like "vectors remember the model and how it was made" "$(taste-view -i p.taste)" "*taste-train*als -d 12 -e 4*taste-embed*--items*"

# usage
must_fail "no model" 2 "*which model?*" taste-embed --items all
printf 'a\tx\na\ty\nb\tx\nb\tz\t1\tskip\nc\tz\t1\tskip\n' > skips.tsv
for how in "" --bias; do
	taste-train als -d 2 $how -o skips.taste skips.tsv; taste-embed -m skips.taste --users all > want 2> err; taste-embed -m skips.taste skips.tsv > got 2> err2
	same "als $how: who has only skipped has no vector, as when folded in" got want; same "and it is told" err err2; is "of one" "$(cut -f1 got | tr '\n' ' ')$(cat err)" "a b taste-embed: 1 of 3 users have no item of weight that skips.taste knows: no vectors for them"
done
is "word2vec's count is without them" "$(taste-embed -q -m skips.taste --users all --format w2v | head -1)" "2 4"
must_fail "items and users at once" 2 "*one at a time*" taste-embed -m als.taste --items all --users all
must_fail "users and events at once" 2 "*one at a time*" taste-embed -m als.taste --users all log.tsv
must_fail "--skip-unknown where nothing can be unknown" 2 "*--skip-unknown needs*" taste-embed -m als.taste --skip-unknown log.tsv
cp als.taste keep.taste; must_fail "the model is not written over" 2 "*'keep.taste' is read: it cannot be written over*" taste-embed -m keep.taste --items all -o keep.taste; same "and is there" keep.taste als.taste
must_fail "a model from standard input is called so" 4 "*no item of (standard input)*" bash -c "printf 'nothing\n' > ids; taste-embed -m - --items ids < als.taste"
must_fail "stdin for model and events" 2 "*standard input can be read only once*" taste-embed -m -

# models that are none
must_fail "a pop model has no vectors" 4 "taste-embed: pop.taste: a model of kind pop has no vectors" taste-embed -m pop.taste --items all
must_fail "nor can it fold in" 4 "*pop.taste: a model of kind pop has no vectors (taste-score takes the events)" taste-embed -m pop.taste log.tsv
must_fail "vectors are no model" 4 "*items.taste*" taste-embed -m items.taste --items all
must_fail "text is no model" 4 "*log.tsv*" taste-embed -m log.tsv --items all
must_fail "an empty file is no model" 4 "*empty*" taste-embed -m empty --items all
must_fail "a missing model" 3 "taste-embed: nofile: No such file*" taste-embed -m nofile --items all
size=$(wc -c < als.taste) bad=0 n=0
for at in $(awk -v n="$size" 'BEGIN { for (i = 0; i < 60; i++) print int(n * i / 60) }'); do
	head -c "$at" als.taste > cut.taste; n=$((n + 1))
	taste-embed -m cut.taste --items all > /dev/null 2> err; [ $? -eq 4 ] && [ "$(wc -l < err)" -eq 1 ] || bad=$((bad + 1))
done
is "a model cut anywhere is bad data" "$bad of $n" "0 of 60"
# whatever uses all of a file must find any flipped bit: padding and ids of the other side are out of this program's sight
flips=0
for at in $(awk -v n="$size" 'BEGIN { srand(5); for (i = 0; i < 60; i++) print int(n * rand()) }'); do
	cp als.taste flip.taste
	byte=$(od -An -tu1 -j "$at" -N 1 als.taste)
	printf "$(printf '\\x%02x' $((byte ^ 16)))" | dd of=flip.taste bs=1 seek="$at" conv=notrunc status=none
	taste-embed -m flip.taste --users all > got 2> err; got=$?
	{ [ $got -eq 4 ] && [ "$(wc -l < err)" -eq 1 ]; } || { [ $got -eq 0 ] && cmp -s got users.vecs; } || flips=$((flips + 1))
done
is "a flipped bit is found, or lies where nothing is read" $flips 0

# bad input
printf 'u1\n\nu2\n' > gap; must_fail "an empty line among ids" 4 "taste-embed: gap:2: *" taste-embed -m als.taste --users gap
printf 'u1' > one; is "no final newline" "$(taste-embed -m als.taste --users one | cut -f1)" u1
printf '\xef\xbb\xbfu1\r\nu2\r\n' > bomcrlf; is "BOM and CRLF" "$(taste-embed -m als.taste --users bomcrlf | cut -f1 | tr '\n' ' ')" "u1 u2 "
printf 'u1\nu\0002\n' > nul; must_fail "a NUL byte" 4 "taste-embed: nul:2: *" taste-embed -m als.taste --users nul
{ head -c 10000000 /dev/zero | tr '\0' x; echo; } > wide; must_fail "an id of 10 MB is cut in the message" 4 "taste-embed: wide:1: field 1: 'xxx*...' is no user of*" taste-embed -m als.taste --users wide
printf 'a\tx\nb\n' > short; must_fail "events of one field" 4 "taste-embed: short:2: *" taste-embed -m als.taste short
printf 'a\ti1\t1\tplay\t1e400\n' > huge; must_fail "1e400 for a value" 4 "taste-embed: huge:1: field 5: '1e400'*" taste-embed -m als.taste huge
printf 'a b\ti1\n\xff\xfe\ti1\n\\t\ti1\n"q"\ti1\n' > odd
is "ids of every kind come out as they went in" "$(taste-embed -m als.taste odd | cut -f1)" "$(cut -f1 odd)"
must_fail "a full disk" 3 "*No space left*" bash -c 'taste-embed -m als.taste --items all > /dev/full'
(set +o pipefail; taste-embed -m als.taste --items all 2> pipe.err | head -1 > /dev/null)
is "a closed reader is not worth a word" "$(cat pipe.err)" ""
echo old > keep; taste-embed -m als.taste --users gap -o keep 2> /dev/null; is "a failure leaves the old file" "$(cat keep)" old
done_testing
