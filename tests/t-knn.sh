# taste-knn: exact search against a plain loop, its ties, its exclusions, its bad inputs.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')

# world N D SEED PREFIX : N vectors of D small integers, so that sums are exact and ties are many
world() { awk -v n="$1" -v d="$2" -v s="$3" -v p="$4" 'BEGIN { srand(s); for (i = 0; i < n; i++) { printf "%s%d", p, (i * 7919) % n; for (j = 0; j < d; j++) printf "\t%d", int(rand() * 7) - 3; print "" } }'; }
world 500 20 1 i > items.tsv
world 40 20 2 u > users.tsv

# oracle METRIC K : the same search as an awk loop
oracle() {
	awk -F '\t' -v m="$1" 'NR == FNR { id[++n] = $1; for (j = 2; j <= NF; j++) y[n, j] = $j; next }
		{ for (i = 1; i <= n; i++) { s = xx = yy = 0
			for (j = 2; j <= NF; j++) { if (m == "l2") s -= ($j - y[i, j]) ^ 2; else s += $j * y[i, j]; xx += $j ^ 2; yy += y[i, j] ^ 2 }
			if (m == "cosine") s = xx && yy ? s / sqrt(xx * yy) : 0
			printf "%d\t%s\t%s\t%.6f\n", NR, $1, id[i], s } }' items.tsv users.tsv |
		sort -t "$T" -k1,1n -k4,4gr -k3,3 | awk -F '\t' -v k="$2" '{ if ($1 != q) { q = $1; c = 0 } if (c++ < k) print $2 "\t" $3 "\t" $4 }'
}
rounded() { awk -F '\t' '{ printf "%s\t%s\t%.6f\n", $1, $2, $3 }' "$1"; }
for m in ip l2; do
	taste-knn search -k 12 --metric $m items.tsv users.tsv > $m.out
	oracle $m 12 > $m.want; rounded $m.out > $m.got
	same "$m finds what a plain loop finds, ties by id" $m.got $m.want
done
taste-knn search -k 12 --metric cosine items.tsv users.tsv > cosine.out
oracle cosine 12 > cosine.want
is "cosine scores are a plain loop's to 1e-6" "$(paste cosine.out cosine.want | awk -F '\t' '$1 != $5 || ($3 - $7) ^ 2 > 1e-12' | wc -l)" 0

taste-knn search -k 12 -t 1 items.tsv users.tsv > t1; taste-knn search -k 12 -t 7 items.tsv users.tsv > t7
same "seven threads write what one writes" t1 t7
for cpu in $(taste-knn -V | sed -n 's/^cpu paths: *//p'); do
	taste-knn search -k 12 --cpu $cpu items.tsv users.tsv > cpu.out
	same "--cpu $cpu writes the same bytes" cpu.out ip.out
done
while IFS= read -r l; do printf '%s\n' "$l" | taste-knn search -k 12 items.tsv; done < users.tsv > alone
same "a query alone gets the scores it gets among others" alone ip.out
taste-knn search -k 1000 items.tsv users.tsv > all.out
is "k beyond the number of vectors finds them all" "$(wc -l < all.out)" 20000

# binary in and out
taste-view items.tsv > /dev/null 2>&1
awk -F '\t' '{ print $1 }' users.tsv | head -3 > someusers
taste-knn search -b -k 12 items.tsv users.tsv > ip.taste && taste-view ip.taste > ip.fromtaste
same "binary candidates hold the same lines" ip.fromtaste ip.out

# exclusion
awk -F '\t' '{ print $1 "\t" $2 }' ip.out | awk 'NR % 3 == 1' > have.tsv
printf 'u1\tnot-among-the-vectors\n' >> have.tsv
taste-knn search -k 500 --exclude have.tsv items.tsv users.tsv > ex.out
is "nothing a user has is found" "$(cut -f1,2 ex.out | sort | comm -12 - <(sort have.tsv) | wc -l)" 0
is "and all else is" "$(wc -l < ex.out)" "$((20000 - $(wc -l < have.tsv) + 1))"
taste-knn search -k 499 --no-self items.tsv items.tsv > self.out
is "--no-self never finds the query" "$(awk -F '\t' '$1 == $2' self.out | wc -l)" 0
is "--no-self finds all others" "$(wc -l < self.out)" $((500 * 499))

