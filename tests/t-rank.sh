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
printf 'a\t1e38\t0\nb\t1e38\t1e38\nc\t1e-38\t1e-38\n' > vast.tsv
is "but for what was only skipped or disliked" "$(printf 'u1\tb\t1\tskip\nu1\td\t1\tban\nu1\te\t1\tskip\nu1\te\t2\tlike\n' > no.seen; taste-rank --seen no.seen --because vec.tsv cand.tsv | sed -n 1,2p | cut -f2,4 | tr '\t\n' '  ')" "a als #1; like e (0.71) c als #3; like e (0.78) "
is "however long or short the vectors are" "$(taste-rank --seen seen --because vast.tsv cand.tsv | grep -o 'like.*' | tr '\n' ' ')" "like b (0.71) like b (1.00) like a (0.71) "
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

# the rules of lists
printf 'a\tmusic\tA\tAnn\tone\t2024-04-20\t1\trock\nb\tmusic\tB\tAnn\tone\t2024-04\t1\trock;ai\nc\tpodcast\tC\tAnn\ttwo\t2010\t1\ttalk\nd\tmusic\tD\tDan\ttwo\t2024-05-02\t1\trock;live\ne\tmusic\tE\t\t\t2024\t1\tai\n' > rules.tsv
list() { taste-rank --items rules.tsv "$@" cand.tsv | grep ^u1 | cut -f2 | tr '\n' ' '; }
printf 'a\nc\n' > ac; printf 'x\ta\n' > other; printf 'u1\tq\n' > q
is "--never drops what the catalogue says" "$(list --never 'tags=live|talk')" "a b e "
is "what nothing has is told" "$(taste-rank --items rules.tsv --never tag=live --floor mood=x:0.1 --cap kind=music:1 cand.tsv 2>&1 > none)" "taste-rank: rules.tsv: no item has 'tag', which a rule asks for
taste-rank: rules.tsv: no item has 'mood', which a rule asks for"
is "and a kind that none is" "$(taste-rank --items rules.tsv --never kind=Music --never 'tags=zz' --floor 'tags~zz:0.1' --cap 'released<1900:0.1' --cap 'kind!=music|podcast:0.1' cand.tsv 2>&1 > none)" "taste-rank: rules.tsv: no item has 'kind=Music', which a rule asks for"
sed 's/^/x/' rules.tsv > strange; printf 'zz\ta\n' > nobody; taste-train pop -q -o strange.pop <(printf 'zz\txa\n'); printf 'xa\t1\t0\n' > strange.vecs
for u in 1 2 3 4 5 6 7 8 9; do printf "v$u\ta\t1\n"; done | cat cand.tsv - > many.tsv
is "side files of other items and users are told" "$(taste-rank --items strange --per-creator 1 --allow strange -m strange.pop --diversity 0.1 --vectors strange.vecs --seen nobody --because <(cat strange.vecs) many.tsv 2>&1 > none | sed 's/[0-9][0-9]* /N /; s/in .*:/in F:/')" "$(printf 'taste-rank: none of N %s\n' 'candidates is in F: it says nothing of them' 'candidates is in F: none may come' 'candidates is in F: it says nothing of them' 'candidates is in F: it says nothing of them' 'candidates is in F: it says nothing of them' 'users is in F: it says nothing of them')"
is "but not when nobody came, nor with -q" "$(taste-rank --items strange -m strange.pop --seen nobody /dev/null 2>&1; taste-rank -q --items strange cand.tsv 2>&1 > none)" ""
is "one that is there is enough" "$(taste-rank --items <(cat strange; printf 'a\n') --seen <(printf 'u1\tq\n') cand.tsv 2>&1 > none)" ""
is "and what it does not know stays" "$(printf 'u\tz\t1\n' | taste-rank --items rules.tsv --never 'tags!=rock' | cut -f2)" "z"
is "--space keeps one creator's apart" "$(list --space creator=1)" "a d b e c "
is "as far as there are others" "$(list --space creator=9)" "a d e b c "
is "or one album's, which is not the show of another that is called the same" "$(list --space group=2)" "a c d b e "
is "--cap holds for the whole list and from the top" "$(list --cap 'tags=ai:0.2') / $(list -k 4 --cap 'tags=ai:0.2') / $(list --cap 'tags=ai:0')" "a c d  / a c d  / a c d "
is "--floor has its share among the first of any number" "$(list --floor 'kind=podcast:0.34') / $(list --floor 'kind=podcast:1')" "a b c d e  / c a b d e "
is "a floor comes when it is due" "$(list -k 4 --floor 'tags=ai:0.5') / $(list --floor 'item=e:0.5')" "a b c e  / a e b c d "
is "--fresh-share: released in the days before the day" "$(list --day 2024-05-01 --fresh-share 1) / $(list --day 2024-05-02 --fresh-days 0 --fresh-share 1) / $(list --day 2024-05-01 --fresh-days 150 --fresh-share 0.5 --deny ac)" "a b c d e  / d a b c e  / b d e "
printf 'a\tmusic\t\t\t\t2024\nb\tmusic\t\t\t\t2024-02\nc\tmusic\t\t\t\t2023-12-31\nd\tmusic\t\t\t\t2024-01-31\ne\tmusic\t\t\t\t2024-02-01\n' > released; is "a year or a month that begins with the first of these days is released in them" "$(list --items released --day 2024-01-31 --fresh-days 30 --fresh-share 1) / $(list --items released --day 2024-02-02 --fresh-days 1 --fresh-share 1)" "a d b c e  / b e a c d "
is "the day is that of the newest event" "$(printf 'x\ta\t1714608000\nx\ta\t100\n' | list --seen - --fresh-days 0 --fresh-share 1)" "d a b c e "
printf 'q\tmusic\tQ\tAnn\n' >> rules.tsv
is "--new-share: creators of whom the user has nothing" "$(list --seen q --new-share 0.5)" "a d b c e "
printf 'u%s\ta\t1\tskip\n' 1 2 3 4 5 6 7 8 9 > skips; printf 'u%s\tb\t1\tplay\n' 1 2 3 >> skips; printf 'u1\tc\nu2\td\n' >> skips; taste-train pop -o skips.taste skips
taste-rank --items rules.tsv -m skips.taste --popularity 0 --tail-share 0.5 -k 2 cand.tsv > half.lists
is "the head is that of taste-eval, for which skips are none either" "$(cut -f1 half.lists | sort -u | sed 's/$/\tzz/' | taste-eval --truth - --train skips --allow-seen -k 2 --bootstrap 0 half.lists | awk -F '\t' '$1 == "half" && $2 == "tail_share" { print $4 }')" "$(awk -F '\t' '{ n++; t += $2 != "b" && $2 != "c" } END { print t / n }' half.lists)"
printf 'u%s\tb\n' 1 2 3 4 5 6 7 8 9 > plays; printf 'u1\ta\nu1\td\n' >> plays; taste-train pop -o plays.taste plays
is "--tail-share: what is outside the head of the plays" "$(list -m plays.taste --popularity 1) / $(list -m plays.taste --popularity 1 --tail-share 1) / $(list -m plays.taste --popularity 1 --tail-share 1 --tail-head 0.9)" "b a d c e  / a d c e b  / d c e b a "
taste-train pop --count events --weight '*=1e-300' -o least.taste plays
is "counts that vanish beside 1 make nothing popular, and no score NaN" "$(taste-rank -m least.taste cand.tsv | grep -c nan) $(list -m least.taste --popularity 1)" "0 a b c d e "
is "a weight below 0 prefers the unpopular" "$(list -m plays.taste --popularity -1)" "c e a d b "
is "--diversity by the catalogue" "$(list --diversity 0.5)" "a d c b e "
printf 'a\t1\t0\nb\t1\t0.1\nc\t0\t1\nd\t1\t0\n' > alike
is "and by vectors, an item without one is like nothing" "$(list --diversity 0.6 --vectors alike) / $(list --diversity 0.6 --vectors alike --diverse dpp)" "a c e b d  / a c e b d "
is "one file of vectors serves two ends" "$(list --diversity 0.6 --vectors alike --because alike --seen other)" "a c e b d "
is "--diversity 0 changes nothing" "$(list --diversity 0 --vectors alike)" "a b c d e "
printf 'u1\tp%s\n' 1 2 3 4 > own; printf 'p%s\tpodcast\n' 1 2 3 >> rules.tsv; printf 'p4\tmusic\n' >> rules.tsv
is "--calibrate comes near to the user's own mix" "$(list --seen own --calibrate kind=1) / $(list --seen own --calibrate kind=0)" "c a b d e  / a b c d e "
is "what was only skipped or disliked is not of that mix, and is seen" "$(awk '{ print $0 "\t\tplay" } NR == 1 { for (i = 0; i < 9; i++) print "u1\tm" i "\t\tskip"; print "u1\ta\t\thate" }' own > skipped; for i in 0 1 2 3 4 5 6 7 8; do printf 'm%s\tmusic\n' $i; done | cat rules.tsv - > more.tsv; list --items more.tsv --seen skipped --calibrate kind=1)" "c b d e "
is "who has nothing gets it by score" "$(list --seen other --calibrate kind=1)" "a b c d e "

