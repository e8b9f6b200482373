# taste-rank candidates and merge: each source by hand or by another way, nothing of what comes later, the same for any -t, what it refuses.
. "$(dirname "$0")/lib.sh"
T=$'\t'
tr_() { tr '\t\n' '  '; }
cand() { taste-rank candidates "$@"; }

# ---- by hand: a day is 86400 ----
cat > items.tsv <<X
a1	music	A one	Ann	First	1960	200	rock;slow
a2	music	A two	Ann	First	1960	200	rock
a3	music	A three	Ann	Second	1970-01-09	200	rock
b1	music	B one	Bob	Best	1960	200	folk
b2	music	B two	Bob	Best	1970-01-10	200	folk
n1	music	N one	Nan	New	1970-01-08	200	slow
p1	podcast	One	Pod	Pod	1970-01-01	1000	talk
p2	podcast	Two	Pod	Pod	1970-01-03	1000	talk
p3	podcast	Three	Pod	Pod	1970-01-05	1000	talk
p4	podcast	Four	Pod	Pod	1970-01-20	1000	talk
k2	audiobook	Ch. 2	Auth	Book		500	prose	number=2
k1	audiobook	Ch. 1	Auth	Book		500	prose	number=1
k3	audiobook	Ch. 3	Auth	Book		500	prose	number=3
X
d() { echo $((86400 * $1 + ${2:-0})); }
cat > log.tsv <<X
u	a1	$(d 1)	play	200
u	a1	$(d 2)	play	200
u	a1	$(d 3)	play	200
u	b1	$(d 3 900)	skip	3
u	p1	$(d 4)	play	400
u	p1	$(d 5)	play	550
u	k1	$(d 6)	play	400
v	a2	$(d 6)	play
v	a2	$(d 7)	play
v	b2	$(d 7)	like
w	k1	$(d 2)	play	500
w	k2	$(d 3)	play	100
w	Bob	$(d 4)	follow
X
get() { awk -F '\t' -v u="$1" -v s="$2" '$1 == u && $4 == s { printf "%s%s", sep, $2; sep = " " }' got; }
now=$(d 11)
cand --items items.tsv --time "$now" --new-days 5 log.tsv > got
is "the next episode, for the one before is finished by what was heard in all; the chapter that was not heard to its end" "$(get u continue)" "k1 p2"
is "a chapter of another stopped in the middle" "$(get w continue)" "k2"
is "of those who are followed, by what is theirs: best known first, nothing that comes later" "$(get u followed)" "a2 p2 a3 p3 k2 k3"
is "a creator is followed by name" "$(get w followed)" "b2 b1 k3"
is "new: of creators and tags that are heard, nothing that is not out yet" "$(get u new) $(get v new) $(get w new)" "a3 n1 a3 b2"
is "again: what was heard three times" "$(get u again)" "a1"
is "nor is anything found again, or gone on with, before it is out" "$(for i in 1 2 3; do printf 'u\tlater\t%d\nu\tsoon\t%d\n' $i $i; done | taste-rank candidates -q --items <(printf 'later\tmusic\tA\tB\tC\t2030\nsoon\tpodcast\tA\tB\tC\t2030\t9999\n') --source again,continue --rest 0 --half-life 1e6 --time 100)" ""
is "the score of again" "$(awk -F '\t' '$1 == "u" && $4 == "again" { printf "%.5f", $3 }' got)" "$(awk 'BEGIN { printf "%.5f", 2 * (1 - 2^(-8 / 7)) }')"
is "now leaves out what the listener has" "$(get v now)" "a1 p1 k1 k2"
is "--keep does not" "$(cand --items items.tsv --source now --keep --users <(echo v) --time "$now" log.tsv | cut -f2 | head -1)" "a2"
is "plays are as many as they say, and finished" "$(printf 'u\ta1\t5\tplays\t3\nu\tk1\t6\tplays\t2\n' | cand --items items.tsv --source again,continue --rest 0 --half-life 1e6 | cut -f2,3 | tr_)" "a1 2 k2 1 "
is "skipped: the next one" "$(printf 'u\tp1\t%s\tplay\t400\nu\tp1\t%s\tskip\t2\n' "$(d 4)" "$(d 5)" | cand --items items.tsv --source continue | cut -f2)" p2
is "a group of a kind that is not serial is not gone on with" "$(cand --items items.tsv --source continue --serial music --time "$now" --users <(echo u) --lately 100 log.tsv | cut -f2 | tr_)" "b2 a2 "
is "what was left for too long is given up" "$(cand --items items.tsv --source continue --lately 5 --users <(echo u) --time "$now" log.tsv | cut -f2)" "k1"
is "--newest" "$(cand --items items.tsv --source followed --newest -k 2 --users <(echo u) --time "$now" log.tsv | cut -f2 | tr_)" "a3 p3 "
is "each kind has its own chart" "$(cand --items items.tsv --source now --each-kind --keep -k 1 --users <(echo z) --time "$now" log.tsv | cut -f2 | sort | tr_)" "a2 k1 p1 "
is "sources in the order named, a listener's lines together" "$(cand --items items.tsv --source again,now --source continue --time "$now" log.tsv | cut -f1,4 | uniq | tr_)" "u again u now u continue v again v now w now w continue "
is "listeners without events have what is popular; twice in the list is once" "$(cand --source now,again,near -k 1 --users <(printf 'z\nz\nu\n') --time "$now" log.tsv | cut -f1,4 | sort -u | tr_)" "u again u now z now "
is "taste-rank reads them" "$(cand --items items.tsv --time "$now" -k 3 log.tsv | taste-rank --items items.tsv -k 1 | cut -f1 | tr_)" "u v w "
is "--header-out" "$(cand --header-out --source now log.tsv | head -1)" "user${T}item${T}score${T}source"
{ echo "time${T}item${T}user"; awk -F '\t' '{ print $3 FS $2 FS $1 }' log.tsv; } > named.tsv
is "-H finds columns by name" "$(cand -H --source now -k 1 named.tsv | cut -f2 | sort -u | tr_)" "$(cut -f1-3 log.tsv | cand --source now -k 1 | cut -f2 | sort -u | tr_)"

