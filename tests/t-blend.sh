# taste-train blend: sums against awk, weights that are fitted, the same bytes, and what cannot be blended.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
taste-synth --users 150 --events 9000 -s 3 --music 300 -o log.tsv; taste-split ratio --test 0.3 -o s log.tsv
train() { local kind=$1; shift; taste-train "$kind" "$@"; }
train pop -o pop.taste s.train.tsv; train als -d 12 -e 3 -o als.taste s.train.tsv; train ease -o ease.taste s.train.tsv; train graph --rank 20 -o graph.taste s.train.tsv
train softmax -d 12 -e 3 -o softmax.taste s.train.tsv
tac s.train.tsv > tac.tsv; train als -d 12 -e 3 -o tac.taste tac.tsv
blend() { local out=$1; shift; taste-train blend -o "$out" "$@"; }
is "the parts of the test number items differently" "$(cmp -s <(taste-embed -m als.taste --items all | cut -f1) <(taste-embed -m tac.taste --items all | cut -f1) && echo alike || echo differently)" differently

# the sum against awk, over the whole catalogue
n=$(taste-view pop.taste | awk '$1 == "n_items" { print $2 }')
everything() { taste-score -m "$1" --keep -k "$n" s.train.tsv | cut -f1-3; }
for p in pop als ease graph softmax tac; do everything $p.taste > $p.all; done
sum() {	# FILE w=WEIGHT ... : user, item, weighted sum of scores over their standard deviations
	awk -F '\t' -v OFS='\t' 'function close_part(  u, i, k) { for (u in cnt) { mean = s[u] / cnt[u]; v = 0; for (k = 1; k <= cnt[u]; k++) v += (x[u, k] - mean) ^ 2
		sd = sqrt(v / cnt[u]); for (k = 1; k <= cnt[u]; k++) t[u OFS id[u, k]] += sd > 0 ? w * x[u, k] / sd : 0 } split("", cnt); split("", s) }
		FNR == 1 { close_part() } { cnt[$1]++; x[$1, cnt[$1]] = $3; id[$1, cnt[$1]] = $2; s[$1] += $3 } END { close_part(); for (k in t) printf "%s\t%.9g\n", k, t[k] }' "$@" | sort
}
differ() { join -t "$T" <(sed 's/\t/ /' "$1" | sort) <(sed 's/\t/ /' "$2" | sort) | awk -F '\t' '{ d = $2 - $3; if (d < 0) d = -d; if (d > most) most = d } END { print (NR > 0 && most <= 1e-5) ? NR : NR " most " most }'; }
all=$(($(cut -f1 s.train.tsv | sort -u | wc -l) * n))
blend given.taste --weights 2,1,0,1 --part graph.taste --part als.taste --part ease.taste --part pop.taste
everything given.taste > given.all
sum graph.all w=0.5 als.all w=0.25 pop.all w=0.25 > want; is "a blend is the weighted sum of its parts' scores over their spreads" "$(differ given.all want)" "$all"
blend turned.taste --weights 3,1,1 --part ease.taste --part tac.taste --part graph.taste
everything turned.taste > turned.all
sum ease.all w=0.6 tac.all w=0.2 graph.all w=0.2 > want; is "also where a part numbers the items otherwise" "$(differ turned.all want)" "$all"
blend soft.taste --weights 1,1 --part als.taste --part softmax.taste
everything soft.taste > soft.all
sum als.all w=0.5 softmax.all w=0.5 > want; is "also with a softmax" "$(differ soft.all want)" "$all"
blend one.taste --weights 1,0 --part graph.taste --part pop.taste
is "all weight on one part ranks as the part does" "$(taste-score -m one.taste -k 15 s.train.tsv | cut -f1,2 | cksum)" "$(taste-score -m graph.taste -k 15 s.train.tsv | cut -f1,2 | cksum)"
is "weights are scaled to the sum 1" "$(taste-view --tensor weight given.taste | awk '{ print $NF }' | tr '\n' ' ')" "0.5 0.25 0 0.25 "