# chance, and days
list --explore epsilon:0.5 > e1
is "the same seed, the same list; another, another" "$(list --explore epsilon:0.5) $(for s in 1 2 3 4 5 6 7 8; do list -s $s --explore epsilon:0.5; echo; done | sort -u | wc -l | awk '{ print ($1 > 2) }')" "$(cat e1) 1"
is "another day, another list" "$(for d in 1 2 3 4 5 6 7 8; do list --day 2024-05-0$d --explore softmax:1; echo; done | sort -u | wc -l | awk '{ print ($1 > 3) }')" 1
is "all is chance: p is one of those left" "$(taste-rank --explore epsilon:1 cand.tsv | grep ^u1 | tr '\t' '\n' | grep ^p= | tr '\n' ' ')" "p=0.2 p=0.25 p=0.3333333333333333 p=0.5 p=1 "
is "which takes the place of one that the candidates had" "$(printf 'u\ta\t1\t\tx=1\tp=0.5\ty=2\n' | taste-rank --explore epsilon:1 | cut -f5-; printf 'u\ta\t1\t\tp=0.5\ty=2\n' | taste-rank | cut -f5-)" "x=1${T}y=2${T}p=1
p=0.5${T}y=2"
is "no chance: p is 1" "$(taste-rank --explore epsilon:0 cand.tsv | grep -o 'p=.*' | sort -u)" "p=1"
awk 'BEGIN { for (u = 0; u < 3000; u++) for (i = 0; i < 5; i++) printf "u%d\t%c\t%.1f\n", u, 97 + i, 1 - i * i / 10 }' > many.cand
for how in epsilon:0.5 softmax:0.3 thompson:0.5; do
	taste-rank -k 1 --explore $how many.cand | awk -F '\t' '{ p[$2] = substr($NF, 3); n[$2]++ } END { for (i in p) { e = n[i] / NR - p[i]; if (e * e > 16 * p[i] * (1 - p[i]) / NR) bad++; sum += p[i] } print bad + 0, (sum > 0.999 && sum < 1.001) }' > got
	is "$how: items come as often as p says" "$(cat got)" "0 1"