# ---- a world ----
taste-synth --users 120 --events 20000 -s 5 --music 500 --items cat.tsv -o big.tsv
half=$(cut -f3 big.tsv | sort -n | sed -n 12000p)
awk -F '\t' -v t="$half" '$3 < t' big.tsv > before.tsv; awk -F '\t' -v t="$half" '$3 >= t' big.tsv > after.tsv
cand --items cat.tsv -k 20 --new-days 400 --time "$half" before.tsv > want
is "all sources find something" "$(cut -f4 want | sort -u | tr_)" "again continue followed near new now rising "
cand --items cat.tsv -k 20 --new-days 400 --time "$half" big.tsv > got; same "what comes later changes nothing" got want
cand --items cat.tsv -k 20 --new-days 400 --time "$half" --events before.tsv after.tsv > got; same "nor in another file" got want
awk -F '\t' 'NR == FNR { print; next } { print; print "stranger" NR FS $2 FS $3 FS $4 FS $5 }' before.tsv after.tsv | cand --items cat.tsv -k 20 --new-days 400 --time "$half" > got; same "nor by others" got want
cand --items cat.tsv -k 20 --new-days 400 --time "$(date -u -d "@$half" +%Y-%m-%dT%H:%M:%SZ)" before.tsv > got; same "ISO 8601 is the same moment" got want
for t in 1 5; do cand -t $t --items cat.tsv -k 20 --new-days 400 --time "$half" before.tsv > got; same "-t $t is the same" got want; done
for cpu in $(taste-rank -V | sed -n 's/^cpu paths: *//p'); do cand --cpu $cpu --items cat.tsv -k 20 --new-days 400 --time "$half" before.tsv > got; same "--cpu $cpu is the same" got want; done
taste-ingest tsv -b -o before.taste before.tsv; cand --items cat.tsv -k 20 --new-days 400 --time "$half" before.taste > got; same "binary events are the same" got want
cand --items cat.tsv -k 20 --new-days 400 --time "$half" < before.taste > got; same "from a pipe" got want
cand --items cat.tsv -k 20 --new-days 400 --time "$half" -b before.tsv > b.taste; taste-view b.taste > got; same "binary candidates hold the same lines" got want
sort -t "$T" -k3,3n -s big.tsv | cand --items cat.tsv -k 20 --new-days 400 --time "$half" --source now,rising,followed,new,again,continue --users <(cut -f1 before.tsv | sort -u) > got
cand --items cat.tsv -k 20 --new-days 400 --time "$half" --source now,rising,followed,new,again,continue --users <(cut -f1 before.tsv | sort -u) before.tsv > other
same "the order of the log does not matter, but for equal times" got other

