# taste-knn merge: what the shards of a catalogue give is what the whole gives; queries that a shard has nothing for; orders that contradict each other; bad inputs.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')

# world N D SEED PREFIX : N vectors of D small integers, so that ties are many
world() { awk -v n="$1" -v d="$2" -v s="$3" -v p="$4" 'BEGIN { srand(s); for (i = 0; i < n; i++) { printf "%s%d", p, (i * 7919) % n; for (j = 0; j < d; j++) printf "\t%d", int(rand() * 7) - 3; print "" } }'; }
world 300 8 1 i > items.tsv
world 40 8 2 u > users.tsv
awk -F '\t' '{ h = 0; for (i = 1; i <= length($1); i++) h = (h * 31 + index("i0123456789", substr($1, i, 1))) % 1000003; print > ("shard" h % 3 ".tsv") }' items.tsv
is "each of three shards has a good part of the whole" "$(wc -l shard?.tsv | awk '$1 > 60' | wc -l) $(cat shard?.tsv | wc -l)" "4 300"

for m in ip cosine l2; do
	for k in 1 7 150 1000; do
		taste-knn search --metric $m -k $k items.tsv users.tsv > whole
		for s in 0 1 2; do
			taste-knn search --metric $m -k $k shard$s.tsv users.tsv > part$s
			taste-knn search --metric $m -k $k -b shard$s.tsv users.tsv > part$s.taste
		done
		taste-knn merge -k $k part0 part1 part2 > merged; same "$m, k $k: merged shards are the whole" merged whole
		taste-knn merge -k $k part2 part0 part1 > merged; same "$m, k $k: in any order of the shards" merged whole
		taste-knn merge -k $k -b part0.taste part1.taste part2.taste > merged.taste; taste-view merged.taste > merged
		same "$m, k $k: and in binary" merged whole
	done
done
gzip -c part1 > part1.gz
taste-knn merge -k 1000 part0.taste part1.gz - < part2 > merged; same "text, gzip, binary and standard input may be mixed" merged whole
taste-knn merge -k 1000 -o merged.o part0 part1 part2; same "-o has the same" merged.o whole
taste-knn merge -k 3 -b -o k3.taste part0.taste part1.taste part2.taste
like "the history names the searches and the merge" "$(taste-view -i k3.taste)" "*search*merge -k 3*"

# queries that a shard has nothing for: all that is in it is excluded for some users, and everything for one. Of two that follow each other one shard has both.
awk -F '\t' 'NR == FNR { item[++n] = $1; next } FNR % 4 == 2 || (FNR > 20 && FNR < 32) || FNR == 40 { for (i = 1; i <= n; i++) print $1 "\t" item[i] }' shard0.tsv users.tsv > have.tsv
awk -F '\t' 'NR == FNR { item[++n] = $1; next } FNR % 5 == 2 || FNR == 1 || FNR == 40 { for (i = 1; i <= n; i++) print $1 "\t" item[i] }' shard1.tsv users.tsv >> have.tsv
awk -F '\t' 'NR == FNR { item[++n] = $1; next } FNR == 9 || FNR == 40 { for (i = 1; i <= n; i++) print $1 "\t" item[i] }' shard2.tsv users.tsv >> have.tsv
taste-knn search -k 9 --exclude have.tsv items.tsv users.tsv > whole
for s in 0 1 2; do taste-knn search -k 9 --exclude have.tsv shard$s.tsv users.tsv > part$s; done
is "each shard lacks queries" "$(for s in 0 1 2; do [ "$(cut -f1 part$s | uniq | wc -l)" -lt "$(cut -f1 whole | uniq | wc -l)" ] && echo y; done | tr -d '\n')" yyy
for order in "0 1 2" "2 1 0" "1 2 0"; do
	set -- $order
	taste-knn merge -k 9 part$1 part$2 part$3 > merged; same "queries that a shard lacks stay in their place (shards $order)" merged whole