# fitted
fit="--valid s.test.tsv -k 10 --part graph.taste --part als.taste --part ease.taste --part pop.taste"
blend fit.taste -v $fit s.train.tsv 2> fit.err
for t in 1 2 7; do blend t.taste -t $t $fit s.train.tsv; same "-t $t fits the same bytes" t.taste fit.taste; done
for cpu in $(taste-train -V | sed -n 's/^cpu paths: *//p'); do blend t.taste --cpu $cpu $fit s.train.tsv; same "--cpu $cpu fits the same bytes" t.taste fit.taste; done
blend t.taste $fit < s.train.tsv; same "standard input is read like a file" t.taste fit.taste
blend few.taste $fit --fit-users 20 s.train.tsv; blend few2.taste $fit --fit-users 20 s.train.tsv; same "listeners are drawn alike twice" few.taste few2.taste
is "--fit-users draws as many" "$(taste-view few.taste | awk '$1 == "n_fit" { print $2 }')" 20
grep -P '^(\S+)\t(graph|als|ease|pop|blend)\t' fit.err > table
is "-v names each part and the blend" "$(cut -f1,2 table | tr '\t\n' '  ')" "graph.taste graph als.taste als ease.taste ease pop.taste pop - blend "
is "the blend is not worse than its best part" "$(awk -F '\t' '$2 == "blend" { b = $4; next } $4 > best { best = $4 } END { print (b >= best && b > 0) ? "so" : b " " best }' table)" so
is "the weights sum to 1" "$(awk -F '\t' '$2 != "blend" { s += $3 } END { print s }' table)" 1
is "and are those of the file" "$(taste-view --tensor weight fit.taste | awk '{ printf "%.6g ", $NF }')" "$(awk -F '\t' '$2 != "blend" { printf "%.6g ", $3 }' table)"
awk -F '\t' -v OFS='\t' 'NR == FNR { has[$1, $2]; there[$1] = $4 != "skip" && $4 != "dislike" || there[$1]; next } $4 != "skip" && $4 != "dislike" && there[$1] && !(($1, $2) in has) && !s[$1, $2]++ { print $1, $2, 1 }' s.train.tsv s.test.tsv > truth.tsv
for p in graph als ease pop; do taste-score -m $p.taste -k 10 -o $p.1 s.train.tsv; done; taste-score -m fit.taste -k 10 -o blend.1 s.train.tsv
for p in graph als ease pop blend; do taste-eval --truth truth.tsv --train s.train.tsv --bootstrap 0 -k 10 --allow-extra-users < $p.1 | awk -F '\t' -v p=$p -v OFS='\t' '$1 != "pop" { v[$2] = $4 } END { printf "%s\t%.6f\t%.6f\n", p, v["ndcg"], v["recall"] }'; done > want
cut -f2,4,5 table > got; same "its numbers are taste-eval's" got want
is "and stand in the file" "$(taste-view fit.taste | awk -F '\t' '$1 ~ /^(kind|kinds|parts|k|metric)$/ { print $1 "=" $2 }' | sort | tr '\n' ' ')" "k=10 kind=blend kinds=graph,als,ease,pop metric=ndcg parts=4 "
like "the history names all steps" "$(taste-view -i fit.taste)" "*taste-train*graph --rank 20*taste-train*blend*"
awk -F '\t' -v OFS='\t' 'NR == FNR { item[NR] = $2; n = NR; next } FNR == 1 { srand(5); for (i = n; i > 1; i--) { j = 1 + int(rand() * i); t = item[i]; item[i] = item[j]; item[j] = t } } { $2 = item[FNR]; print }' s.train.tsv s.train.tsv > noise.tsv
train als -d 12 -e 3 -o noise.taste noise.tsv
blend n.taste --valid s.test.tsv --part noise.taste --part graph.taste --part als.taste s.train.tsv
is "a part of noise has the weight 0" "$(taste-view --tensor weight n.taste | awk 'NR == 1 { print $NF }')" 0
blend all.taste -v $fit --min-gain 0 s.train.tsv 2> all.err; blend best.taste -v $fit --min-gain 100 s.train.tsv 2> best.err
is "--min-gain 0 is at least as good as the default there, a large one leaves the best part" "$(cat all.err fit.err best.err | awk -F '\t' '$2 == "blend" { b[++n] = $4 } $2 != "blend" && NF == 5 && $4 + 0 > best { best = $4 } END { print (b[1] >= b[2] && b[3] == best) ? "so" : b[1] " " b[2] " " b[3] " " best }')" so