done
taste-rank -k 3 --explore softmax:1 --day 2024-05-01 cand.tsv > shown; grep ^u1 shown | sed -n 2p | cut -f2 > heard
taste-rank -k 5 --explore softmax:1 --day 2024-05-01 --shown shown --deny heard cand.tsv > again
is "--shown: the list stays, less what is denied now, and is filled up" "$(grep ^u1 again | head -2 | cut -f2 | tr '\n' ' ') $(grep -c ^u1 again)" "$(grep ^u1 shown | sed 2d | cut -f2 | tr '\n' ' ') 4"
is "with the p it was shown with" "$(grep ^u1 again | head -2 | grep -o 'p=[0-9].*' | tr '\n' ' ')" "$(grep ^u1 shown | sed 2d | grep -o 'p=[0-9].*' | tr '\n' ' ')"
grep "^u2\|^u1${T}e" cand.tsv > few
is "also what is no candidate any more" "$(taste-rank --shown shown few | grep ^u1 | cut -f2 | head -3)" "$(grep ^u1 shown | cut -f2)"
is "a whole list is filled by nothing" "$(taste-rank -k 3 --shown shown cand.tsv | cut -f1,2)" "$(cut -f1,2 shown)"
taste-rank -b -k 3 cand.tsv > shown.taste
is "shown lists may be binary" "$(taste-rank -k 3 --shown shown.taste cand.tsv | cut -f1,2)" "$(taste-rank -k 3 cand.tsv | cut -f1,2)"

