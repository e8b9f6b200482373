# taste-knn build, add, delete, stats and search of an index: the same bytes however it is made, the scores of an exact search, filters against a plain loop, changes that are whole
# or not there, files that are not what they should be.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')

# wide N D SEED PREFIX : N vectors of D numbers with four digits, ids in no order
wide() { awk -v n="$1" -v d="$2" -v s="$3" -v p="$4" 'BEGIN { srand(s); for (i = 0; i < n; i++) { printf "%s%d", p, (i * 7919) % n; for (j = 0; j < d; j++) printf "\t%.4f", rand() + rand() + rand() - 1.5; print "" } }'; }
wide 4600 16 1 i > vecs.tsv
wide 12 16 2 u > q.tsv
cpus=$(taste-knn -V | sed -n 's/^cpu paths: *//p')

# best K < FULL : the first K lines of each query
best() { awk -F '\t' -v k="$1" '$1 != q { q = $1; c = 0 } c++ < k'; }
# share A B : how many lines of B are in A, in percent
share() { sort "$2" > sorted; echo $((100 * $(sort "$1" | comm -12 - sorted | wc -l) / $(wc -l < sorted))); }

# nearly TITLE LEAST A B : at least this percentage of the lines of B are in A
nearly() { local n; n=$(share "$3" "$4"); [ "$n" -ge "$2" ] && pass "$1" || fail "$1" "$n %, wanted $2"; }

# ---- the same bytes ----
for m in ip cosine l2; do
	taste-knn build --metric $m -t 1 -o $m.idx vecs.tsv
	taste-knn search --metric $m -k 4600 vecs.tsv q.tsv > $m.full
	best 10 < $m.full > $m.ten
	taste-knn search -t 1 $m.idx q.tsv > $m.out
	taste-knn search -t 7 $m.idx q.tsv > t.out; same "$m: seven threads find what one finds" t.out $m.out
	for cpu in $cpus; do
		taste-knn build --metric $m -t 7 --cpu $cpu -o t.idx vecs.tsv; same "$m: seven threads with --cpu $cpu make the index that one makes" t.idx $m.idx
		taste-knn search --cpu $cpu $m.idx q.tsv > t.out; same "$m: --cpu $cpu finds the same" t.out $m.out
	done
	taste-knn search --exact -k 4600 $m.idx q.tsv > t.out; same "$m: --exact over an index is a search over its vectors" t.out $m.full
	is "$m: every score of an index search is the exact one" "$(sort $m.full | comm -13 - <(sort $m.out))" ""
	nearly "$m: and nine of ten are the nearest" 90 $m.out $m.ten
	taste-knn search --ef 4600 $m.idx q.tsv > t.out; same "$m: an --ef of all rows finds them exactly" t.out $m.ten
	taste-knn search --ef 1500 $m.idx q.tsv > t.out; nearly "$m: an --ef of a third goes through the graph and finds nearly all" 99 t.out $m.ten
	for c in f32 i4; do
		taste-knn build --metric $m --codes $c -t 1 -o $c.idx vecs.tsv
		[ $m = cosine ] && { taste-knn build --metric $m --codes $c -t 7 -o t.idx vecs.tsv; same "$m $c: threads do not matter" t.idx $c.idx; }
		taste-knn search --exact -k 4600 $c.idx q.tsv > t.out; same "$m $c: --exact is exact" t.out $m.full
		taste-knn search $c.idx q.tsv > t.out
		is "$m $c: scores are exact" "$(sort $m.full | comm -13 - <(sort t.out))" ""
		nearly "$m $c: nine of ten are found" 90 t.out $m.ten
		like "$m $c: stats --check finds it good" "$(taste-knn stats --check $c.idx)" "*codes${T}$c*rows.lost${T}0*check${T}good"
	done
