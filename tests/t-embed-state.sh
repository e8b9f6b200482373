# taste-embed --state and --follow: events behind what is remembered of listeners are as the whole history, the file is whole or as it was, lines are answered at once.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
taste-synth --users 120 --events 6000 -s 7 --items items.tsv -o log.tsv
split -n l/4 log.tsv part.
taste-train seq -q -d 16 -e 2 --length 400 --features gap,hour,device,time -o seq.taste log.tsv
embed() { taste-embed -q -m seq.taste "$@"; }
embed log.tsv > whole

# the file
embed --state s part.aa > va; same "the first time it is as reading alone" va <(embed part.aa)
for p in ab ac ad; do embed --state s part.$p > v.$p; done
cut -f1 part.ad | sort -u > now; sort v.ad > got; join -t "$T" now <(sort whole) > want
same "events in four parts give the vectors of the whole log, bit for bit, to those who had some" got want
is "and to nobody else" "$(cut -f1 v.ad | sort)" "$(cat now)"
embed --state once log.tsv > got; same "all at once too" got whole
for x in kv time n user.str; do taste-view --tensor $x s > p; taste-view --tensor $x once > q; [ $x = user.str ] || sort p > p2; cmp -s p q; echo -n "$? "; done > cmp.all
is "and the file holds the same" "$(cat cmp.all)" "0 0 0 0 "
for t in 1 5; do cp once s$t; head -500 log.tsv | sed 's/^/new-/' | embed --state s$t -t $t > v$t; done
same "one thread or five: the same vectors" v1 v5; same "and the same file" s1 s5
for cpu in $(taste-embed -V | sed -n 's/^cpu paths: *//p'); do cp once sc; head -500 log.tsv | sed 's/^/new-/' | embed --state sc --cpu $cpu > vc; same "--cpu $cpu: the same vectors" vc v1; same "--cpu $cpu: the same file" sc s1; done
: > empty; cp s before; embed --state s empty > got; is "no events, no vectors" "$(cat got)" ""
for x in kv time n is_liked; do cmp <(taste-view --tensor $x before) <(taste-view --tensor $x s); done > got 2>&1; is "and all is as it was" "$(cat got)" ""
rm -f none; embed --state none empty; embed --state none part.aa > got; same "a file that was begun with nothing" got va
printf 'skipper\tm000001\t1\tskip\n' | embed --state k > got; is "a skip alone is no vector" "$(cat got)" ""
printf 'skipper\tm000002\t2\n' | embed --state k > got; { printf 'skipper\tm000001\t1\tskip\n'; printf 'skipper\tm000002\t2\n'; } | embed > want; same "but it was read" got want
printf 'skipper\tm000003\t3\tskip\n' | embed --state k > got; is "then a skip gives one too" "$(cut -f1 got)" skipper
cp k k.old; printf 'a\tnowhere\n' | embed --state k > got; is "items unknown to the model are no events" "$(cat got; taste-view --tensor n k | wc -l)" 1

# what was given before
printf 'a\tm000001\t10\na\tm000002\t20\nb\tm000001\t30\nc\tm000001\n' > day1; printf 'a\tm000003\t20\nb\tm000002\t31\nc\tm000002\t1\nd\tm000001\t1\n' > day2
state() { taste-embed -m seq.taste --state "$@" 2> err; }
said="listeners have no event that is later than what tw remembers of them: given twice?"
state tw day1 > v1; is "what is later is nothing to tell" "$? $(cat err)" "0 "
cp tw t1; state tw day1 > got; is "events given twice are told, of those who have times, and are read" "$? $(cat err) $(cut -f1 got | tr '\n' ' ')" "0 taste-embed: 2 of 3 $said a b c "
cmp -s v1 got; is "the vectors are others then" $? 1
cp t1 tw; state tw day2 > got; is "of those, too, of whom one event is of the same second; not of a listener who is new, or of whom no times are known" "$? $(cat err)" "0 taste-embed: 1 of 4 $said"
cp t1 tw; state tw --follow < day2 > follow2; is "so with --follow, at its end" "$? $(cat err)" "0 taste-embed: 1 of 4 $said"
same "the vectors are the same" <(sort follow2) <(sort got)
cp t1 tw; { cat day1; printf 'a\tm000004\t21\n'; } | state tw --follow > got; is "who has a later one is none of them" "$? $(cat err)" "0 taste-embed: 1 of 3 $said"
cp t1 tw; embed --state tw day1 > got 2> err; is "-q is quiet" "$(cat err)" ""

