# taste-split: each protocol does what its page says, for any order of users and threads.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
cat > log <<X
a	1	10	play	3	k=v
b	1	5
a	2	30
a	3	20
b	2	5
a	4	30
b	3	5
c	9	1
c	8	2
X
taste-split loo -o l log
is "loo: the last by time is test, of equal times the later line" "$(cut -f1,2 l.test.tsv | tr '\t\n' '  ')" "a 4 b 3 "
is "loo: the one before is valid" "$(cut -f1,2 l.valid.tsv | tr '\t\n' '  ')" "a 2 b 2 "
is "loo: the rest is train, users with few events whole, in input order, all columns kept" "$(cat l.train.tsv)" "a${T}1${T}10${T}play${T}3${T}k=v
b${T}1${T}5${T}${T}${T}
a${T}3${T}20${T}${T}${T}
c${T}9${T}1${T}${T}${T}
c${T}8${T}2${T}${T}${T}"
printf 'u\tx\nu\ty\t5\nu\tz\nu\tw\n' > notime; taste-split loo -o n notime
is "loo: events without a time come before those with one, in input order" "$(cut -f2 n.test.tsv) $(cut -f2 n.valid.tsv)" "y w"
taste-split time --test 0.3 --valid 0.3 -o t log
is "time: the cut leaves at most the share, and never parts a moment" "$(cut -f3 t.test.tsv | sort -u | tr '\n' ' ')$(cut -f3 t.valid.tsv | sort -u | tr '\n' ' ')" "30 10 20 "
taste-split time --test-from 1970-01-01T00:00:20Z --valid-from 10 -o t log
is "time: cuts by date" "$(wc -l < t.train.tsv) $(wc -l < t.valid.tsv) $(wc -l < t.test.tsv)" "5 1 3"
for p in loo time; do must_fail "$p: a seed does nothing" 2 "taste-split: -s belongs to ratio and users*" taste-split $p -s 1 -o p /dev/null; done
must_fail "time: an event without a time is told" 4 "*notime:1: an event without a time, which a split by time needs" taste-split time -o x notime

awk 'BEGIN { srand(5); for (i = 0; i < 3000; i++) printf "u%d\ti%d\t%d\n", rand() * 100, rand() * 300, i }' > big
taste-split ratio --test 0.2 --valid 0.1 -o r big
is "ratio: floor(n * share) of each user" "$(awk -F '\t' 'FILENAME == "big" { n[$1]++ } FILENAME == "r.test.tsv" { t[$1]++ } FILENAME == "r.valid.tsv" { v[$1]++ } END { for (u in n) if (t[u] != int(n[u] * .2) || v[u] != int(n[u] * .1)) print u }' big r.test.tsv r.valid.tsv)" ""
cat r.train.tsv r.valid.tsv r.test.tsv | sort > all; sed 's/$/\t\t\t/' big | sort > want; same "ratio: nothing is lost or doubled" all want
taste-split ratio --test 0.2 --valid 0.1 -t 7 -o r7 big; same "ratio: the same for any -t" r.test.tsv r7.test.tsv
taste-split ratio --test 0.2 --valid 0.1 -s 2 -o r2 big; cmp -s r.test.tsv r2.test.tsv && fail "ratio: another seed draws others" || pass "ratio: another seed draws others"
sort -s -t "$T" -k1,1r big > turned; taste-split ratio --test 0.2 --valid 0.1 -o rt turned
same "ratio: a user's draw does not depend on the other users" <(sort r.test.tsv) <(sort rt.test.tsv)
taste-split ratio --test 1 -o r1 big; is "ratio: a user always keeps one event" "$(cut -f1 r1.train.tsv | sort | uniq -c | awk '$1 != 1' | wc -l)" 0