done
like "stats of 8 bits" "$(taste-knn stats --check l2.idx)" "vectors${T}4600
components${T}16
metric${T}l2
codes${T}i8
*recall.ef=10${T}*lists.wrong${T}0
rows.lost${T}0
check${T}good"
taste-knn build --metric cosine -o t.idx vecs.tsv; like "stats of cosine has its lengths" "$(taste-knn stats --check t.idx)" "*bytes.inverse${T}18400
bytes.inverse.row${T}4.0
*check${T}good"
taste-knn build --metric ip -o - < vecs.tsv > t.idx; same "from a pipe into a pipe" t.idx ip.idx
taste-knn build --seed 2 -o t.idx vecs.tsv; is "another seed is another index" "$(cmp -s t.idx ip.idx; echo $?)" 1
cat ip.idx | taste-knn search - q.tsv > t.out; same "an index from a pipe" t.out ip.out
is "stats of a pipe" "$(taste-knn stats - < ip.idx | head -1)" "vectors${T}4600"
taste-knn build --queries q.tsv -o t.idx vecs.tsv; ok "recall measured by queries of another kind" taste-knn stats --check t.idx
must_fail "queries of another length to measure by" 4 "taste-knn: short: *" bash -c 'printf "q\t1\n" > short; taste-knn build --queries short vecs.tsv -o no.idx'
taste-knn build --codes i4 --degree 8 -o t.idx vecs.tsv; like "--recall that no ef had is said" "$(printf '' | taste-knn search --recall 1 t.idx 2>&1)" "taste-knn: no ef that was measured had a recall of 1: *"
must_fail "another metric than the index has" 2 "taste-knn: ip.idx is an index of --metric ip*" taste-knn search --metric l2 ip.idx q.tsv

# ---- what may be found ----
awk -F '\t' '{ n = substr($1, 2); print $1 "\t" (n % 3 ? "music" : "podcast") "\tTitle " n "\t" (n % 11 ? "c" n % 40 : "") "\tg\t" 2000 + n % 25 "\t" n "\t" (n % 2 ? "live;old" : "new") }' vecs.tsv | grep -v '^i77' > items.tsv
awk -F '\t' '{ n = substr($1, 2); if (n % 4 == 1) print $1 }' vecs.tsv > quarter; echo nobody >> quarter
awk -F '\t' '{ n = substr($1, 2); if (n % 4 == 1 && n < 200) print $1 }' vecs.tsv > few
awk -F '\t' '{ n = substr($1, 2); if (n % 5) print $1 "\tmore" }' vecs.tsv > most
best 40 < ip.full | awk -F '\t' 'NR % 3 == 1 { print $1 "\t" $2 }' > had.tsv; printf 'u1\tnot-there\nwho\ti5\n' >> had.tsv
best 90 < ip.full | awk -F '\t' 'NR % 2 && $1 != "u3" { print $1 "\t" $2 }' > own.tsv
# picked CONDITION FILE : lines of ip.full for which awk's condition holds; h: "user item" in FILE, or "id"
picked() { awk -F '\t' 'NR == FNR { h[$2 == "" || $2 == "more" ? $1 : $1 "\t" $2] = 1; next } { n = substr($2, 2) } '"$1" "$2" ip.full; }
# both TITLE OPTIONS : what the options find is in `want` (all that may be found, best first), over vectors, exactly over the index, and through it
both() {
	local title=$1; shift
	best 10 < want > want.ten
	taste-knn search "$@" vecs.tsv q.tsv > got; same "$title: over vectors" got want.ten
	taste-knn search --exact "$@" ip.idx q.tsv > got; same "$title: over an index exactly" got want.ten
	taste-knn search --ef 4600 "$@" ip.idx q.tsv > got; same "$title: over an index, --ef of all rows" got want.ten
	taste-knn search "$@" ip.idx q.tsv > got
	is "$title: an index finds nothing else" "$(sort want | comm -13 - <(sort got))" ""
	case $title in --min-score*) ;; *) is "$title: and as many" "$(wc -l < got)" "$(wc -l < want.ten)" ;; esac
	nearly "$title: and nearly all of them" 90 got want.ten
	taste-knn search -t 7 "$@" ip.idx q.tsv > got7; same "$title: seven threads find the same" got7 got
}
picked 'h[$2]' quarter > want; both "--allow a quarter" --allow quarter
picked 'h[$2]' few > want; both "--allow a few" --allow few
picked '!h[$2]' quarter > want; both "--deny" --deny quarter
picked 'h[$2]' most > want; both "--allow most, more columns" --allow most
picked 'h[$2] && n % 4 != 1' most > want; both "--allow and --deny" --allow most --deny quarter
: > empty; echo x > x
picked 'n !~ /^77/ && n % 3 == 0' x > want; both "--where kind" --items items.tsv --where kind=podcast
picked 'n !~ /^77/ && n % 25 >= 20 && n % 2 == 0' x > want; both "--where of two conditions" --items items.tsv --where 'released>=2020' --where 'tags!=live'
picked '!h[$1 "\t" $2]' had.tsv > want; both "--exclude" --exclude had.tsv
picked 'h[$1 "\t" $2]' own.tsv > want; both "--among" --among own.tsv
picked 'h[$1 "\t" $2] && n % 4 == 1' own.tsv > want; both "--among and --allow" --among own.tsv --allow quarter
awk -F '\t' 'NR == FNR { h[$1 FS $2]; next } ($1 FS $2) in h' own.tsv ip.full | awk -F '\t' 'NR == FNR { h[$1 FS $2]; next } !(($1 FS $2) in h)' had.tsv - > want; both "--among and --exclude" --among own.tsv --exclude had.tsv
awk -F '\t' '$3 >= 2.5' ip.full > want; both "--min-score" --min-score 2.5
awk -F '\t' '$3 >= 0.5' ip.full > want; taste-knn search -k 4600 --min-score .5 vecs.tsv q.tsv > got; same "--min-score with -k of all: over vectors" got want
taste-knn search -k 4600 --min-score .5 --ef 4600 ip.idx q.tsv > got; same "--min-score with -k of all: over an index" got want
awk -F '\t' 'NR == FNR { c[$1] = $4; next } { k = c[$2] == "" ? "none" $2 : c[$2] } n[$1 FS k]++ < 1' items.tsv ip.full > want; both "--per-creator 1" --items items.tsv --per-creator 1
awk -F '\t' 'NR == FNR { c[$1] = $4; next } { k = c[$2] == "" ? "none" $2 : c[$2] } substr($2, 2) % 4 == 1 && n[$1 FS k]++ < 2' items.tsv ip.full > want; both "--per-creator 2 and --allow" --items items.tsv --per-creator 2 --allow quarter
taste-knn search -k 300 ip.idx <(head -500 vecs.tsv) | sort -t "$T" -k2,2 -k3,3gr | awk -F '\t' '!n[$2]++' | sort -t "$T" -k3,3gr -k2,2 | head -300 | cut -f2,3 > want
taste-knn search -k 300 --queries-per-user ip.idx <(head -500 vecs.tsv | sed 's/^[^\t]*/one/') | cut -f2,3 > got; same "--queries-per-user of one who has many" got want
# a query that asks for all rows, or may: fewer are answered at a time
awk -F '\t' '{ print $1 "\tmusic\tT\tall of them" }' vecs.tsv > alone.tsv; head -300 vecs.tsv > many.tsv
taste-knn search -k 1 vecs.tsv many.tsv > want
for base in vecs.tsv ip.idx '--exact ip.idx'; do
	taste-knn search --items alone.tsv --per-creator 1 $base many.tsv > got; same "one creator has one hit, $base" got want