# some ids only
awk -F '\t' 'NR % 3 == 0 { print $1 }' items.tsv > some.ids; awk -F '\t' 'NR % 5 == 0 { print $1 }' items.tsv > others.ids
sort some.ids > some.sorted; sort others.ids > others.sorted
taste-knn search -k 500 --allow some.ids items.tsv users.tsv | cut -f2 | sort -u > allow.out
same "--allow finds its ids and no others" allow.out some.sorted
taste-knn search -k 500 --deny others.ids items.tsv users.tsv | cut -f2 | sort -u > deny.out
cut -f1 items.tsv | sort | comm -23 - others.sorted > deny.want
same "--deny leaves its ids out and no others" deny.out deny.want
taste-knn search -k 500 --allow some.ids --deny others.ids items.tsv users.tsv | cut -f2 | sort -u > both.out
comm -23 some.sorted others.sorted > both.want
same "--allow and --deny together" both.out both.want
taste-knn build --codes f32 -o some.idx items.tsv
taste-knn search -k 500 --allow some.ids --deny others.ids some.idx users.tsv | cut -f2 | sort -u > both.idx
same "--allow and --deny of an index" both.idx both.want

# one request after another
head -1 users.tsv > req; { printf 'far'; for i in $(seq 20); do printf '\t1e30'; done; printf '\n\nnobody\nu\t1\n'; } >> req; head -1 users.tsv >> req
for b in items.tsv some.idx; do
	taste-knn search -k 2 --line $b < req > lines; rc=$?
	is "what is wrong with a request of $b is told, and the next is served" "$rc $(grep -c '^$' lines) $(awk 'BEGIN { RS = "" } NR == 1 { a = $0 } NR == 6 { print a == $0, NF }' lines)" "0 6 1 8"
	is "each wrong one of $b has its sentence" "$(grep -cE "${T}a query is shorter|${T}an empty request|${T}no vector has|${T}1 components" lines)" 4
done

# ids of every kind
printf 'a b\t1\n\\t\\n\\\\\t2\n\xff\xfe\t3\n"q"\t4\n%s\t5\n' "$(head -c 5000 /dev/zero | tr '\0' x)" > odd.tsv
printf 'q\t1\n' | taste-knn search -k 9 odd.tsv | cut -f2 > odd.ids
awk -F '\t' '{ print $1 }' odd.tsv | tac > odd.want
same "ids of every kind come out as they went in" odd.ids odd.want

