# taste-train seq: the same bytes whatever the machine does and wherever a run was broken off, what it learns, kinds, features, 8 bits, bad inputs.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
taste-synth --users 120 --events 6000 -s 7 --items items.tsv -o log.tsv
seq() { taste-train seq -d 16 --length 20 -e 3 "$@"; }
seq -t 1 -o m.taste log.tsv

# the same bytes
for t in 2 5; do seq -t $t log.tsv > t; same "-t $t writes the bytes of -t 1" t m.taste; done
for cpu in $(taste-train -V | sed -n 's/^cpu paths: *//p'); do seq --cpu $cpu log.tsv > cpu.taste; same "--cpu $cpu writes them too" cpu.taste m.taste; done
seq < log.tsv > stdin.taste; same "stdin is read like a file" stdin.taste m.taste
seq -v log.tsv > v.taste 2> v.err; same "-v does not change the model" v.taste m.taste
is "-v writes a row for each epoch" "$(grep -c "^[0-9]*$T" v.err)" 3
is "below a line of names" "$(grep ^epoch v.err)" "epoch${T}loss${T}ndcg@10${T}hr@10${T}seconds"
is "without -v nothing is said" "$(seq -e 1 log.tsv 2>&1 >/dev/null)" ""
seq -s 2 log.tsv > s2; cmp -s s2 m.taste && fail "another seed gives another model" || pass "another seed gives another model"

# numbers MODEL : tensors of numbers, whatever the header says of how they came about
numbers() { for x in item.vec net; do taste-view --tensor $x "$1"; done; }
numbers m.taste > want
taste-ingest tsv -b -o log.taste log.tsv; seq log.taste > bin.taste; numbers bin.taste > got; same "a binary log gives the numbers of its text" got want
head -2500 log.tsv > a; tail -n +2501 log.tsv | gzip > b.gz; seq a b.gz > two.taste; numbers two.taste > got; same "two files, one of them gzipped, are one log" got want
awk -F '\t' '{ print ($1 in s) ? s[$1] : s[$1] = ++n, NR, $0 }' OFS='\t' log.tsv | sort -k1,1n -k2,2nr | cut -f3- > back
seq back > back.taste; taste-view --tensor item.count back.taste | cut -f2 | sort > got; taste-view --tensor item.count m.taste | cut -f2 | sort > want; same "lines may stand in any order" got want

# what is learnt: after i comes i + 1
awk 'BEGIN { srand(4); for (u = 0; u < 200; u++) { i = int(rand() * 40); for (k = 0; k < 12; k++) printf "u%d\ti%d\t%d\n", u, (i + k) % 40, 1000 * k + u } }' > ring.tsv
taste-train seq -d 16 --length 12 -e 25 --rate 0.02 --temperature 0.1 -v -o ring.taste ring.tsv 2> err
is "an order is learnt" "$(awk -F '\t' 'NF == 5 && $1 + 0 { last = $4 } END { print (last > 0.9) }' err)" 1
is "the loss falls" "$(awk -F '\t' 'NF == 5 && $1 + 0 { if (!first) first = $2; last = $2 } END { print (last < first / 2) }' err)" 1
like "and the file says of the best epoch" "$(taste-view ring.taste | awk -F '\t' '$1 == "best_ndcg"' )" "best_ndcg${T}[01]*"

# held-out events
taste-split loo -o my log.tsv
seq --valid my.valid.tsv -v -o valid.taste my.train.tsv 2> err
n=$(awk -F '\t' 'NR == FNR { has[$1 FS $2]; u[$1]; i[$2]; next } !($1 FS $2 in has) && $1 in u && $2 in i && $4 != "skip" && $4 != "dislike" && !s[$1]++' my.train.tsv my.valid.tsv | wc -l)
like "--valid asks each user with something new once" "$(grep 'best epoch' err)" "*of $n users"
numbers valid.taste > got; seq -o all.taste my.train.tsv; numbers all.taste > without; cmp -s got without && fail "with it, nothing of the log is held out" || pass "with it, nothing of the log is held out"
sed 's/^/x/' my.valid.tsv > strangers; cat strangers my.valid.tsv > most; head -50 strangers | cat - my.valid.tsv > some
is "that most of --valid is lost is told" "$(seq -e 1 --valid most -o t my.train.tsv 2>&1 | sed 's/[0-9][0-9]*/N/g')" "taste-train: --valid: N of N events are of users or items that are not learnt from"
is "not that some is" "$(seq -e 1 --valid some -o t my.train.tsv 2>&1)" ""
must_fail "--valid of nobody known" 4 "*no user of --valid has both a past and something that is not in it*" bash -c "sed s/^/x/ my.valid.tsv | taste-train seq --valid - my.train.tsv"
must_fail "one standard input for two" 2 "*only once*" seq --valid -