# popular and again by awk
cand --source now,rising,again -k 30 --half-life 3 --rest 2 --time "$half" --users <(echo nobody; cut -f1 before.tsv | head -1) before.tsv | awk -F '\t' '$1 == "nobody" || $4 == "again" { print $4 FS $2 FS $3 }' > got
awk -F '\t' -v t="$half" -v h=$((3 * 86400)) 'NR == 1 { me = $1 } $4 != "skip" { n[$2] += 2^(-(t - $3) / h); m[$2] += 2^(-(t - $3) / h / 8) / 8 }
	$1 == me { c[$2] += $4 == "skip" ? -1 : 1; if ($4 != "skip") last[$2] = $3 }
	END { for (i in n) { print "now" FS i FS n[i]; if (n[i] > m[i]) print "rising" FS i FS (n[i] - m[i]) / sqrt(m[i] + 1) }
		for (i in c) if (c[i] >= 2) print "again" FS i FS log(1 + c[i]) / log(2) * (1 - 2^(-(t - last[i]) / 172800)) }' before.tsv |
	sort -t "$T" -k1,1 -k3,3gr -k2,2 > all.want
for s in now rising again; do
	is "$s: the best, as awk counts them" "$(awk -F '\t' -v s=$s '$1 == s && n++ < 30 { print $3 }' all.want > w; awk -F '\t' -v s=$s '$1 == s { print $3 }' got > g; paste w g | awk '{ d = $1 - $2; if (NF != 2 || d * d > 1e-8 * $1 * $1) bad++ } END { print (NR > 4), bad + 0 }')" "1 0"
	is "$s: each has its score" "$(awk -F '\t' -v s=$s 'NR == FNR { w[$1, $2] = $3; next } $1 == s { d = $3 - w[$1, $2]; if (d * d > 1e-8 * $3 * $3) bad++ } END { print bad + 0 }' all.want got)" 0
done

# ---- requests ----
awk -F '\t' '!s[$1]++ && $1 != "x"' after.tsv | shuf --random-source=big.tsv | head -40 > req.tsv
cand --items cat.tsv -k 15 --requests req.tsv --chart-every 0 big.tsv > got
: > want
while IFS=$T read -r u i t x; do cand --items cat.tsv -k 15 --users <(echo "$u") --time "$t" big.tsv >> want; done < req.tsv
same "a request is what is asked for at its moment" got want
cat req.tsv <(awk -F '\t' -v OFS='\t' '{ $3 += 9999; print }' req.tsv) > twice.tsv; cand --items cat.tsv -k 15 --requests twice.tsv --chart-every 0 big.tsv > got; same "of a listener's requests the first counts" got want
last=$(cut -f3 req.tsv | sort -n | tail -1)
awk -F '\t' -v t="$last" '$3 < t' big.tsv | cand --items cat.tsv -k 15 --requests req.tsv > cut; cand --items cat.tsv -k 15 --requests req.tsv big.tsv > got; same "what comes behind the last request changes nothing" got cut
cand --source now -k 3 --requests req.tsv big.tsv > daily
u=$(head -1 req.tsv | cut -f1) t=$(head -1 req.tsv | cut -f3)
is "charts are made each day" "$(cand --source now --keep -k 1 --requests req.tsv big.tsv | awk -F '\t' -v u="$u" '$1 == u' | cut -f2,3)" "$(cand --source now --keep -k 1 --users <(echo "$u") --time $((t / 86400 * 86400)) big.tsv | cut -f2,3)"
cand --items cat.tsv -t 3 -k 15 --requests req.tsv big.tsv > other; same "with -t 3, too" got other