taste-split users --test 0.2 --valid 0.1 --fold 0.5 -o s big
n_users=$(cut -f1 big | sort -u | wc -l)
is "users: shares of the users are held out" "$(cut -f1 s.test.tsv | sort -u | wc -l) $(cut -f1 s.valid.tsv | sort -u | wc -l)" "$((n_users / 5)) $((n_users / 10))"
is "users: no held-out user is in train" "$(cat s.test.tsv s.valid.tsv s.test-fold.tsv s.valid-fold.tsv | cut -f1 | sort -u | comm -12 - <(cut -f1 s.train.tsv | sort -u) | wc -l)" 0
is "users: who is tested is folded in" "$(cut -f1 s.test.tsv | sort -u | cksum)" "$(cut -f1 s.test-fold.tsv | sort -u | cksum)"
cat s.*.tsv | sort > all; same "users: nothing is lost or doubled" all want
is "users: half of each is folded in" "$(awk -F '\t' 'FILENAME == "s.test.tsv" { t[$1]++ } FILENAME != "s.test.tsv" { f[$1]++ } END { for (u in t) if (f[u] != int((t[u] + f[u]) / 2)) print u }' s.test.tsv s.test-fold.tsv)" ""

taste-split users --test 7 --valid 0.1 -o s big; is "users: so many users" "$(cut -f1 s.test.tsv | sort -u | wc -l) $(cut -f1 s.valid.tsv | sort -u | wc -l)" "7 $((n_users / 10))"
must_fail "users: more than there are" 4 "taste-split: *more than the $n_users with at least 3 events" taste-split users --test 1000000 --valid 0 -o x big
must_fail "users: a share and a half" 2 "*--test: a share of the users lies below 1, a number of them is whole*" taste-split users --test 1.5 -o x big
seq 100 | sed "s/.*/u${T}i&${T}&/" > hundred; taste-split ratio --test 0.29 -o h hundred; is "a share is the decimal that was typed" "$(wc -l < h.test.tsv)" 29
must_fail "loo has no shares" 2 "*loo has no shares*" taste-split loo --test 0.1 -o x big
must_fail "a time and a share" 2 "*say where to cut*" taste-split time --test-from 5 --test 0.1 -o x big
must_fail "standard input twice" 2 "*standard input can be read only once*" bash -c 'taste-split loo -o y - - < big'
must_fail "--fold without users" 2 "*--fold belongs to users*" taste-split loo --fold 0.5 -o x big
printf 'u\ti\t1\n' > single; taste-split time -o one single 2> err; is "an empty test part is told" "$(cat err)" "taste-split: the test part is empty"
is "and an empty train part, for a year is a year" "$(printf 'u\ti\t1704067199\nu\tj\t1704067200\n' > year; for y in 2023 2024; do taste-split time --test-from $y -o one year 2>&1; cut -f2 one.test.tsv; done | tr '\n' ' ')" "taste-split: the train part is empty i j j "

printf 'u\ta\t1\nu\ta\t2\nu\tb\t3\nu\tc\t4\nu\td\t5\nv\ta\t1\n' > rep; taste-split loo --distinct -o d rep
is "--distinct keeps the first event of a pair" "$(cut -f2,3 d.train.tsv | tr '\t\n' '  ')" "a 1 b 3 a 1 "
taste-split loo --distinct --known -o k rep
is "--known drops what train does not have" "$(wc -l < k.test.tsv)$(wc -l < k.valid.tsv)" 00
taste-split loo -b -o b log; is "binary parts hold the same" "$(for p in train valid test; do taste-view b.$p.taste; done)" "$(cat l.train.tsv l.valid.tsv l.test.tsv)"
taste-view -b --as events -o log.taste log; taste-split loo -o lb log.taste; same "binary in, the same parts" lb.test.tsv l.test.tsv