# kinds
seq --items items.tsv -o kinds.taste log.tsv
is "the kinds of items are in the model" "$(taste-view kinds.taste | awk -F '\t' '$2 == "item.kind" || $2 == "kind.str" { printf "%s ", $2 }')" "item.kind kind.str "
paste <(taste-embed -m kinds.taste --items all | cut -f1) <(taste-view --tensor item.kind kinds.taste | awk '{ print $NF }') | sort > got
is "each item has its own" "$(join -t "$T" got <(cut -f1,2 items.tsv | sort) | cut -f2,3 | sort -u | wc -l)" 3
head -30 items.tsv > some.tsv; seq --items some.tsv -o some.taste log.tsv 2> err
like "items the catalogue does not name are unknown" "$(cat err)" "taste-train: * of * items have no kind in some.tsv: theirs is 'unknown'"
ok "and such a model opens" taste-embed -m some.taste --items all
awk -F '\t' -v OFS='\t' '{ $2 = "k" NR % 17 } 1' items.tsv > many.tsv; must_fail "more kinds than there may be" 4 "*many.tsv: more than 16 kinds of items" seq --items many.tsv log.tsv
must_fail "a catalogue that is missing" 3 "*nofile: No such file*" seq --items nofile log.tsv

# features
for f in gap hour device time gap,hour,device,time; do
	seq -e 1 --features $f -o f.taste log.tsv; seq -e 1 --features $f -t 5 log.tsv > f5.taste; same "--features $f: the same bytes with five threads" f.taste f5.taste
	ok "--features $f: the model opens" taste-embed -m f.taste --items all
done
cut -f1-5 log.tsv > nodevice.tsv; seq -e 1 --features device -o f.taste nodevice.tsv; ok "devices that no event names" taste-embed -m f.taste --items all
cut -f1,2 log.tsv > notime.tsv; seq -e 1 --features gap,hour,time -o f.taste notime.tsv; ok "times that no event has" taste-embed -m f.taste --items all
must_fail "a feature there is not" 2 "*--features: 'colour' is none of gap, hour, device, time*" seq --features gap,colour log.tsv
for a in pointwise softmax; do seq -e 1 --attention $a --layers 0 log.tsv > l0.taste; seq -e 1 --attention $a --hidden 0 log.tsv > h0.taste; ok "--attention $a without layers or feed-forward" taste-embed -m h0.taste --items all; done

seq -e 2 --cosine --temperature 0.1 -o cos.taste log.tsv; taste-embed -m cos.taste --items all > got
is "--cosine: items have length 1" "$(awk -F '\t' '{ x = 0; for (j = 2; j <= NF; j++) x += $j ^ 2; if ((x - 1) ^ 2 > 1e-10) bad++ } END { print (NR > 0), bad + 0 }' got)" "1 0"