# ---- merge ----
printf 'u\ta\t1\tx\nu\tb\t0\tx\tk=v\nv\ta\t1\tx\n' > m1; printf 'w\tc\t3\ty\nv\tb\t2\ty\nu\ta\t9\ty\n' > m2; printf 'z\tq\t1\nw\tc\t1\tz' > m3
is "listeners in the order of the first file, then of the others; a listener's lines file by file, as they are" "$(taste-rank merge m1 m2 m3 | tr_)" "u a 1 x u b 0 x k=v u a 9 y v a 1 x v b 2 y w c 3 y w c 1 z z q 1 "
is "the other way round" "$(taste-rank merge m3 m2 m1 | cut -f1,4 | tr_)" "z w z w y v y v x u y u x u x "
is "one file is as it is" "$(taste-rank merge < m1 | cmp - m1 && echo same)" same
cand --items cat.tsv --source now,near big.tsv > s1; cand --items cat.tsv --source again big.tsv | sort -s -t "$T" -k1,1 > s2; cand --source rising --users <(cut -f1 big.tsv | sort -ru | head -50) -b big.tsv > s3.taste; taste-view s3.taste > s3
taste-rank merge s1 s2 s3.taste | sort > got; sort s1 s2 s3 > other; same "nothing is lost, binary or not" got other
taste-rank merge s1 s2 s3.taste > got
is "a listener's lines stand together" "$(cut -f1 got | uniq | sort | uniq -d)" ""
is "and are those of taste-rank" "$(taste-rank got | sort | cksum)" "$(sort -s -t "$T" -k1,1 s1 s2 s3 | taste-rank | sort | cksum)"
taste-rank merge -b s2 s1 > b.taste; taste-view b.taste > other; taste-rank merge s2 s1 > got; same "binary out holds the same lines" got other
{ echo "item${T}user${T}score${T}source"; awk -F '\t' -v OFS='\t' '{ print $2, $1, $3, $4 }' m2; } > m2.named; is "-H finds columns by name" "$(taste-rank merge -H m2.named)" "$(cat m2)"
is "nothing and nothing" "$(taste-rank merge /dev/null /dev/null; echo $?)" 0
must_fail "a listener who comes again" 4 "*m4:3: user 'u' comes again*" taste-rank merge m1 $(printf 'u\ta\t1\nv\ta\t1\nu\tb\t1\n' > m4; echo m4)
must_fail "a line that is no candidate" 4 "*m5:1: field 3: 'x' is not a score*" taste-rank merge m1 $(printf 'u\ta\tx\n' > m5; echo m5)
head -c 100 s3.taste > cut.taste; must_fail "a binary file that was cut" 4 "*cut.taste*" taste-rank merge m1 cut.taste
must_fail "standard input twice to merge" 2 "*standard input can be read only once*" taste-rank merge - -
must_fail "options of candidates are not of merge" 2 "*--source is an option of candidates*" taste-rank merge --source now m1
must_fail "nor is the length of lists" 2 "*--top is an option of lists and candidates*" taste-rank merge -k 3 m1
must_fail "nor what lists drop of candidates, which leave out what the log has" 2 "*--seen is an option of lists*" taste-rank candidates --seen m1 m1