done
: > empty
taste-knn merge -k 9 part0 empty part1 part2 > merged; same "a shard that found nothing at all changes nothing" merged whole
is "two empty shards are empty" "$(taste-knn merge empty empty; echo $?)" 0
printf 'q1\tx\t1\ts\nq3\tx\t1\ts\n' > a; printf 'q2\ty\t1\ts\nq3\ty\t1\ts\n' > b
is "where nothing tells the order of two queries, the first input's comes first" "$(taste-knn merge a b | cut -f1 | tr '\n' ' ')$(taste-knn merge b a | cut -f1 | tr '\n' ' ')" "q1 q2 q3 q3 q2 q1 q3 q3 "
# many lack, in long runs, and the sparse one has few
seq 9000 | awk '{ print "q" $1 "\ta\t2\ts" }' > dense; seq 9000 | awk '$1 % 3000 == 1500 { print "q" $1 "\tb\t3\ts" }' > sparse
seq 9000 | awk '{ q = $1; if (q % 3000 == 1500) print "q" q "\tb\t3\ts"; print "q" q "\ta\t2\ts" }' > want
taste-knn merge dense sparse > got; same "a shard with few queries, far apart, is joined" got want
taste-knn merge sparse dense > got; same "also when it is named first" got want
seq 20000 | awk '{ print ($1 % 7000 ? "d" : "q") $1 "\ta\t1\ts" }' > far1; seq 20000 | awk '{ print ($1 % 7000 ? "e" : "q") $1 "\tb\t1\ts" }' > far2
must_fail "queries that never meet are told" 4 "taste-knn: far1:1: query 'd1', and far2:1: query 'e1': *4096*" taste-knn merge far1 far2
head -3000 far1 > far3; head -3000 far2 > far4
is "short inputs with nothing in common come one behind the other" "$(taste-knn merge far3 far4 | cut -f1 | uniq | wc -l)" 6000

# text and source of the winner stay; an item in two shards
printf 'q\tx\t1.50\tone\nq\ty\t1e0\tone\n' > a; printf 'q\tz\t01.25\ttwo\nq\tw\t+1\ttwo\nq\tv\t0.10000000149011612\ttwo\n' > b
is "the score stays as it was written, and the source" "$(taste-knn merge a b)" "q${T}x${T}1.50${T}one
q${T}z${T}01.25${T}two
q${T}w${T}+1${T}two
q${T}y${T}1e0${T}one
q${T}v${T}0.10000000149011612${T}two"
printf 'q\tb\t0.1\tone\n' > a; printf 'q\ta\t0.10000000149011612\ttwo\n' > b
is "scores that are one in single precision are a tie" "$(taste-knn merge a b | cut -f2 | tr '\n' ' ')" "a b "
printf 'q\tx\t2\tone\nq\ty\t1\tone\n' > a; printf 'q\ty\t3\ttwo\nq\tx\t2\ttwo\nq\tz\t1\ttwo\n' > b
is "of an item in two shards the better row is kept, of equal ones the first input's" "$(taste-knn merge -q a b)" "q${T}y${T}3${T}two
q${T}x${T}2${T}one
q${T}z${T}1${T}two"
like "and it is said" "$(taste-knn merge a b 2>&1 >/dev/null)" "taste-knn: 2 rows were left out: *"
is "such a row takes no place of the k" "$(taste-knn merge -q -k 3 a b | wc -l)" 3
printf 'q\tx\t2\tone\nq\tx\t2\tone\n' > a; printf 'q\ty\t1\ttwo\n' > b
is "equal ids of one shard are separate rows, as in search" "$(taste-knn merge a b | wc -l)" 3
printf 'q\t\\t\\\\\t2\ta\\nb\n' > a; printf 'q\t\xff\xfe\t1\t\n' > b
is "ids and sources of every kind stay" "$(taste-knn merge a b | od -c)" "$(cat a b | od -c)"
printf '\xef\xbb\xbfq\tx\t2\ts\r\nr\tx\t2\ts' > a; printf 'q\ty\t1\ts' > b
is "BOM, CRLF and no final newline are fine" "$(taste-knn merge a b | tr '\n\t' ',:')" "q:x:2:s,q:y:1:s,r:x:2:s,"
printf 'q\tx\t2\ts\nr\tx\t2\ts\nq\tx\t2\ts\n' > a; printf 'q\ty\t1\ts\nr\ty\t1\ts\nq\ty\t1\ts\n' > b
is "a query that comes twice in every shard is answered twice" "$(taste-knn merge -k 1 a b | cut -f1 | tr -d '\n')" qrq