# all at once
all() { taste-rank -k 20 --items cat.tsv --seen s.train.tsv -m p.taste --vectors items.vecs --diversity 0.3 --calibrate kind=0.5 --calibrate tags=0.2 --calibrate creator=0.1 --space creator=2 --space group=1 --tail-share 0.2 --new-share 0.1 --cap 'kind=audiobook:0.2' --floor 'kind=podcast:0.1' --per-creator 3 --never 'tags=live' --explore softmax:0.05 --explain --why als.taste --because items.vecs "$@"; }
taste-embed -m als.taste --items all -b -o items.vecs; taste-score -m als.taste -k 100 s.train.tsv | sort -s -k1,1 > als.cand; awk 'BEGIN { srand(4) } { print rand() "\t" $0 }' als.cand | sort -g | cut -f2- | sort -s -k1,1 > mixed.cand
all als.cand > all.tsv; all mixed.cand > got
same "no list depends on the order of lines" got all.tsv
all --diverse dpp als.cand > dpp.tsv
for cpu in $(taste-rank -V | sed -n 's/^cpu paths: *//p'); do all --cpu $cpu -t 3 als.cand > got; same "nor on --cpu $cpu" got all.tsv; all --diverse dpp --cpu $cpu als.cand > got; same "nor by dpp" got dpp.tsv; done
is "a list sorted by score is the list" "$(awk -F '\t' '{ print $1 FS $3 FS $2 FS NR }' all.tsv | sort -t "$T" -k1,1 -k2,2gr -k3,3 | cut -f4 | sort -gc && echo yes)" yes
is "caps and creators hold, nothing seen comes" "$(awk -F '\t' 'FILENAME == "s.train.tsv" { has[$1, $2]; next } FILENAME == "cat.tsv" { kind[$1] = $2; by[$1] = $4; next }
	($1, $2) in has { bad++ } { n[$1]++; if (kind[$2] == "audiobook" && ++a[$1] > int(0.2 * n[$1] + 0.999999)) bad++; if (++c[$1, by[$2]] > 3) bad++ } END { for (u in n) if (a[u] > n[u] * 0.2) bad++; print bad + 0, (length(n) > 100) }' s.train.tsv cat.tsv all.tsv)" "0 1"