# ---- what is refused ----
printf "u\tx\n\ty\n" > us
must_fail "a listener without a name" 4 "*us:2: field 1: the user is empty" taste-rank candidates --source now --users us log.tsv
must_fail "a source nobody knows" 2 "*--source: 'then' is not one of now,*" taste-rank candidates --source now,then log.tsv
must_fail "an empty name" 2 "*--source: '' is not one of*" taste-rank candidates --source now, log.tsv
must_fail "a source twice" 2 "*--source: now is there twice*" taste-rank candidates --source now,now log.tsv
must_fail "creators without a catalogue" 2 "*--source followed needs --items*" taste-rank candidates --source followed log.tsv
must_fail "kinds without a catalogue" 2 "*--each-kind needs --items*" taste-rank candidates --each-kind log.tsv
must_fail "a moment that is none" 2 "*--time: 'noon' is not a time*" taste-rank candidates --time noon log.tsv
must_fail "requests and a moment" 2 "*--requests says for whom and when: it does not go with --time*" taste-rank candidates --time 5 --requests log.tsv log.tsv
must_fail "requests and users" 2 "*does not go with --users*" taste-rank candidates --users all --requests log.tsv log.tsv
must_fail "standard input twice" 2 "*standard input can be read only once*" taste-rank candidates --items - -
must_fail "these options belong to candidates" 2 "*--source is an option of candidates*" taste-rank --source now cand
printf 'u\ta\t1\nv\tb\n' > notime.tsv
must_fail "an event without a time" 4 "*notime.tsv:2: an event without a time, which a list of candidates needs" taste-rank candidates notime.tsv
must_fail "a request without a time" 4 "*notime.tsv:2: an event without a time, which a request needs" taste-rank candidates --requests notime.tsv log.tsv
taste-view -b --as events notime.tsv > notime.taste; must_fail "nor one of a binary log" 4 "*notime.taste: *an event without a time, which a list of candidates needs" taste-rank candidates notime.taste
{ head -1 log.tsv; echo x; } > bad.tsv
must_fail "a log that is none" 4 "*bad.tsv:2: 1 field*" taste-rank candidates bad.tsv
is "an empty log, nothing" "$(cand < /dev/null; echo $?)" 0
is "an empty catalogue, nothing" "$(cand --items /dev/null log.tsv; echo $?)" 0
is "no users, nothing" "$(cand --users /dev/null log.tsv; echo $?)" 0
is "before all, nothing" "$(cand --time 0 log.tsv; echo $?)" 0
is "ids of any bytes" "$(printf '\\t\xff\ta\\nb\t5\n\\t\xff\ta\\nb\t5\n' | cand --source again --rest 0 | od -An -c -w64 | tr -s ' ')" " \\ t 377 \\t a \\ n b \\t 1 . 5 8 4 9 6 2 5 \\t a g a i n \\n"
printf 'u\ta\t-9223372036854775807\nu\tb\t9223372036854775807\nu\ta\t-9223372036854775807\n' > far.tsv
is "the ends of time" "$(cand far.tsv > /dev/null; echo $?)" 0
must_fail "no room for the output" 3 "*" bash -c 'taste-rank candidates log.tsv > /dev/full'
for x in "--half-life 5:now, rising and continue" "--each-kind:now and rising" --newest:followed "--new-days 3:new" "--lately 3:continue" "--finished 0.5:continue" "--rest 3:again"; do
	must_fail "${x%:*} without its source" 2 "*${x%%[ :]*} is of the source* ${x#*:}*usage:*" taste-rank candidates --items items.tsv --source near ${x%:*} log.tsv
done
must_fail "--serial without its source" 2 "*--serial is of the sources continue and again*" taste-rank candidates --items items.tsv --source now --serial show log.tsv
must_fail "--serial without a catalogue" 2 "*--serial needs --items*" taste-rank candidates --source again --serial show log.tsv
must_fail "--chart-every without --requests" 2 "*--chart-every says nothing without --requests*" taste-rank candidates --chart-every 7 log.tsv
is "a catalogue of other items is told" "$(taste-rank candidates --items <(sed 's/^/x/' items.tsv) log.tsv 2>&1 > /dev/null | sed 's/[0-9][0-9]*/N/; s/in .*:/in F:/')" "taste-rank: none of N items with events is in F: it says nothing of them"
is "though not where there are no events" "$(taste-rank candidates --items items.tsv /dev/null 2>&1)" ""
done_testing
