# taste-rank: joining, filters, scaling, caps, reasons, and its bad inputs.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
cat > cand.tsv <<X
u1	a	0.9	als
u1	b	0.8	als	x=1
u1	c	0.5	als
u1	d	0.4	als
u1	e	0.1	als
u2	a	-3	als
u2	b	-3	als
X
cat > items.tsv <<X
a	music	Alpha	Ann
b	music	Beta	Ann
c	podcast	Gamma	Ann
d	music	Delta	Dan
e	music	Epsilon
X
taste-rank -k 3 cand.tsv > out
cut -f1-4 out > got; printf 'u1\ta\t1\tals #1\nu1\tb\t0.875\tals #2\nu1\tc\t0.5\tals #3\nu2\ta\t1\tals #1\nu2\tb\t1\tals #2\n' > want
same "scores are scaled to 0..1 within a user, equal ones are all 1 and tie by id" got want
is "a candidate keeps its own features" "$(sed -n 2p out | cut -f5)" "x=1"
taste-rank -k 9 --items items.tsv --per-creator 1 --dropped gone cand.tsv > out
is "one of each creator, unknown creators uncapped" "$(grep ^u1 out | cut -f2 | tr '\n' ' ')" "a d e "
is "what fell out is told with its step" "$(grep ^u1 gone | tr '\t\n' '  ')" "u1 b per-creator u1 c per-creator "
is "the cap comes before the cut" "$(taste-rank -k 1 --items items.tsv --per-creator 1 --dropped gone cand.tsv > none; grep ^u1 gone | tr '\t\n' '  ')" "u1 b per-creator u1 c per-creator u1 d cut u1 e cut "
is "titles come from the catalogue" "$(head -1 out | cut -f5-)" "title=Alpha${T}creator=Ann${T}kind=music"
printf 'a\nz\nc\n' > ids
is "--allow keeps only what it lists" "$(taste-rank --allow ids cand.tsv | grep ^u1 | cut -f2 | tr '\n' ' ')" "a c "
is "--deny drops what it lists" "$(taste-rank --deny ids cand.tsv | grep ^u1 | cut -f2 | tr '\n' ' ')" "b d e "
printf 'u1\tb\nu2\ta\n' > seen
is "--seen drops each user's own" "$(taste-rank --seen seen cand.tsv | cut -f1,2 | tr '\t\n' '  ')" "u1 a u1 c u1 d u1 e u2 b "
printf 'u1\ta\t1\tals\nu1\tb\t2\tals\nu1\ta\t3\tpop\n' > two
is "an item from two sources is one candidate with the best score" "$(taste-rank two | cut -f2-4 | tr '\t\n' '  ')" "a 1 als+pop #1 b 0 als #2 "
printf 'a\t1\t0\nb\t0\t1\nc\t0.9\t0.1\nd\t0\t-1\ne\t1\t1\n' > vec.tsv
is "--because names the nearest of the user's own" "$(taste-rank --seen seen --because vec.tsv --items items.tsv cand.tsv | sed -n 1,2p | cut -f2,4 | tr '\t\n' '  ')" "a als #1 c als #3; like Beta (0.11) "
printf 'v\td\nv\td\nw\td\nx\td\nw\tb\n' | taste-train pop -o pop.taste
taste-rank -m pop.taste --popularity 1 cand.tsv > bypop
is "all weight on popularity is the order of popularity, ties by id" "$(grep ^u1 bypop | cut -f2 | tr '\n' ' ')" "d b a c e "
is "the most popular has popularity 1" "$(head -1 bypop | cut -f3)" 1
is "no candidates, no lists" "$(taste-rank < /dev/null; echo $?)" 0
taste-rank -b cand.tsv > r.taste && taste-view r.taste > r.view; taste-rank cand.tsv > r.tsv
same "binary lists hold the same lines" r.view r.tsv
taste-view cand.tsv > /dev/null 2>&1

printf '\xef\xbb\xbfu\ti\t1\ts\r\n' > bom; is "BOM and CRLF are fine" "$(taste-rank bom)" "u${T}i${T}1${T}s #1"
printf 'u\ti\t1\ts' > nonl; is "no final newline is fine" "$(taste-rank nonl)" "u${T}i${T}1${T}s #1"
printf 'a b\t\\t\\\\\t1\ts\n\xff\t\xfe\t1\ts\n' > odd; is "ids of every kind are kept" "$(taste-rank odd | cut -f1,2)" "$(cut -f1,2 odd)"
{ printf 'u\t'; head -c 10000000 /dev/zero | tr '\0' y; printf '\t1\ts\n'; } > long; is "a 10 MB id is kept" "$(taste-rank long | wc -c)" 10000010
printf 'u\ti\n' > cols; must_fail "too few columns are named" 4 "taste-rank: cols:1: 2 fields*" taste-rank cols
printf 'u\ti\tnan\ts\n' > nan; must_fail "NaN is named" 4 "taste-rank: nan:1: field 3: 'nan' is not a score*" taste-rank nan
printf 'u\ti\t1e400\ts\n' > huge; must_fail "1e400 is named" 4 "taste-rank: huge:1: field 3: '1e400' *" taste-rank huge
printf 'u\ti\0j\t1\ts\n' > nul; must_fail "a NUL byte is named" 4 "taste-rank: nul:1: *NUL*" taste-rank nul
printf '\ti\t1\ts\n' > nouser; must_fail "an empty user is named" 4 "taste-rank: nouser:1: field 1: the user is empty" taste-rank nouser
printf 'u\ti\t1\nv\ti\t1\nu\tj\t1\n' > apart; must_fail "a user whose lines are apart is named" 4 "taste-rank: apart:3: user 'u' comes again*" taste-rank apart
head -c $(($(wc -c < r.taste) - 64)) r.taste > cut.taste; must_fail "a cut binary is an error with block and byte" 4 "taste-rank: cut.taste: *byte*" taste-rank cut.taste
must_fail "--per-creator without --items" 2 "*--items*usage:*" taste-rank --per-creator 1 cand.tsv
must_fail "--because without --seen" 2 "*--seen*usage:*" taste-rank --because vec.tsv cand.tsv
must_fail "a weight beyond 1" 2 "*--popularity*" taste-rank --popularity 2 cand.tsv
must_fail "a full disk is told" 3 "taste-rank: *No space left on device" bash -c 'taste-rank cand.tsv > /dev/full'
echo old > keep; taste-rank -o keep nan 2>/dev/null; is "a failed run leaves the old output" "$(cat keep)" old
is "a closed reader ends it quietly" "$(bash -c 'awk "BEGIN { for (i = 0; i < 300000; i++) print \"u\" i \"\ti\t1\ts\" }" | taste-rank | head -1 | wc -l; echo "${PIPESTATUS[1]}"' 2>&1 | tr '\n' ' ')" "1 141 "
done_testing