is "reasons for programs can be read back" "$(awk -F '\t' '{ f = 0; for (i = 5; i <= NF; i++) { if ($i ~ /^from=als:[0-9]+:[-0-9.e]+$/) f++; if ($i ~ /^(blend|p)=[0-9.e-]+$/) f++; if ($i ~ /^by_score=[0-9]+$/) f++; if ($i ~ /^because=/ && $i !~ /^because=[a-z0-9]+:[0-9.e-]+(\|[a-z0-9]+:[0-9.e-]+)*$/) bad++; if ($i ~ /^held=/ && $i !~ /^held=[a-z-]+:[0-9]+(,[a-z-]+:[0-9]+)*$/) bad++ } if (f != 4) bad++ } END { print bad + 0 }' all.tsv)" 0
printf 'u\ta|b:c,d%%\t2\ts:1|x\nu\ta|b:c,d%%\t5\tt\nu\tz\t3\ts:1|x\n' > esc
is "names are escaped in them" "$(taste-rank --explain esc | head -1 | cut -f5)" "from=s%3A1%7Cx:2:2|t:1:5"
printf 'e\n' > e.ids; grep ^u1 cand.tsv > u1.cand; printf 'u1\tq\t3\ts\n' >> u1.cand
taste-rank -k 2 --items rules.tsv --never tags=live --seen q --deny e.ids --why-not a --why-not b --why-not c --why-not d --why-not e --why-not q --why-not zz u1.cand | cut -f2- | tr '\t' ' ' > got
like "--why-not says why, for each" "$(cat got)" "a 1 it is in the list, #1 step=kept by_score=1
b 0.* it is in the list, #2 step=kept by_score=2
c 0 #3 of 3 by score; the last of the list is B with 0.* step=cut by_score=3
d  --never tags=live step=never
e  it is in --deny step=deny
q  the user has it (--seen) step=seen
zz  no source named it step=candidates"
is "by its score, whatever a rule put before it" "$(taste-rank --items rules.tsv --floor 'item=e:0.5' --why-not a --why-not e cand.tsv | grep ^u1 | cut -f2,3 | tr '\t\n' '  ')" "a 1 e 0 "
like "and which rule put it back" "$(taste-rank -k 2 --items rules.tsv --space creator=1 --why-not b cand.tsv | grep ^u1)" "*; passed over for --space (1 place)${T}step=cut${T}by_score=2${T}held=space:1"
like "what could not be held is told" "$(taste-rank -v --items rules.tsv --floor kind=book:0.5 --space creator=9 cand.tsv 2>&1 > none)" "*lines are nearer to one of their creator or group than --space asks*lines more should be kind=book: there were no such candidates*"
must_fail "a floor without a share" 2 "*--floor: 'kind=podcast' is not a condition*usage:*" taste-rank --items rules.tsv --floor kind=podcast cand.tsv
must_fail "a share beyond 1" 2 "*--cap: 'tags=ai:1.5' is not*" taste-rank --items rules.tsv --cap tags=ai:1.5 cand.tsv
must_fail "no condition" 2 "*--floor: *" taste-rank --items rules.tsv --floor kind:0.5 cand.tsv
must_fail "a condition that is none" 2 "*--never: *" taste-rank --items rules.tsv --never 'released>soon' cand.tsv
must_fail "a facet that is none" 2 "*--calibrate: 'mood' is not one of*" taste-rank --items rules.tsv --seen q --calibrate mood=1 cand.tsv
must_fail "a facet twice" 2 "*--calibrate: kind comes twice*" taste-rank --items rules.tsv --seen q --calibrate kind=1 --calibrate kind=2 cand.tsv
must_fail "distances of what" 2 "*--space: 'title=2' is not*" taste-rank --items rules.tsv --space title=2 cand.tsv
must_fail "half a place" 2 "*--space: 'creator=1.5' is not*" taste-rank --items rules.tsv --space creator=1.5 cand.tsv
must_fail "a day that is none" 2 "*--day: '2024-02-30' is not a day*" taste-rank --day 2024-02-30 cand.tsv
must_fail "a way to explore that is none" 2 "*--explore: 'luck' is not one of*" taste-rank --explore luck:1 cand.tsv
for x in 0.1 epsilon :1 softmax:x thompson:-1; do must_fail "--explore $x: the ways are named" 2 "*--explore: '$x' is not epsilon:E, softmax:T or thompson:S, with a number from 0 to *" taste-rank --explore $x cand.tsv; done
must_fail "a probability beyond 1" 2 "*--explore: epsilon is a probability*" taste-rank --explore epsilon:2 cand.tsv
must_fail "a deviation that is hardly one" 2 "*--explore: the deviation of thompson is 0, or*" taste-rank --explore thompson:1e-9 cand.tsv
must_fail "a temperature of 0" 2 "*--explore: the temperature*" taste-rank --explore softmax:0 cand.tsv
must_fail "--diversity by nothing" 2 "*--diversity needs --vectors or --items*" taste-rank --diversity 0.5 cand.tsv
must_fail "--tail-share without -m" 2 "*--tail-share needs -m*" taste-rank --tail-share 0.5 cand.tsv
must_fail "--calibrate without --seen" 2 "*--calibrate needs --seen*" taste-rank --items rules.tsv --calibrate kind=1 cand.tsv
must_fail "--fresh-share without a day" 2 "*--fresh-share needs --day*" taste-rank --items rules.tsv --fresh-share 0.5 cand.tsv
must_fail "--fresh-share by milliseconds" 4 "taste-rank: the newest event of --seen is at a time that has no date (milliseconds?)*" bash -c "printf 'u1\tz\t1700000000123\n' | taste-rank --items rules.tsv --seen - --fresh-share 0.5 cand.tsv"
must_fail "--fresh-days before all days" 4 "taste-rank: --fresh-days: 30 days before the day of the lists*" taste-rank --items rules.tsv --day 0000-01-31 --fresh-days 30 --fresh-share 0.5 cand.tsv
must_fail "--fresh-share without times" 4 "*--fresh-share needs --day*" taste-rank --items rules.tsv --seen q --fresh-share 0.5 cand.tsv
must_fail "too many floors" 2 "*more than 32*" taste-rank --items rules.tsv $(for i in $(seq 33); do echo --floor kind=a:0.1; done) cand.tsv
printf 'u1\ta\t1\t\tx=1\tp=0.5\nu1\tb\t1\t\tp=1.5\n' > badp; must_fail "a shown list with a p that is none" 4 "taste-rank: badp:2: field 5: 'p=1.5' is not a probability*" taste-rank --explore softmax:1 --shown badp cand.tsv
is "which is nobody's business where no p is written" "$(taste-rank -k 2 --shown badp cand.tsv | cut -f2 | head -2 | tr '\n' ' ')" "a b "
echo x > bad; must_fail "a shown list that is none" 4 "taste-rank: bad:1: 1 field*" taste-rank --shown bad cand.tsv