# more than --length
taste-train seq -q -d 16 -e 1 --length 15 -o short.taste log.tsv
sort -t "$T" -s -k1,1 log.tsv | awk -F '\t' '{ n[$1]++; l[NR] = $0; u[NR] = $1 } END { for (i = 1; i <= NR; i++) { k[u[i]]++; print l[i] > (k[u[i]] <= n[u[i]] - 15 ? "old" : "last") } }'
taste-embed -q -m short.taste --state sh old > /dev/null; taste-embed -q -m short.taste --state sh last | sort > got; taste-embed -q -m short.taste last | sort > want
awk -F '\t' '{ n[$1]++ } END { for (u in n) if (n[u] == 15) print u }' last | sort > full
same "as many events as are looked at leave nothing of those before" <(join -t "$T" full got) <(join -t "$T" full want)
is "no more are kept" "$(taste-view --tensor n sh | awk '$NF > 15' | wc -l)" 0

# line by line
embed --follow < log.tsv > follow; is "each line has its answer" "$(cut -f1 follow | cksum)" "$(cut -f1 log.tsv | cksum)"
awk -F '\t' '{ l[$1] = $0 } END { for (u in l) print l[u] }' follow | sort > got; same "the last of each listener is that of the whole log" got <(sort whole)
embed --state f1 part.aa > /dev/null; cat part.ab part.ac part.ad | embed --state f1 --follow > /dev/null
is "the file that --follow leaves holds what the others did" "$(for x in kv time n is_liked; do cmp <(taste-view --tensor $x s) <(taste-view --tensor $x f1) && echo same; done)" "same
same
same
same"
mkfifo in out; taste-embed -q -m seq.taste --follow < in > out & exec 3> in 4< out
head -3 log.tsv > three; n=0
while IFS= read -r l; do printf '%s\n' "$l" >&3; IFS= read -r -t 20 a <&4 && n=$((n + 1)); printf '%s\n' "$a"; done < three > got
exec 3>&- 4<&-; wait
same "an answer comes before the next line goes" got <(head -3 follow)
printf 'a\nu\tnope\nu\tm000001\tx\nu\tm000001\t1\n\nu\tm000002\t2\n' > lines
taste-embed -m seq.taste --follow < lines > got 2> err; is "a bad line does not end it" "$? $(cut -f1 got | tr '\n' ' ')" "0 u u "
is "what is wrong with it is said" "$(cat err)" "taste-embed: (standard input):1: 1 field: an event has 2 to 6 (user item time event value context)
taste-embed: (standard input):2: item 'nope' is unknown to seq.taste
taste-embed: (standard input):3: field 3: 'x' is not a time (seconds since 1970; taste-ingest converts others)
taste-embed: (standard input):5: 1 field: an event has 2 to 6 (user item time event value context)
taste-embed: 4 events were not answered"
printf 'u\tm000001\t1' | embed --follow > got; is "no final newline" "$(cut -f1 got)" u
embed --follow < empty > got; is "no events, no answers" "$(cat got)" ""
gzip -c part.aa | embed --follow | cmp -s - <(embed --follow < part.aa) && pass "gzip is unpacked" || fail "gzip is unpacked"
gzip -c log.tsv | head -c 5000 > cut.gz; must_fail "a gzip that is cut is the end" 4 "taste-embed: *" bash -c "taste-embed -q -m seq.taste --follow < cut.gz"

# kinds
taste-train seq -q -d 16 -e 1 --items items.tsv -o kinds.taste log.tsv
must_fail "kinds of content have to be told" 2 "taste-embed: --kind: kinds.taste has *'music'*" taste-embed -m kinds.taste --state ks part.aa
taste-embed -q -m kinds.taste --kind music --state ks part.aa > got; same "--kind gives the vector of one" got <(taste-embed -q -m kinds.taste --kind music part.aa)
taste-embed -q -m kinds.taste --kind podcast --state ks part.ab | sort > got; cat part.aa part.ab | taste-embed -q -m kinds.taste --kind podcast | sort > want
same "what is remembered is of all kinds" got <(join -t "$T" <(cut -f1 got) want)