done
head -50 few > fifty; taste-knn search -k 50 --allow fifty vecs.tsv many.tsv > want
for base in vecs.tsv ip.idx '--exact ip.idx'; do
	taste-knn search -k 1000000 --allow fifty $base many.tsv > got; same "a million of fifty, $base" got want
done
for base in vecs.tsv "ip.idx --ef 4600"; do
	taste-knn search -k 4599 --no-self $base <(head -5 vecs.tsv) > got
	is "--no-self: all but itself, $base" "$(wc -l < got) $(awk -F '\t' '$1 == $2' got | wc -l)" "22995 0"
	is "--allow of nobody finds nothing, $base" "$(taste-knn search --allow empty $base < q.tsv)" ""
	sed 's/^u\([0-9]*\)/w/' q.tsv | awk -F '\t' -v OFS='\t' '{ $1 = NR < 4 ? "a" : NR < 6 ? "b" : NR < 7 ? "a" : "c" NR; print }' > interests
	awk -F '\t' 'NR == FNR { m[$1] = FNR < 4 ? "1a" : FNR < 6 ? "2b" : FNR < 7 ? "3a" : sprintf("4%02dc%d", FNR, FNR); next } { k = m[$1] FS $2 } !(k in s) || $3 > s[k] { s[k] = $3 } END { for (k in s) print k FS s[k] }' q.tsv ip.full |
		sort -t "$T" -k1,1 -k3,3gr -k2,2 | best 10 | awk -F '\t' '{ u = $1; sub(/^[123]|^4[0-9][0-9]/, "", u); print u FS $2 }' > want.users
	taste-knn search --queries-per-user $base < interests | cut -f1,2 > got; same "--queries-per-user: the best of all queries of a user that stand together, $base" got want.users
	taste-knn search --queries-per-user --items items.tsv --per-creator 1 $base < interests > got
	is "--queries-per-user with --per-creator, $base" "$(awk -F '\t' 'NR == FNR { c[$1] = $4; next } $1 != q { q = $1; split("", n) } c[$2] != "" && n[c[$2]]++' items.tsv got | wc -l) $(wc -l < got)" "0 $(wc -l < want.users)"