: > empty; ok "an empty log has empty parts" taste-split loo -o e empty; is "and all of them" "$(cat e.train.tsv e.valid.tsv e.test.tsv | wc -c)" 0
printf '\xef\xbb\xbfu\ti\t1\r\nu\tj\t2\r\nu\tk\t3' > crlf; taste-split loo -o c crlf; is "BOM, CRLF, no final newline" "$(cut -f1-3 c.test.tsv)" "u${T}k${T}3"
printf 'u\ti\tx\n' > bad; must_fail "a bad time is told" 4 "taste-split: bad:1: field 3: 'x' is not a time*" taste-split loo -o x bad
printf 'u\ti\0\t1\n' > nul; must_fail "a NUL byte is told" 4 "taste-split: nul:1: *NUL*" taste-split loo -o x nul
printf 'u\n' > one; must_fail "one column is told" 4 "taste-split: one:1: 1 field*" taste-split loo -o x one
printf 'u\ti\t1\tplay\t1e400\n' > huge; must_fail "1e400 is told" 4 "taste-split: huge:1: field 5: '1e400'*" taste-split loo -o x huge
{ printf 'u\t'; head -c 10000000 /dev/zero | tr '\0' y; printf '\n'; } > long; ok "a 10 MB id is fine" taste-split ratio -o g long
is "and is kept" "$(wc -c < g.train.tsv)" 10000007
head -c 150 log.taste > cut.taste; must_fail "a cut binary is told with its byte" 4 "taste-split: cut.taste: ends at byte 150*" taste-split loo -o x cut.taste
is "a failed run leaves no part behind" "$(ls -A | grep -c '^x\.\|^\.x\.')" 0
must_fail "no protocol" 2 "*say what to do*usage:*" taste-split
must_fail "no prefix" 2 "*-o PREFIX*" taste-split loo log
must_fail "shares beyond everything" 2 "*more than everything*" taste-split ratio --test 0.9 --valid 0.2 -o x log
mkdir ro && chmod 500 ro; [ "$(id -u)" -eq 0 ] && skip "a directory that cannot be written is told" "running as root" || must_fail "a directory that cannot be written is told" 3 "*Permission denied" taste-split loo -o ro/x log
must_fail "a prefix in no directory" 3 "taste-split: nowhere/x.train.tsv: No such file or directory" taste-split loo -o nowhere/x log
printf 'u\ti\t4\t881250949\n' > udata; must_fail "a time where an event's kind is wanted is told" 4 "taste-split: udata:1: field 4: '881250949' is a number, not what happened (play, skip, like, ...): are the columns user, item, time, event?" taste-split loo -o x udata
must_fail "also behind a header" 4 "taste-split: /dev/fd/*:2: field 1: '881250949' is a number, not what happened (play, skip, like, ...)" taste-split loo -o x -H <(printf 'event\tuser\titem\n881250949\tu\ti\n')
ok "a code of eight digits is a kind" taste-split loo -o x <(printf 'u\ti\t4\t88125094\n')
for h in 'user\titem' 'user\titem\ttime' 'user\titem\ttime\tevent\tvalue\tcontext\tmore'; do must_fail "names without -H: $h" 4 "taste-split: /dev/fd/*:1: this looks like a line of column names, which -H announces" taste-split loo -o x <(printf "$h\n"); done
ok "events of a user who is called user" taste-split loo -o x <(printf 'user\titem\t1\nuser\titem\t2\n'; printf 'user\titem\n')
is "milliseconds are told" "$(taste-split loo -o x <(printf 'u\ti\t1700000000\nu\tj\t1700000000000\n') 2>&1)" "taste-split: the newest event is at 1700000000000, beyond the year 5000: are times milliseconds? taste-ingest makes seconds of them
taste-split: the test part is empty"
is "and the last second before is one" "$(taste-split loo -o x <(for i in 1 2 3; do printf 'u\ti%d\t95617583999\n' $i; done) 2>&1)" ""
must_fail "loo of two events" 2 "*--min: loo takes an event for test*3 at least*" taste-split loo --min 2 -o x log
must_fail "a least number of events of no protocol that has one" 2 "*--min belongs to loo and users*" taste-split time --min 5 -o x nofile
done_testing