# a run that was broken off
seq -e 4 --checkpoint c -o whole.taste log.tsv
is "a checkpoint is a file that taste-view reads" "$(taste-view c | awk -F '\t' '$1 == "n_epochs" { print $2 }')" 4
seq -e 4 -o plain.taste log.tsv; same "--checkpoint does not change the model" whole.taste plain.taste
seq -e 4 --resume c -o again.taste log.tsv; same "--resume after the last epoch writes the model" again.taste whole.taste
taste-train seq -d 16 --length 20 -e 15 --checkpoint late -t 1 -o late.taste log.tsv & run=$!
while ! [ -e late ] && kill -0 $run 2> /dev/null; do sleep 0.01; done
kill -KILL $run; wait $run 2> /dev/null
n=$(taste-view late | awk -F '\t' '$1 == "n_epochs" { print $2 }')
is "the checkpoint of a run that was killed is whole" "$([ "$n" -ge 1 ] && [ "$n" -le 15 ] && echo yes)" yes
for t in 1 5; do seq -e 15 --resume late -t $t -o resumed.taste log.tsv; [ $t = 1 ] && seq -e 15 -o whole15.taste log.tsv; same "going on from it, -t $t, gives the bytes of a run without a break" resumed.taste whole15.taste; done
seq -e 15 --checkpoint late --resume late -o resumed.taste log.tsv; same "--checkpoint and --resume may be the same file" resumed.taste whole15.taste
for x in "-e 5" "-e 15 -s 2" "-e 15 --rate 0.001" "-e 15 --features gap" "-e 15 --length 10"; do
	must_fail "a checkpoint of other options than $x" 4 "taste-train: late: a checkpoint of another version, other events or options: * where this run has *" seq $x --resume late log.tsv
done
must_fail "or of other events" 4 "taste-train: late: a checkpoint of another version, other events or options: 'xxh3:*' where this run has 'xxh3:*'" seq -e 15 --resume late a
like "the version is part of what a checkpoint must agree in" "$(taste-view late | awk -F '\t' '$1 == "identity" { print $2 }')" "$(cat "$SRC/VERSION") | seq *"
must_fail "a checkpoint from standard input is called so" 4 "taste-train: (standard input): a checkpoint of another version, other events or options: '-e 15' where this run has '-e 14'" bash -c "$(declare -f seq); seq -e 14 --resume - log.tsv < late"
must_fail "a model is no checkpoint" 4 "taste-train: m.taste: no checkpoint of a seq model" seq --resume m.taste log.tsv
must_fail "nor is a checkpoint a model" 4 "taste-embed: late: a model of kind 'seq.run', which this version does not know" taste-embed -m late --items all
must_fail "a checkpoint that is missing" 3 "taste-train: nofile: No such file*" seq --resume nofile log.tsv
size=$(wc -c < late) bad=0
for at in $(awk -v n="$size" 'BEGIN { for (i = 0; i < 30; i++) print int(n * i / 30) }'); do
	head -c "$at" late > cut; seq -e 15 --resume cut log.tsv > /dev/null 2> err; [ $? -eq 4 ] && [ "$(wc -l < err)" -eq 1 ] || bad=$((bad + 1))
done
is "a checkpoint cut anywhere is bad data" $bad 0
must_fail "a checkpoint to standard output" 2 "*--checkpoint: '-' will not do*" seq --checkpoint - log.tsv
must_fail "a checkpoint over the log" 2 "*'log.tsv' is read: it cannot be written aside*" seq --checkpoint log.tsv log.tsv
must_fail "a checkpoint where the model goes" 2 "*can hold only one of the outputs*" seq --checkpoint x.taste -o x.taste log.tsv
must_fail "a checkpoint that finds the disk full" 3 "*No space left*" seq --checkpoint /dev/full -o x.taste log.tsv
is "leaves no model" "$(ls x.taste 2>&1 | grep -c 'No such')" 1

# 8 bits
seq --quantise -o q.taste log.tsv 2> err
like "--quantise says what it costs" "$(cat err)" "taste-train: 8 bits: ndcg@10 of what was held out 0*, before 0*; hr@10 0*, before 0*"
is "codes take the place of numbers" "$(taste-view q.taste | awk -F '\t' '$1 == "tensor" && $2 ~ /^(item|net)\.(code|scale)$/ { printf "%s ", $2 }')" "item.code item.scale net.code net.scale "
is "a quarter of the bytes" "$(echo "$(wc -c < m.taste) $(wc -c < q.taste)" | awk '{ print ($2 < 0.75 * $1) }')" 1
taste-embed -m q.taste --items all > got; taste-embed -m m.taste --items all > want
is "vectors are within half a step" "$(paste want got | awk -F '\t' '{ most = 0; for (j = 2; j <= 17; j++) if ($j ^ 2 > most ^ 2) most = $j < 0 ? -$j : $j
	for (j = 2; j <= 17; j++) if (($j - $(j + 17)) ^ 2 > (most / 127 * 0.5001) ^ 2) bad++ } END { print NR, bad + 0 }')" "$(wc -l < want) 0"
