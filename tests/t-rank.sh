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

# --score and --why: what a model thinks, folded in from --seen
taste-synth --users 150 --events 9000 -s 3 --music 300 --items cat.tsv -o log.tsv; taste-split ratio --test 0.3 -o s log.tsv
taste-train pop -o p.taste s.train.tsv; taste-score -m p.taste -k 60 -o p.cand s.train.tsv; n=$(wc -l < p.cand)
for k in als ease graph blend; do
	case $k in
	als) taste-train als -d 12 -e 3 -o als.taste s.train.tsv ;;
	graph) taste-train graph --rank 20 -o graph.taste s.train.tsv ;;
	blend) taste-train blend --part als.taste --part ease.taste --part graph.taste --weights 2,1,1 -o blend.taste ;;
	*) taste-train $k -o $k.taste s.train.tsv ;;
	esac
	taste-score -m $k.taste -k 2000 -o $k.all s.train.tsv
	awk -F '\t' 'NR == FNR { s[$1 FS $2] = $3; next } { print $1 FS $2 FS s[$1 FS $2] FS $4 }' $k.all p.cand > want.cand
	taste-rank -k 60 want.cand > want; taste-rank -k 60 --score $k.taste --seen s.train.tsv p.cand > got
	is "$k: --score gives candidates of any source the scores of taste-score" "$(paste want got | awk -F '\t' '{ e = $3 - $7; if ($1 != $5 || $2 != $6 || e * e > 1e-11) bad++ } END { print NR, bad + 0 }')" "$n 0"
	is "$k: and leaves them their source and place" "$(cut -f2,4 got | grep -c '	pop #[0-9]*$') $(awk -F '\t' '{ n[$1 FS $4]++ } END { for (k in n) if (n[k] > 1) bad++; print bad + 0 }' got)" "$n 0"
	taste-rank --why $k.taste --seen s.train.tsv --items cat.tsv <(awk '$3 > 0' $k.all) > why
	is "$k: --why has up to three reasons in every line of a score, none above the one before, together at most all" "$(cut -f4 why | awk '{ n = 0; last = 101; sum = 0; s = $0
		if (!sub(/^[a-z]+ #[0-9]+; because /, "", s)) bad++
		while (match(s, /\(<?[0-9]+ %\)/)) { x = substr(s, RSTART + 1) + 0; s = substr(s, RSTART + RLENGTH); if (x > last) bad++; last = x; sum += x; n++ }
		if (n < 1 || n > 3 || sum > 101 || s != "") bad++ } END { print (NR > 1390), bad + 0 }')" "1 0"
	taste-rank --score $k.taste --why $k.taste --seen s.train.tsv p.cand > both
	for t in 1 7; do taste-rank -t $t --score $k.taste --why $k.taste --seen s.train.tsv p.cand > got; same "$k: both, with -t $t, are the same" got both; done
	for cpu in $(taste-rank -V | sed -n 's/^cpu paths: *//p'); do taste-rank --cpu $cpu --score $k.taste --why $k.taste --seen s.train.tsv p.cand > got; same "$k: with --cpu $cpu too" got both; done
	cp $k.taste other.taste; taste-rank --score $k.taste --why other.taste --seen <(cat s.train.tsv) p.cand > got; same "$k: two files, and events from a pipe, are the same" got both
	taste-rank --score $k.taste --why - --seen s.train.tsv p.cand < $k.taste > got; same "$k: a model from a pipe is the same" got both
	awk -F '\t' '$1 == "u000007"' p.cand > alone; taste-rank --score $k.taste --why $k.taste --seen s.train.tsv alone > got; grep "^u000007$T" both > want; same "$k: a user's list depends on nobody else's" got want
done
# parts by another way: ease and graph are linear, so a listener of each single item has its part
user=$(cut -f1 s.train.tsv | head -1)
for k in ease graph; do
	awk -F '\t' -v u="$user" '$1 == u { print $2 FS $2 FS $3 FS $4 FS $5 }' s.train.tsv | taste-score -m $k.taste --keep -k 2000 > single
	grep "^$user$T" $k.all > its; taste-rank -k 50 --why $k.taste --seen s.train.tsv its | cut -f2,4 > got
	is "$k: the shares are those of the single items" "$(awk -F '\t' 'NR == FNR { p[$2, $1] = $3; own[$1]; if ($3 > 0) sum[$2] += $3; next }
		{ n = split(substr($2, index($2, "because ") + 8), r, ", "); last = 1e9
		  for (j = 1; j <= n; j++) { split(r[j], w, / \(<?| %/); part = p[$1, w[1]]; lines++; e = 100 * part / sum[$1] - w[2]; if (e * e > 0.26 && r[j] !~ /</ || part > last + 1e-6) bad++; last = part; said[$1, w[1]] }
		  for (o in own) if (!(($1, o) in said) && p[$1, o] > last + 1e-6 && n == 3) bad++ } END { print (lines > 100), bad + 0 }' single got)" "1 0"
done
# a blend with popularity: what is everybody's is in no share
taste-train blend --part als.taste --part p.taste --weights 1,3 -o withpop.taste
taste-rank -k 50 --why als.taste --seen s.train.tsv its > want; taste-rank -k 50 --why withpop.taste --seen s.train.tsv its > got
same "a blend with popularity: the shares are those of the listener's own" got want
printf 'n\tm000001\t3\ted\nn\tnobody knows\t9\ted\nn\tm000002\t2\ted\nn\tm000003\t1\ted\nstranger\tm000002\t1\ted\nstranger\tm000003\t2\ted\n' > ed.cand
printf 'n\tm000005\nn\tm000009\n' > ed.seen
taste-rank --score graph.taste --seen ed.seen ed.cand > got 2> err
is "what the model does not know comes last" "$(grep '^n' got | tail -1 | cut -f2,3)" "nobody knows${T}0"
is "a user without events keeps the order that came" "$(grep '^stranger' got | cut -f2,3 | tr '\t\n' '  ')" "m000003 1 m000002 0 "
is "both are told" "$(cat err)" "taste-rank: 1 candidates are unknown to graph.taste: ranked as the lowest of their user's
taste-rank: 1 of 2 users have nothing that graph.taste knows: their candidates keep the scores they came with"
taste-rank --score p.taste --seen ed.seen ed.cand > got 2> err
is "popularity is for all" "$(cut -f1 got | sort | uniq -c | tr -s ' \n' ' ') $(grep -c stranger err)" " 4 n 2 stranger  0"
taste-train blend --part als.taste --part p.taste --weights 1,1 -o mix.taste; grep '^stranger' got > want
taste-rank --score mix.taste --seen ed.seen ed.cand 2> err | grep '^stranger' > got; same "and so is a blend with popularity" got want
is "of which nobody has nothing" "$(cat err)" "taste-rank: 1 candidates are unknown to mix.taste: ranked as the lowest of their user's"
taste-rank -v --why graph.taste --seen ed.seen ed.cand > got 2> err
is "no reason where there is none" "$(grep -v because got | cut -f1,2 | tr '\t\n' '  ')" "n nobody knows stranger m000003 stranger m000002 "
taste-score -m als.taste -k 2000 s.train.tsv | awk -F '\t' '$3 < 0 { print $1 FS $2 FS 1 FS "s" }' > against
is "nor where the user's own speaks against it" "$(taste-rank -v --why als.taste --seen s.train.tsv -k 2000 against 2> against.err | grep -c because) $(wc -l < against | awk '{ print ($1 > 100) }')" "0 1"
like "which is told, too" "$(cat against.err)" "*$(wc -l < against) lines without a because: all in all, nothing of the user's own speaks for the item*"
like "which -v tells" "$(cat err)" "*2 lines without a because: the user has nothing of weight that graph.taste knows*1 lines without a because: the item is unknown to graph.taste*"
is "skips do not speak for anything" "$(printf 'n\tm000005\t1\tskip\nn\tm000009\t2\tplay\n' > skip; taste-rank -q --why graph.taste --seen skip ed.cand | grep -c 'm000005')" 0
is "only what is left is scored: a candidate the user has is no lowest" "$(printf 'n\tm000005\t1\ts\nn\tx\t1\ts\n' | taste-rank -q --score ease.taste --seen ed.seen | cut -f2,3)" "x${T}1"
must_fail "--why without --seen" 2 "*--why needs --seen*usage:*" taste-rank --why als.taste cand.tsv
must_fail "--score without --seen" 2 "*--score needs --seen*usage:*" taste-rank --score als.taste cand.tsv
must_fail "popularity has no reasons, and says so" 4 "taste-rank: p.taste: scores by popularity are the same for everybody*" taste-rank --why p.taste --seen ed.seen ed.cand
taste-train softmax -d 4 -e 1 -o soft.taste s.train.tsv
must_fail "softmax scores are no sums, and say so" 4 "taste-rank: soft.taste: scores of this kind cannot be taken apart*" taste-rank --why soft.taste --seen ed.seen ed.cand
ok "softmax scores candidates" taste-rank --score soft.taste --seen s.train.tsv p.cand
must_fail "a missing model" 3 "taste-rank: nofile: No such file*" taste-rank --why nofile --seen ed.seen ed.cand
must_fail "events are no model" 4 "taste-rank: log.tsv: *" taste-rank --score log.tsv --seen ed.seen ed.cand
head -c 5000 graph.taste > cutm; must_fail "a cut model" 4 "taste-rank: cutm: *" taste-rank --score cutm --seen ed.seen ed.cand
must_fail "one standard input" 2 "*standard input can be read only once*" taste-rank --score - --seen - ed.cand
taste-rank -b --score als.taste --why als.taste --seen s.train.tsv p.cand > r2.taste; like "the models are in the provenance" "$(taste-view -i r2.taste)" "*taste-train*als*taste-rank*--score*--why*"
is "no number is NaN or infinite" "$(cat both why | grep -ci 'nan\b\|[^a-z]inf\b')" 0

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