# scores
for t in 1 2 7; do taste-score -m turned.taste -t $t -k 15 -o turned.$t s.train.tsv; done; same "two threads score as one" turned.1 turned.2; same "seven too" turned.1 turned.7
for cpu in $(taste-score -V | sed -n 's/^cpu paths: *//p'); do taste-score -m turned.taste --cpu $cpu -k 15 -o cpu s.train.tsv; same "--cpu $cpu: the same scores" cpu turned.1; done
is "the source is its kind" "$(cut -f4 turned.1 | sort -u)" blend
is "a stranger gets what is popular, where that counts" "$(printf 'x\tno such item\n' | taste-score -q -m given.taste -k 5 | cut -f2 | cksum)" "$(printf 'x\tno such item\n' | taste-score -q -m pop.taste -k 5 | cut -f2 | cksum)"
is "and nothing where it does not" "$(printf 'x\tno such item\n' | taste-score -q -m one.taste -k 5)" ""
cut -f1 s.train.tsv | sort -u | head -3 | while read -r u; do grep "^$u$T" s.train.tsv; done > three.tsv
is "a listener's scores do not depend on others" "$(taste-score -m turned.taste -k 15 three.tsv | sort | cksum)" "$(grep -F -f <(cut -f1 three.tsv | sort -u | sed "s/\$/$T/") turned.1 | grep -E "^($(cut -f1 three.tsv | sort -u | paste -sd'|'))$T" | sort | cksum)"
is "a blend from a pipe" "$(taste-score -m <(cat turned.taste) -k 15 three.tsv | cksum)" "$(taste-score -m turned.taste -k 15 three.tsv | cksum)"
gzip -k als.taste; blend z.taste --weights 1,1 --part <(cat graph.taste) --part als.taste.gz; blend z2.taste --weights 1,1 --part graph.taste --part als.taste
is "parts from a pipe and packed" "$(taste-score -m z.taste three.tsv | cksum)" "$(taste-score -m z2.taste three.tsv | cksum)"
must_fail "it has no vectors" 4 "*a model of kind blend has no vectors*" taste-embed -m fit.taste --items all
ok "but counts its items" taste-rank -m fit.taste turned.1
train als --weight save=5 -d 4 -o save.taste s.train.tsv; blend w.taste --weights 1,1 --part pop.taste --part save.taste
is "popularity reads no history, so it goes with any weights of events" "$(taste-score -m w.taste three.tsv | wc -l)" 30

# damage
bad=0; size=$(wc -c < turned.taste); for i in 1 2 3 4 5 6 7 8 9; do head -c $((size * i / 10)) turned.taste > cut; taste-score -m cut three.tsv > none 2> none; [ $? -eq 4 ] || bad=$((bad + 1)); done; is "a blend cut anywhere is told" $bad 0
taste-score -m turned.taste three.tsv > whole.out
bad=0; for i in $(seq 60 4999 "$size"); do cp turned.taste flip; printf '\xa5' | dd of=flip bs=1 seek="$i" conv=notrunc 2> none; cmp -s flip turned.taste && continue; taste-score -m flip three.tsv > out 2> none; r=$?; [ $r -eq 4 ] || cmp -s out whole.out || bad=$((bad + 1)); done; is "a byte flipped anywhere changes no score" $bad 0
bad=0; size=$(wc -c < als.taste); for i in $(seq 60 997 "$size"); do cp als.taste flip; printf '\xa5' | dd of=flip bs=1 seek="$i" conv=notrunc 2> none; cmp -s flip als.taste && continue
	taste-train blend --weights 1,1 --part graph.taste --part flip > out 2> none; [ $? -eq 4 ] || { taste-score -m out three.tsv > a 2> none; taste-score -m z2.taste three.tsv | cmp -s - a || bad=$((bad + 1)); }; done; is "a damaged part is refused, wherever the damage" $bad 0