# orders that contradict each other
printf 'q1\tx\t2\ts\nq2\tx\t2\ts\n' > a; printf 'q2\ty\t1\ts\nq1\ty\t1\ts\n' > b
must_fail "two queries the other way round" 4 "taste-knn: [ab]:2: query 'q[12]' comes again after it was passed: *" taste-knn merge a b
{ seq 50 | awk '{ print "q" $1 "\tx\t2\ts" }'; } > a; { seq 2 50; echo 1; } | awk '{ print "q" $1 "\ty\t1\ts" }' > b
must_fail "a query that comes long after it was passed" 4 "taste-knn: b:50: query 'q1' comes again after it was passed: *" taste-knn merge a b
printf 'q1\tx\t2\ts\nq2\tx\t2\ts\nq1\tx\t2\ts\n' > a; printf 'q1\ty\t1\ts\nq2\ty\t1\ts\n' > b
must_fail "a query that comes twice in one shard only" 4 "taste-knn: a:3: query 'q1' comes again *" taste-knn merge a b
printf 'q1\tx\t2\ts\nq2\tx\t2\ts\n' > a; printf 'q2\ty\t1\ts\nq3\ty\t1\ts\n' > b; printf 'q3\tz\t1\ts\nq1\tz\t1\ts\n' > c
must_fail "three shards in a circle" 4 "taste-knn: [abc]:2: query 'q[123]' comes *: all inputs must have the queries in one order" taste-knn merge a b c

# bad inputs
printf 'q\tx\t1\ts\n' > one
must_fail "a single input" 2 "*two shards or more*usage: taste-knn *" taste-knn merge one
must_fail "no input" 2 "*two shards or more*" taste-knn merge
must_fail "standard input twice" 2 "*only once*" taste-knn merge - -
for x in "--metric l2" "--source x" "--exclude one" "--no-self" -H; do must_fail "merge has no $x" 2 "taste-knn: --* is an option of search*" taste-knn merge $x one one; done
must_fail "a file that is not there" 3 "taste-knn: nothere: No such file*" taste-knn merge one nothere
printf 'q\tx\t1\n' > bad; must_fail "three fields" 4 "taste-knn: bad:1: 3 fields, *" taste-knn merge one bad
printf 'q\tx\t1\ts\tmore\n' > bad; must_fail "five fields" 4 "taste-knn: bad:1: 5 fields, *" taste-knn merge one bad
for s in '' nan 1e400 0x1 '1 '; do printf 'q\ty\t2\ts\nq\tx\t%s\ts\n' "$s" > bad; must_fail "the score '$s'" 4 "taste-knn: bad:2: field 3: '$s' is not a score *" taste-knn merge one bad; done
printf 'q\tx\t1\ts\nq\ty\t2\ts\n' > bad; must_fail "rows that are not best first" 4 "taste-knn: bad:2: the rows of a query must stand best first*" taste-knn merge -k 1 one bad
printf 'q\ty\t1\ts\nq\tx\t1\ts\n' > bad; must_fail "ties that are not by id" 4 "taste-knn: bad:2: the rows of a query *" taste-knn merge -k 1 one bad
printf 'q\tx\t1\ts\n\n' > bad; must_fail "an empty line" 4 "taste-knn: bad:2: an empty line" taste-knn merge one bad
printf 'q\tx\t1\0\ts\n' > bad; must_fail "a NUL byte" 4 "taste-knn: bad:1: *NUL*" taste-knn merge one bad
taste-knn search -b -k 2 items.tsv users.tsv > some.taste
head -c 300 some.taste > bad; must_fail "a binary stream cut short" 4 "taste-knn: bad: *" taste-knn merge one bad
{ head -c 200 some.taste; printf X; tail -c +202 some.taste; } > bad; must_fail "a binary stream with a wrong byte" 4 "taste-knn: bad: *" taste-knn merge one bad
{ printf 'q\t'; head -c 5000000 /dev/zero | tr '\0' y; printf '\t1\ts\n'; } > long
is "a 5 MB id is merged" "$(taste-knn merge long one | wc -c)" 5000015
must_fail "a full disk is told" 3 "taste-knn: *No space left on device" bash -c 'taste-knn merge dense sparse > /dev/full'
is "a closed reader ends it quietly" "$(bash -c 'taste-knn merge -q dense sparse | head -1 | wc -l; echo "${PIPESTATUS[0]}"' 2>&1 | tr '\n' ' ')" "1 141 "
echo old > keep; taste-knn merge -o keep one bad 2>/dev/null; is "a failed run leaves the old output" "$(cat keep)" old
done_testing