printf '\xef\xbb\xbfu\ti\t1\ts\r\n' > bom; is "BOM and CRLF are fine" "$(taste-rank bom)" "u${T}i${T}1${T}s #1"
printf 'u\ti\t1\ts' > nonl; is "no final newline is fine" "$(taste-rank nonl)" "u${T}i${T}1${T}s #1"
printf 'a b\t\\t\\\\\t1\ts\n\xff\t\xfe\t1\ts\n' > odd; is "ids of every kind are kept" "$(taste-rank odd | cut -f1,2)" "$(cut -f1,2 odd)"
{ printf 'u\t'; head -c 10000000 /dev/zero | tr '\0' y; printf '\t1\ts\n'; } > long; is "a 10 MB id is kept" "$(taste-rank long | wc -c)" 10000010
printf 'u\ti\n' > cols; must_fail "too few columns are named" 4 "taste-rank: cols:1: 2 fields*" taste-rank cols
must_fail "names without -H are told" 4 "taste-rank: (standard input):1: this looks like a line of column names, which -H announces" taste-rank <<< $'user\titem\tscore'
is "events as candidates are told, once" "$(printf 'u\ti\t1700000000\tplay\nu\tj\t1700000000\tlike\n' | taste-rank 2>&1 > none)" "taste-rank: (standard input):1: fields 3 and 4 are a time and 'play': these look like events, where a candidate has a score and a source"
is "and counts are scores" "$(printf 'u\ti\t1700000000\tplays\nu\tj\t17\tplay\n' | taste-rank 2>&1 > none)" ""
printf 'u\ti\tnan\ts\n' > nan; must_fail "NaN is named" 4 "taste-rank: nan:1: field 3: 'nan' is not a score*" taste-rank nan
printf 'u\ti\t1e400\ts\n' > huge; must_fail "1e400 is named" 4 "taste-rank: huge:1: field 3: '1e400' *" taste-rank huge
printf 'u\ti\0j\t1\ts\n' > nul; must_fail "a NUL byte is named" 4 "taste-rank: nul:1: *NUL*" taste-rank nul
printf '\ti\t1\ts\n' > nouser; must_fail "an empty user is named" 4 "taste-rank: nouser:1: field 1: the user is empty" taste-rank nouser
printf 'u\ti\t1\nv\ti\t1\nu\tj\t1\n' > apart; must_fail "a user whose lines are apart is named" 4 "taste-rank: apart:3: user 'u' comes again: the lines of a user must stand together (sort -s -t *printf '*t')* -k 1,1)" taste-rank apart
printf 'u\ti\t1\nv\ti\t1\n' > apart1; must_fail "and how files are joined" 4 "taste-rank: apart1:1: user 'u' comes again: the lines of a user must stand together (taste-rank merge joins files)" taste-rank apart1 apart1
must_fail "--header-out of a binary list" 2 "*--header-out is of text*usage:*" taste-rank -b --header-out -o none apart1
head -c $(($(wc -c < r.taste) - 64)) r.taste > cut.taste; must_fail "a cut binary is an error with block and byte" 4 "taste-rank: cut.taste: *byte*" taste-rank cut.taste
must_fail "--per-creator without --items" 2 "*--items*usage:*" taste-rank --per-creator 1 cand.tsv
must_fail "--because without --seen" 2 "*--seen*usage:*" taste-rank --because vec.tsv cand.tsv
must_fail "a weight beyond 1" 2 "*--popularity*" taste-rank --popularity 2 cand.tsv
must_fail "a full disk is told" 3 "taste-rank: *No space left on device" bash -c 'taste-rank cand.tsv > /dev/full'
echo old > keep; taste-rank -o keep nan 2>/dev/null; is "a failed run leaves the old output" "$(cat keep)" old
is "a closed reader ends it quietly" "$(bash -c 'awk "BEGIN { for (i = 0; i < 300000; i++) print \"u\" i \"\ti\t1\ts\" }" | taste-rank | head -1 | wc -l; echo "${PIPESTATUS[1]}"' 2>&1 | tr '\n' ' ')" "1 141 "
for x in "--tail-head 0.5:--tail-share" "--fresh-days 5:--fresh-share" "--diverse dpp:--diversity" "--popularity 0.9:-m" "--day 2024-01-01:--fresh-share or --explore" "-s 2:--explore"; do
	must_fail "${x%:*} without what it is about" 2 "*${x%% *} says nothing without ${x#*:}*usage:*" taste-rank ${x%:*} cand.tsv
done
must_fail "--trees beside --score" 2 "*--trees and --score exclude each other*usage:*" taste-rank --trees t --events q --score als.taste --seen q cand.tsv
must_fail "--why-not with a file for what was dropped" 2 "*nothing goes into --dropped*usage:*" taste-rank --why-not a --dropped none cand.tsv
printf 'u\tx1\t3\tals\nu\tx2\t5\tals\n' > strange; printf 'v\tk\t1\n' | taste-train pop -q -o k.taste; printf 'u\tk\t2\n' > k
is "what was only shown before is nothing that a model judges" "$(taste-rank --score k.taste --seen /dev/null --shown k strange 2> err | cut -f2 | tr '\n' ' '; cat err)" "k x2 x1 taste-rank: 1 of 1 users have nothing that k.taste knows: their candidates keep the scores they came with"
must_fail "a distance twice" 2 "*--space: group comes twice*" taste-rank --items rules.tsv --space group=2 --space creator=1 --space group=3 cand.tsv
done_testing