# what cannot be blended
train als -d 4 -o fewer.taste three.tsv
must_fail "other items" 4 "taste-train: fewer.taste: does not know item '*', as graph.taste does*" taste-train blend --weights 1,1 --part graph.taste --part fewer.taste
must_fail "more items" 4 "taste-train: graph.taste: knows item '*', which fewer.taste does not*" taste-train blend --weights 1,1 --part fewer.taste --part graph.taste
must_fail "a blend in a blend" 4 "taste-train: one.taste: a blend cannot be part of a blend*" taste-train blend --weights 1,1 --part graph.taste --part one.taste
must_fail "events weighed otherwise" 4 "taste-train: save.taste: weighs events as *save=5*, the parts before it as *" taste-train blend --weights 1,1 --part graph.taste --part save.taste
train als --value like=log -d 4 -o like.taste s.train.tsv
must_fail "values that mean something else" 4 "taste-train: like.taste: weighs events as * and values as *like=log*" taste-train blend --weights 1,1 --part graph.taste --part like.taste
train als --half-life 3 -d 4 -o aged.taste s.train.tsv
must_fail "events that age" 4 "taste-train: aged.taste: weighs events as * with a half-life of 259200 s *" taste-train blend --weights 1,1 --part als.taste --part aged.taste
must_fail "one part" 2 "*two parts at least*" taste-train blend --weights 1 --part graph.taste
must_fail "more parts than there may be" 2 "*more than 16 parts*" taste-train blend --weights 1 $(for i in $(seq 17); do echo --part graph.taste; done)
must_fail "nothing to fit on" 2 "*--valid EVENTS, or --weights*" taste-train blend --part graph.taste --part als.taste s.train.tsv
must_fail "events and weights" 2 "*--weights are given: no events are read*" taste-train blend --weights 1,1 --part graph.taste --part als.taste s.train.tsv
for x in "-k 20" "--min-gain 1" "--fit-users 9" "-s 1"; do must_fail "weights and $x" 2 "*--weights are given: -k, *" taste-train blend --weights 1,1 $x --part graph.taste --part als.taste; done
is "the blend's ndcg and recall are in the file" "$(taste-view fit.taste | grep -cE "^(ndcg|recall)$(printf '\t')[01]")" 2
must_fail "fewer weights than parts" 2 "*1 weights for 2 parts*" taste-train blend --weights 1 --part graph.taste --part als.taste
must_fail "more weights than parts" 2 "*3 weights for 2 parts*" taste-train blend --weights 1,1,1 --part graph.taste --part als.taste
must_fail "a weight that is none" 2 "*--weights: 'x' is not a number*" taste-train blend --weights 1,x --part graph.taste --part als.taste
must_fail "a weight below 0" 2 "*--weights: '-1' is not a number*" taste-train blend --weights 1,-1 --part graph.taste --part als.taste
must_fail "no weight at all" 2 "*one at least is more than 0*" taste-train blend --weights 0,0 --part graph.taste --part als.taste
must_fail "--weight" 2 "*--weight and --value are not for blend*" taste-train blend --weight play=2 --weights 1,1 --part graph.taste --part als.taste
must_fail "an option of als" 2 "*--dim is an option of als*" taste-train blend -d 3 --weights 1,1 --part graph.taste --part als.taste
must_fail "a gain below 0" 2 "*--min-gain: '-1'*" taste-train blend --min-gain -1 --valid s.test.tsv --part graph.taste --part als.taste s.train.tsv
must_fail "--part elsewhere" 2 "*--part is an option of blend*" taste-train als --part graph.taste s.train.tsv
must_fail "standard input twice" 2 "*standard input can be read only once*" taste-train blend --valid - --part graph.taste --part als.taste
must_fail "nobody to fit on" 4 "*no listener of --valid has both*" taste-train blend --valid s.train.tsv --part graph.taste --part als.taste s.train.tsv
: > empty; must_fail "no events held out" 4 "*" taste-train blend --valid empty --part graph.taste --part als.taste s.train.tsv
must_fail "a part that is no model" 4 "taste-train: s.train.tsv: *" taste-train blend --weights 1,1 --part graph.taste --part s.train.tsv
must_fail "a part that is not there" 3 "taste-train: nofile: *" taste-train blend --weights 1,1 --part graph.taste --part nofile
must_fail "an empty part" 4 "taste-train: empty is empty*" taste-train blend --weights 1,1 --part graph.taste --part empty
must_fail "a full disk" 3 "*No space left*" bash -c 'taste-train blend --weights 1,1 --part graph.taste --part als.taste > /dev/full'
done_testing