# a file that is not to be had
must_fail "a state of another model" 4 "taste-embed: --state: s: states of another model: *" taste-embed -m short.taste --state s part.aa
cp seq.taste copy.taste; must_fail "a model is no state" 4 "taste-embed: --state: copy.taste: holds no states of listeners" taste-embed -m seq.taste --state copy.taste part.aa
must_fail "nor is a state a model" 4 "taste-embed: s: a model of kind 'seq.state', which this version does not know" taste-embed -m s --items all
must_fail "text" 4 "taste-embed: --state: log.tsv: not a taste file*" taste-embed -m seq.taste --state log.tsv part.aa
size=$(wc -c < s) bad=0; cp s good
for at in $(awk -v n="$size" 'BEGIN { for (i = 0; i < 25; i++) print int(n * i / 25) }'); do
	head -c "$at" good > s; embed --state s part.aa > /dev/null 2> err; [ $? -eq 4 ] && [ "$(wc -l < err)" -eq 1 ] && [ "$(wc -c < s)" -eq "$at" ] || bad=$((bad + 1))
done
is "one cut anywhere is bad data, and stays as it is" $bad 0
flips=0
for at in $(awk -v n="$size" 'BEGIN { srand(5); for (i = 0; i < 25; i++) print int(n * rand()) }'); do
	cp good s; printf "$(printf '\\x%02x' $(($(od -An -tu1 -j "$at" -N 1 good) ^ 16)))" | dd of=s bs=1 seek="$at" conv=notrunc status=none; cp s flipped
	embed --state s part.aa > got 2> err; case $? in 4) cmp -s s flipped && [ "$(wc -l < err)" -eq 1 ] ;; 0) true ;; *) false ;; esac || flips=$((flips + 1))
done
is "a flipped bit is found, and the file stays; or it lies where nothing is read" $flips 0
cp good s; must_fail "bad events" 4 "taste-embed: *" bash -c "printf 'a\n' | taste-embed -m seq.taste --state s"; same "leave it as it was" s good
must_fail "a full disk for the vectors" 3 "*No space left*" bash -c "taste-embed -q -m seq.taste --state s part.aa > /dev/full"; same "too" s good
must_fail "no place for scratch" 3 "taste-embed: cannot make a scratch file in /no/such*" embed -T /no/such --state s part.aa; same "leaves it so too" s good
: > nothing; must_fail "a file of no bytes" 4 "taste-embed: --state: nothing is empty*" embed --state nothing part.aa
must_fail "a directory that is not there" 3 "*No such file*" embed --state no/such/s part.aa

# ---- two at a time ----
for u in a b c d; do sed "s/^/$u/" part.aa > log.$u; done
runs=(); for u in a b c d; do embed --state many log.$u > /dev/null & runs+=($!); done; bad=0; for r in "${runs[@]}"; do wait $r || bad=1; done
is "runs at a time wait for each other, also where there is no file yet: it remembers the listeners of all" "$bad $(taste-view --tensor n many | wc -l)" "0 $(cut -f1 log.[abcd] | sort -u | wc -l)"
is "nothing is left beside it" "$(ls -A | grep -c '^\.')" 0
case $B in
*thread*) skip "one that waits says so, and is killed without harm to the other's lock" "ThreadSanitizer keeps signals until flock returns" ;;
*)
	exec 9> .late.lock; flock 9; taste-embed -v -m seq.taste --state late log.a > /dev/null 2> err 9>&- & pid=$!
	for _ in $(seq 100); do grep -q waiting err && break; sleep 0.05; done; kill $pid; wait $pid 2> /dev/null
	is "one that waits says so, and is killed without harm to the other's lock" "$(grep -c 'another run writes to late: waiting' err) $(ls .late.lock)" "1 .late.lock"
	exec 9>&-; embed --state late log.a > got; is "a lock that nobody holds, left by a run that was killed, is none" "$? $(ls -A | grep -c '^\.')" "0 0"
esac
must_fail "what is to be remembered is not standard output" 2 "taste-embed: 's' is standard output too*" bash -c 'taste-embed -q -m seq.taste --state s part.aa >> s'

# usage
must_fail "--state where nobody is folded in" 2 "*--state and --follow are of users who are folded in*" embed --state s --items all
must_fail "--state of standard output" 2 "*--state: '-' will not do*" embed --state - part.aa
must_fail "--state and -o the same" 2 "*can hold only one of the outputs*" embed --state x -o x part.aa
must_fail "--state over the events" 2 "*is read: it cannot be written aside*" embed --state part.aa part.aa
must_fail "--follow with files" 2 "*--follow reads standard input*" embed --follow part.aa
must_fail "--follow in binary" 2 "*--follow answers in text*" embed --follow -b
taste-train als -d 8 -e 1 -o als.taste log.tsv
must_fail "a model that does not read event by event" 2 "*--state: models of kind als do not*" taste-embed -m als.taste --state x part.aa
done_testing