done
like "a condition about what no item has is told" "$(taste-knn search -k 1 --items items.tsv --where colour=red ip.idx q.tsv 2>&1 > /dev/null)" "taste-knn: items.tsv: no item has 'colour', which --where asks for"
is "so is one that holds for none" "$(taste-knn search -k 1 --items items.tsv --where 'kind=Podcast' --where 'kind~PODC|x' --where 'kind!=x' ip.idx q.tsv 2>&1 > /dev/null)" "taste-knn: items.tsv: no item has 'kind=Podcast', which --where asks for"
like "a catalogue of other items is told" "$(taste-knn search -k 1 --items <(sed 's/^/x/' items.tsv) --per-creator 1 ip.idx q.tsv 2>&1 > /dev/null)" "taste-knn: none of * vectors is in *: it says nothing of them"
like "events of other users are told" "$(taste-knn search -k 1 --exclude <(printf 'nobody\t1\n') --among <(printf 'nobody\t1\n') ip.idx q.tsv 2>&1 > /dev/null)" "taste-knn: none of * queries is of a user in *: it excludes nothing
taste-knn: none of * queries is of a user in *: nothing may be found"
is "and not those of one" "$(taste-knn search -k 1 --exclude <(head -1 q.tsv | cut -f1 | sed 's/$/\tz/') ip.idx q.tsv 2>&1 > /dev/null)" ""
must_fail "--where without a catalogue" 2 "*need --items*" taste-knn search --where kind=a ip.idx q.tsv
must_fail "a condition that is none" 2 "taste-knn: condition 'kind', *" taste-knn search --items items.tsv --where kind ip.idx q.tsv
cat ip.idx ip.idx > two.idx; must_fail "two indexes are told as such" 4 "taste-knn: two.idx: a second index follows the first" taste-knn stats two.idx
must_fail "a filter of a build" 2 "taste-knn: --deny is an option of search*" taste-knn build --deny few vecs.tsv
must_fail "--alpha of inner products" 2 "*--alpha is of --metric cosine and l2*" taste-knn build --alpha 1.2 vecs.tsv
must_fail "--ef and --recall" 2 "*one of them*" taste-knn search --ef 20 --recall .9 ip.idx q.tsv
must_fail "--exact and --recall" 2 "*--exact has no*" taste-knn search --exact --recall .9 ip.idx q.tsv
must_fail "--degree of a search" 2 "taste-knn: --degree is an option of build*" taste-knn search --degree 16 ip.idx q.tsv

# ---- a line at a time ----
# ask REQUEST : the lines of the answer, which must come before the next request is sent
ask() { local l; printf '%s\n' "$1" >&8; while IFS= read -r -t 60 -u 9 l; do [ -n "$l" ] || return 0; printf '%s\n' "$l"; done; echo "no answer"; }
mkfifo requests answers
for base in ip.idx vecs.tsv; do
	taste-knn search --line -k 3 $base < requests > answers & pid=$!
	exec 8> requests 9< answers
	while IFS= read -r l; do ask "$l"; done < q.tsv > got
	taste-knn search -k 3 $base q.tsv > want; same "--line answers each request before the next, as a plain search does, $base" got want
	is "an id alone asks for what is near its vector, $base" "$(ask i5)" "$(grep -P '^i5\t' vecs.tsv | taste-knn search -k 3 $base)"
	is "an id that is not there, $base" "$(ask 'no\tone')" "no\\tone${T}${T}${T}no vector has this id"
	is "an empty request, $base" "$(ask '')" "${T}${T}${T}an empty request"
	is "a short request, $base" "$(ask "z${T}1")" "z${T}${T}${T}1 components where the vectors have 16"
	is "a long request, $base" "$(ask "z$(seq 99 | awk '{ printf "\t%d", $1 }')" | cut -f1-3)" "z${T}${T}"
	is "a request with a word, $base" "$(ask "z${T}x$(seq 15 | awk '{ printf "\t%d", $1 }')")" "z${T}${T}${T}field 2 is not a finite number"
	is "a request with NaN, $base" "$(ask "z${T}1${T}nan$(seq 14 | awk '{ printf "\t%d", $1 }')")" "z${T}${T}${T}field 3 is not a finite number"
	like "a request too long for single precision, $base" "$(ask "z$(seq 16 | awk '{ printf "\t3e38" }')")" "z${T}${T}${T}* is shorter than *"
	like "a bad escape, $base" "$(ask 'a\x')" "*${T}${T}${T}*"
	is "and the next one is served, $base" "$(ask i5 | wc -l)" 3
	exec 8>&-; wait $pid; is "the end of requests ends it well, $base" $? 0; exec 9<&-