# bad input
: > empty
is "no queries, no candidates" "$(taste-knn search items.tsv empty)" ""
is "no vectors, no candidates" "$(taste-knn search empty users.tsv; echo $?)" 0
printf 'x\t1\t2' > one; printf '\xef\xbb\xbfq\t1\t1\r\n' > bomcrlf
is "no final newline, BOM and CRLF are fine" "$(taste-knn search one bomcrlf)" "q${T}x${T}3${T}knn"
printf 'a\t1\t2\nb\t1\n' > ragged; must_fail "a short vector is named" 4 "taste-knn: ragged:2: *" taste-knn search ragged one
printf 'a\tNaN\t2\n' > nan; must_fail "NaN is named" 4 "taste-knn: nan:1: field 2: 'NaN' *" taste-knn search nan one
printf 'a\t1e400\t2\n' > huge; must_fail "1e400 is named" 4 "taste-knn: huge:1: field 2: '1e400' *" taste-knn search huge one
printf 'a\t1\0002\t2\n' > nul; must_fail "a NUL byte is named" 4 "taste-knn: nul:1: *NUL*" taste-knn search nul one
printf 'q\t1\n' > short; must_fail "queries of another length are named" 4 "taste-knn: short: *1 component*" taste-knn search one short
{ printf 'x'; head -c 10000000 /dev/zero | tr '\0' y; printf '\t1\t2\n'; } > long
is "a 10 MB id is found" "$(taste-knn search long one | wc -c)" 10000010
printf 'a\t1\nb\t1\na\t2\n' > twice; must_fail "--no-self refuses ids that stand twice" 4 "taste-knn: twice: the id 'a' of vector 3 *" taste-knn search --no-self twice short
must_fail "a file that is not there" 3 "taste-knn: nothere: No such file or directory" taste-knn search nothere one
must_fail "no vectors given" 2 "taste-knn: which vectors*usage:*" taste-knn search
must_fail "an unknown metric" 2 "*--metric*" taste-knn search --metric l1 one one
must_fail "k of zero" 2 "*--neighbours*" taste-knn search -k 0 one one
must_fail "a model is not vectors" 4 "taste-knn: *" taste-knn search ip.taste one
taste-embed --help > /dev/null 2>&1
must_fail "a full disk is told" 3 "taste-knn: *No space left on device" bash -c 'taste-knn search items.tsv users.tsv > /dev/full'
is "a closed reader ends it quietly" "$(bash -c 'taste-knn search -k 500 items.tsv users.tsv | head -1 | wc -l; echo "${PIPESTATUS[0]}"' 2>&1 | tr '\n' ' ')" "1 141 "
echo old > keep; taste-knn search -o keep ragged one 2>/dev/null; is "a failed run leaves the old output" "$(cat keep)" old
is "and no temporary beside it" "$(ls -A | grep -c '^\.')" 0
# lengths beyond single precision are told, never lost
printf 'a\t3e38\t-3e38\nb\t1\t1\n' > far.tsv; printf 'q\t3e38\t3e38\n' > farq.tsv
printf 'a\t1e25\t0\nb\t1\t1\n' > long.tsv; echo a > not
for m in ip l2 cosine; do
	must_fail "$m: a vector too long" 4 "taste-knn: far.tsv: vector 1 is shorter than*--normalise*" taste-knn search --metric $m far.tsv farq.tsv
	must_fail "$m: also one that nobody has asked for yet" 4 "taste-knn: long.tsv: vector 1 is shorter than*" taste-knn search --line --deny not --metric $m long.tsv /dev/null
	must_fail "$m: a query too long" 4 "taste-knn: farq.tsv: vector 1 is shorter than*" taste-knn search --metric $m <(printf 'b\t1\t1\n') farq.tsv
	is "$m: a request too long is told in its answer, and the next one is served" "$(printf 'x\t1e16\t0\nnext\t0\t1\n' | taste-knn search -k 1 --line --metric $m <(printf 'b\t1\t1\n') | cut -f1,2 | tr '\n' ' ')" "x$T  next${T}b  "
done
must_fail "queries of another length, from standard input" 4 "taste-knn: (standard input): vector 1 has 3 components, those of one.tsv have 2" bash -c "printf 'a\t1\t0\n' > one.tsv; printf 'q\t1\t2\t3\n' | taste-knn search one.tsv"
must_fail "an id twice, from standard input" 4 "taste-knn: (standard input): the id 'a' of vector 2 was there before*" bash -c "printf 'a\t1\t0\na\t1\t2\n' | taste-knn build -o t.idx"
printf 'a\t1e-25\t0\n' > tiny.tsv; printf 'a\t1\t0\n' > one.tsv
must_fail "cosine: a vector too short" 4 "taste-knn: tiny.tsv: vector 1 is shorter*" taste-knn search --metric cosine tiny.tsv one.tsv
must_fail "cosine: a query too short" 4 "taste-knn: tiny.tsv: vector 1 is shorter*" taste-knn search --metric cosine one.tsv tiny.tsv
taste-knn build -q --metric l2 -o one.idx one.tsv
must_fail "an index: a query too long is told with its file" 4 "taste-knn: farq.tsv: vector 1 is shorter*" taste-knn search one.idx farq.tsv
must_fail "an index: so is a vector" 4 "taste-knn: farq.tsv: vector 1 is shorter*" taste-knn build -o two.idx farq.tsv
must_fail "and one that is added" 4 "taste-knn: farq.tsv: vector 1 is shorter*" taste-knn add -o two.idx one.idx farq.tsv
done_testing