seq --quantise -q log.tsv 2>&1 > q2 | grep -c . > err; is "-q says nothing" "$(cat err)" 0; same "with one thread or many" q2 q.taste

# bad input
: > empty; must_fail "no events" 4 "taste-train: no events to learn from" seq empty
printf 'u\ti\t1\n' > one; must_fail "one event" 4 "taste-train: nobody has an event of weight behind another one: there is nothing to foretell" seq one
awk -F '\t' '{ print $1, $2, $3, "skip" }' OFS='\t' log.tsv > skips; must_fail "skips alone" 4 "*there is nothing to foretell" seq skips
printf 'u\ti\t1\nu\tj\t2' > two; ok "two events, no final newline" seq -e 1 -o two.taste two
printf '\xef\xbb\xbfu\ti\t1\r\nu\tj\t2\r\n' > crlf; seq -e 1 -o crlf.taste crlf; numbers crlf.taste > got; numbers two.taste > want; same "BOM and CRLF change nothing" got want
printf 'u\ti\t1\nu\ti\t2\nu\ti\t3\n' > same; ok "one item" seq -e 1 -o same.taste same
printf 'u\ti\tx\n' > bad; must_fail "what is not a time" 4 "taste-train: bad:1: field 3: 'x'*" seq bad
printf 'u\ti\t9223372036854775807\nu\tj\t-9223372036854775807\nu\tk\t5\n' > far; seq -e 1 --features gap,hour,time -o far.taste far 2> err; [ $? -le 4 ] && pass "times as far apart as can be" || fail "times as far apart as can be" "$(cat err)"
must_fail "a full disk" 3 "*No space left*" bash -c "taste-train seq -e 1 -d 8 two > /dev/full"

# usage
must_fail "dimensions that heads do not divide" 2 "*cannot be shared out evenly*" seq -d 15 log.tsv
must_fail "are told before the log is read" 2 "*cannot be shared out evenly*" seq -d 15 nofile
for x in "--length 0" "--length 65537" "-d 0" "-d 4097" "--layers 33" "--heads 0" "--hidden -2" "--dropout 1" "--temperature 0" "--rate 0" "--warmup 2" "--clip -1" "--neg-power 3" "--attention hard" "--patience -2" "--negatives -1" "--batch -1"; do
	must_fail "$x" 2 "taste-train: *" seq $x log.tsv
done
must_fail "an option of another kind" 2 "*--damp is an option of als*" seq --damp 0.5 log.tsv
must_fail "one of its own to another" 2 "*--length is an option of seq*" taste-train als --length 5 log.tsv
must_fail "more drawn than there are numbers for" 2 "*(--batch, --negatives)*" seq --negatives 4000000000 --items items.tsv log.tsv
if ! can_limit_memory; then skip "more than the memory holds" "a sanitizer wants all addresses"; else
	must_fail "more than the memory holds" 3 "taste-train: cannot get * GB for *" bash -c "ulimit -v 2000000; taste-train seq --negatives 100000000 -d 64 log.tsv"
	must_fail "widths that no memory holds" 3 "taste-train: cannot get * GB for *" bash -c "ulimit -v 2000000; taste-train seq -d 4096 --layers 32 --hidden 65536 two"
fi
ok "a batch larger than the log" seq -e 1 --batch 4000000000 -o x.taste log.tsv
ok "a length longer than any history" seq -e 1 --length 500 -o x.taste two
like "the provenance names the options" "$(taste-view -i m.taste)" "*taste-train*seq*--length 20*-d 16 -e 3*"
must_fail "--kind-power without kinds" 2 "*--kind-power needs --items*" taste-train seq --kind-power 1 log.tsv
done_testing