done
is "sonic, a line at a time" "$(printf 'i5\n' | taste-knn search --line -k 1 --output-format sonic --items items.tsv ip.idx | cut -c1-66)" '{"query":"i5","sonicMatch":[{"entry":{"id":"i5","title":"Title 5",'
must_fail "--line has no binary" 2 "*--line answers in text*" taste-knn search --line -b ip.idx q.tsv

# ---- adding and deleting ----
head -4100 vecs.tsv > old.tsv; tail -500 vecs.tsv > new.tsv
exactly() { taste-knn search --exact -k 6000 "$1" q.tsv > got; taste-knn search -k 6000 "$2" q.tsv > want; same "$3" got want; ok "$3: the index is good" taste-knn stats --check "$1"
	taste-knn search "$1" q.tsv > got; nearly "$3: and finds nine of ten" 90 got <(best 10 < want); }
taste-knn build -o grow.idx old.tsv; cp grow.idx was.idx
taste-knn add grow.idx new.tsv; exactly grow.idx vecs.tsv "new vectors are added"
taste-knn add -t 7 -o t.idx was.idx new.tsv; same "-o writes elsewhere, the same for any number of threads" t.idx grow.idx
for cpu in $cpus; do taste-knn add --cpu $cpu -o t.idx was.idx new.tsv; same "add with --cpu $cpu" t.idx grow.idx; done
taste-knn add - new.tsv < was.idx > t.idx; same "from a pipe to a pipe" t.idx grow.idx
must_fail "a pipe that would have to be replaced" 2 "taste-knn: *-o must name one*" bash -c 'taste-knn add <(cat was.idx) new.tsv'
awk -F '\t' -v OFS='\t' 'NR % 5 == 0 { for (i = 2; i <= NF; i++) $i = -$i; print }' old.tsv > turned.tsv
awk -F '\t' 'NR == FNR { h[$1]; print; next } !($1 in h)' turned.tsv vecs.tsv > now.tsv
taste-knn add grow.idx turned.tsv; exactly grow.idx now.tsv "vectors of ids that are there take the place of the old ones"
taste-knn build -o none.idx empty; is "an index of nothing finds nothing" "$(taste-knn search none.idx q.tsv; taste-knn stats --check none.idx | head -1)" "vectors${T}0"
taste-knn add -o t.idx none.idx vecs.tsv; exactly t.idx vecs.tsv "onto an empty index"
cp ip.idx t.idx; taste-knn add t.idx empty; exactly t.idx vecs.tsv "nothing is added"
must_fail "vectors of another length are refused" 4 "taste-knn: short: vectors of 1 components, those of ip.idx have 16" taste-knn add ip.idx short
must_fail "one id twice" 4 "taste-knn: twice: the id 'a' of vector 2 was there before*" bash -c 'printf "a\t1\na\t2\n" > twice; taste-knn build twice'

awk -F '\t' 'NR % 2 { print $1 }' vecs.tsv > odd; grep -v -x -F -f odd <(cut -f1 vecs.tsv) > even
awk -F '\t' 'NR == FNR { h[$1]; next } !($1 in h)' odd vecs.tsv > left.tsv
cp ip.idx half.idx; taste-knn delete half.idx odd; exactly half.idx left.tsv "half is deleted"
taste-knn delete -t 7 -o t.idx ip.idx odd; same "the same for any number of threads" t.idx half.idx
for cpu in $cpus; do taste-knn delete --cpu $cpu -o t.idx ip.idx odd; same "delete with --cpu $cpu" t.idx half.idx; done
is "taste-view gives the vectors back, with their ids" "$(taste-view --tensor vectors half.idx | sort)" "$(taste-view left.tsv --as vectors | sort)"
is "what was deleted is gone from the file" "$(taste-view half.idx --tensor vectors 2>/dev/null | wc -l)" "$(wc -l < left.tsv)"
like "ids that are not there are counted" "$(taste-knn delete -o t.idx half.idx odd 2>&1)" "taste-knn: odd: 2300 of the ids are not in the index"
exactly t.idx left.tsv "deleting what is not there"
taste-knn delete -q half.idx < even; is "all are deleted" "$(taste-knn search half.idx q.tsv; taste-knn stats --check half.idx | head -1)" "vectors${T}0"
taste-knn add half.idx vecs.tsv; exactly half.idx vecs.tsv "and added again"
for n in 1 2 3; do
	head -$n vecs.tsv > tiny.tsv; taste-knn build -o tiny.idx tiny.tsv; exactly tiny.idx tiny.tsv "$n vectors"
	head -1 tiny.tsv | cut -f1 | taste-knn delete tiny.idx; is "$n vectors without one" "$(taste-knn stats --check tiny.idx | sed -n '1p;$p' | tr '\n\t' '  ')" "vectors $((n - 1)) check good "
done

# ---- whole or not at all ----
wide 8000 16 3 n > many.tsv
cp ip.idx safe.idx
taste-knn add safe.idx many.tsv & pid=$!
while kill -0 $pid 2> /dev/null && ! ls -A | grep -q '^\.'; do :; done
kill -9 $pid 2> /dev/null; wait $pid 2> /dev/null
if cmp -s safe.idx ip.idx; then pass "an add that is killed leaves the old index"; else is "an add that was done before it was killed is whole" "$(taste-knn stats --check safe.idx | sed -n '1p;$p' | tr '\n\t' '  ')" "vectors 12600 check good "; fi
find . -name '.*' -type f -delete
cp ip.idx safe.idx
must_fail "a full disk is told" 3 "taste-knn: *" bash -c 'trap "" XFSZ; ulimit -f 100; taste-knn add safe.idx many.tsv'
same "and the old index stays" safe.idx ip.idx
must_fail "a full disk, deleting" 3 "taste-knn: *" bash -c 'trap "" XFSZ; ulimit -f 100; taste-knn delete safe.idx few'
same "and the old index stays, deleting" safe.idx ip.idx
is "and no temporary beside it" "$(ls -A | grep -c '^\.')" 0
must_fail "a full device" 3 "taste-knn: *No space left on device" bash -c 'taste-knn build vecs.tsv > /dev/full'
must_fail "stats on a full device" 3 "taste-knn: *No space left on device" bash -c 'taste-knn stats ip.idx > /dev/full'

# ---- inputs ----
# floats FILE : the numbers of a TSV of whole numbers from -3 to 3 as float32, as printf wants them
floats() { awk -F '\t' 'BEGIN { split("000,000,100,300 000,000,000,300 000,000,200,277 000,000,000,000 000,000,200,077 000,000,000,100 000,000,100,100", f, " ") } { for (j = 2; j <= NF; j++) { s = f[$j + 4]; gsub(/,/, "\\", s); printf "\\%s", s } }' "$1"; }
awk 'BEGIN { srand(5); for (i = 0; i < 64; i++) { printf "%d", i; for (j = 0; j < 8; j++) printf "\t%d", int(rand() * 7) - 3; print "" } }' > ints.tsv
{ printf '\100\0\0\0\10\0\0\0'; printf "$(floats ints.tsv)"; } > ints.fbin
{ printf "\x93NUMPY\1\0\x76\0%-117s\n" "{'descr': '<f4', 'fortran_order': False, 'shape': (64, 8), }"; printf "$(floats ints.tsv)"; } > ints.npy
{ echo "64 8"; tr '\t' ' ' < ints.tsv; } > ints.w2v
taste-knn build -o ints.idx ints.tsv; taste-knn search -k 64 --exact ints.idx ints.tsv > want
taste-view -b ints.tsv > ints.taste 2> /dev/null || cp ints.tsv ints.taste
gzip -c ints.tsv > ints.gz
for f in ints.npy ints.fbin ints.w2v ints.taste ints.gz; do
	taste-knn build -o t.idx $f; taste-knn search -k 64 --exact t.idx $f > got; same "$f is read, as vectors and as queries" got want
done
taste-knn build --format fbin -o t.idx - < ints.fbin; taste-knn search -k 64 --exact t.idx ints.fbin > got; same "--format says what a pipe holds" got want
must_fail "--format of what it is not" 4 "taste-knn: *" taste-knn build --format fbin -o t.idx vecs.tsv
must_fail "a short fbin" 4 "taste-knn: cut.fbin: *" bash -c 'head -c 1000 ints.fbin > cut.fbin; taste-knn build -o t.idx cut.fbin'
for m in ip cosine l2; do
	awk 'BEGIN { for (i = 0; i < 700; i++) print "e" i "\t1\t2\t-1" }' > equal.tsv
	taste-knn build --metric $m -o t.idx equal.tsv; ok "$m: equal vectors make a good index" taste-knn stats --check t.idx
	is "$m: and are found" "$(printf 'q\t1\t0\t0\n' | taste-knn search -k 5 t.idx | cut -f3 | sort -u | wc -l)" 1
	taste-knn search -k 700 --ef 700 t.idx equal.tsv > got; taste-knn search --metric $m -k 700 equal.tsv equal.tsv > want; same "$m: all of them, by id" got want
	awk 'BEGIN { for (i = 0; i < 300; i++) print "z" i "\t0\t0"; print "one\t0\t1" }' > zero.tsv
	taste-knn build --metric $m -o t.idx zero.tsv; ok "$m: zero vectors make a good index" taste-knn stats --check t.idx
	is "$m: and one among them is found" "$(printf 'q\t0\t1\n' | taste-knn search -k 1 t.idx | cut -f2)" one
	is "$m: a zero query" "$(printf 'q\t0\t0\n' | taste-knn search -k 3 t.idx | wc -l)" 3
done
printf 'a\t3e38\t-3e38\n' > far.tsv; must_fail "a vector too long" 4 "taste-knn: far.tsv: vector 1 is shorter than*" taste-knn build -o t.idx far.tsv
printf 'a b\t1\n\\t\\n\\\\\\r\t2\n\xff\xfe\t3\n"q"\t4\n%s\t5\n' "$(head -c 5000 /dev/zero | tr '\0' x)" > odd.tsv
taste-knn build -o odd.idx odd.tsv; printf 'q\t1\n' | taste-knn search odd.idx | cut -f2 > got; cut -f1 odd.tsv | tac > want
same "ids of every kind come out as they went in" got want
is "and are asked for" "$(printf '\\t\\n\\\\\\r\n' | taste-knn search --line -k 1 odd.idx | cut -f1 | head -1)" '\t\n\\\r'
printf '\\t\\n\\\\\\r\n\xff\xfe\n' | taste-knn delete odd.idx; is "and deleted" "$(taste-knn stats odd.idx | head -1)" "vectors${T}3"
must_fail "a NUL byte in an id" 4 "taste-knn: nul:1: *NUL*" bash -c 'printf "a\0b\t1\n" > nul; taste-knn build nul'
printf 'x\t1\t2' > one; taste-knn build -o t.idx one; printf '\xef\xbb\xbfq\t1\t1\r\n' > bomcrlf
is "no final newline, BOM and CRLF are fine" "$(taste-knn search t.idx bomcrlf)" "q${T}x${T}3${T}knn"

# ---- files that are not what they should be ----
head -40 vecs.tsv > small.tsv; taste-knn build -o small.idx small.tsv; taste-knn search small.idx q.tsv > want
n=$(stat -c %s small.idx) bad=
for at in $(seq 8 997 $((n - 1))); do
	head -c $at small.idx > cut.idx
	for v in "stats cut.idx" "search cut.idx q.tsv" "add -o no.idx cut.idx new.tsv"; do taste-knn $v > /dev/null 2> msg; r=$?; [ $r -eq 4 ] && grep -q '^taste-knn: ' msg || bad="$bad $at:$r"; done
done
is "an index that was cut is told, wherever" "$bad" ""
bad=
for at in $(seq 3 211 $((n - 1))); do
	{ head -c $at small.idx; printf '%b' "\\x$(printf %x $(($(od -An -tu1 -j$at -N1 small.idx) ^ 16)))"; tail -c +$((at + 2)) small.idx; } > flip.idx
	taste-knn stats --check flip.idx > /dev/null 2> msg; r=$?; [ $r -eq 4 ] && grep -q '^taste-knn: ' msg || bad="$bad check:$at:$r"
	taste-knn search flip.idx q.tsv > got 2> msg; r=$?; { [ $r -eq 4 ] && grep -q '^taste-knn: ' msg; } || { [ $r -eq 0 ] && cmp -s got want; } || bad="$bad search:$at:$r"
	taste-knn add -o no.idx flip.idx new.tsv 2> msg; r=$?; [ $r -eq 4 ] && grep -q '^taste-knn: ' msg || bad="$bad add:$at:$r"
done
# the name of a paged tensor, which only its own zeros hold together
at=$(($(grep -abo -m1 -P 'vectors\0\0\0\0' small.idx | head -1 | cut -d: -f1) + 20))
{ head -c $at small.idx; printf 'x'; tail -c +$((at + 2)) small.idx; } > flip.idx
taste-knn stats --check flip.idx > /dev/null 2>&1; [ $? -eq 4 ] || bad="$bad name"
is "one wrong bit is told, wherever, and changes no answer" "$bad" ""
is "and what fails writes nothing" "$(ls no.idx 2> /dev/null)" ""
printf 'u\ti5\nu\ti6\nv\ti5\n' > log.tsv; taste-train pop -o pop.taste log.tsv
must_fail "a model where an index is wanted" 4 "taste-knn: pop.taste *an index*" taste-knn stats pop.taste
must_fail "a model that is searched" 4 "taste-knn: pop.taste *" taste-knn search pop.taste q.tsv
must_fail "an index where a model is wanted" 4 "taste-*: ip.idx holds an index, not a model" taste-embed -m ip.idx --items all
must_fail "an index as vectors" 4 "taste-knn: ip.idx holds an index, not vectors" taste-knn build -o t.idx ip.idx
must_fail "vectors as an index" 4 "taste-knn: vecs.tsv: *an index is wanted" taste-knn stats vecs.tsv
must_fail "nothing as an index" 4 "taste-knn: empty is empty*" taste-knn stats empty
must_fail "a file that is not there" 3 "taste-knn: nothere: No such file or directory" taste-knn search nothere q.tsv
must_fail "standard input twice" 2 "*only once*" taste-knn add - -
must_fail "no index given" 2 "*which index*usage: *" taste-knn add

# ---- two at a time ----
wide 400 16 5 w > many.tsv; taste-knn build -o two.idx many.tsv; split -n l/4 -d many.tsv more.
for i in 0 1 2 3; do sed "s/^/m$i/" more.0$i | taste-knn add two.idx & adds[i]=$!; done; cut -f1 more.00 | taste-knn delete two.idx; bad=$?
for i in 0 1 2 3; do wait ${adds[i]} || bad=1; done
is "changes at a time wait for each other: what they add and take is all there" "$bad $(taste-knn stats --check two.idx | awk '$1 == "vectors" { print $2 }')" "0 $((800 - $(wc -l < more.00)))"
cp two.idx held; (exec 9< held; flock 9; taste-knn add -o other held more.00 9<&-; taste-knn search -k 1 held q.tsv > none); is "to read it, or to write another, is not to wait" $? 0
exec 9< held; flock 9; taste-knn add -v held more.00 2> err 9<&- & pid=$!
for _ in $(seq 100); do grep -q waiting err && break; sleep 0.05; done
grep -q waiting err && pass "one that waits says so under -v" || fail "one that waits says so under -v" "$(cat err)"
head -50 more.01 | cut -f1 | taste-knn delete -o new two.idx; n=$(taste-knn stats new | awk '$1 == "vectors" { print $2 }'); mv new held; exec 9<&-; wait $pid
is "what was put in the file's place meanwhile is what it adds to" "$? $(taste-knn stats held | awk '$1 == "vectors" { print $2 }')" "0 $((n + $(wc -l < more.00)))"
done_testing
