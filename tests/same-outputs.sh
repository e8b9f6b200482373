# tests/same-outputs.sh - sourced in an empty directory: one output or more of whatever computes, under names that say what it is. Used by scripts/same, which makes them on many builds and
# processors, and t-same.sh, which does so on the paths of this one. The programs are those of the PATH; what they say goes into FILE.said, with how they ended. $SIZE is small or large.
export LC_ALL=C TZ=UTC

# made FILE COMMAND... : what it writes to standard output, or to FILE by itself, and what it says
made() {
	local out=$1 st; shift
	"$@" > "$out.stdout" 2> "$out.said"; st=$?
	if [ -s "$out.stdout" ]; then mv "$out.stdout" "$out"; else rm "$out.stdout"; fi
	[ $st -eq 0 ] || echo "exit $st" >> "$out.said"
	[ -s "$out.said" ] || rm "$out.said"
}

case ${SIZE:-small} in
small) users=60 events=4000 music=160 speech=20 epochs=2 d=20 ;;
*) users=1500 events=120000 music=3000 speech=200 epochs=3 d=72 ;;
esac

# ---- worlds, logs, parts ----
world="--users $users --events $events --music $music --podcasts $speech --audiobooks $speech -s 5"
made world.tsv taste-synth $world --items items.tsv --truth world.truth --truth-top 9
made world.taste taste-synth $world -b
made moods.tsv taste-synth $world --context 1 --drift 1 --noise 0.1 --items moods.items
cut -f1,2 world.tsv | head -400 > pairs; made pairs.out taste-synth $world --context 1 --pairs pairs --truth pairs.truth
made ingested.taste taste-ingest tsv -b --sort user --session-gap 30m --suspect --dedupe moods.tsv
head -c 32 /dev/zero | tr '\0' k > key; made hashed.taste taste-ingest tsv -b --hash-users key world.tsv
awk -F '\t' -v OFS=, 'BEGIN { print "user,item,time,value" } { print $1, "\"" $2 ", \"\"x\"\"\"", $3, $5 }' world.tsv > world.csv
made csv.taste taste-ingest csv -H -b --sort time world.csv
awk -F '\t' '{ printf "{\"ts\":\"2024-03-%02dT%02d:05:07Z\",\"ms_played\":%d,\"spotify_track_uri\":\"spotify:track:%s\",\"master_metadata_track_name\":\"\\u00e9%s\"}\n", $3 % 28 + 1, $3 % 24, $5 * 1000, $2, $2 }' world.tsv | head -2000 > spotify.jsonl
made spotify.taste taste-ingest spotify --user u -b spotify.jsonl
made split.loo taste-split loo -b -o loo world.tsv
for how in time ratio users; do made split.$how taste-split $how --valid 0.1 --test 0.2 -b -o $how world.tsv; done
made split.r taste-split ratio --valid 0.1 --test 0.2 -o r world.tsv
made split.t taste-split time --valid 0.1 --test 0.1 -o t moods.tsv

# ---- models ----
# learn NAME KIND OPTIONS : NAME.model
learn() { local name=$1 kind=$2; shift 2; made "$name.model" taste-train "$kind" "$@" -o "$name.model"; }
learn pop pop r.train.tsv
learn pop-events pop --count events --half-life 30 --weight skip=0.1,'*=1' r.train.tsv
als="als -d $d -e $epochs"
learn als $als r.train.tsv
learn als-block $als --solver block --block 8 r.train.tsv
learn als-cg $als --solver cg r.train.tsv
learn als-bias $als --bias --half-life 40 --confidence linear --value play=log r.train.tsv
learn als-old $als --init als-cg.model --align als-block.model r.train.tsv
learn als-update als --init als.model --update r.valid.tsv r.train.tsv
learn als-tuned $als --tune r.valid.tsv --trials 2 --tune-params lambda,unobserved r.train.tsv
learn ease ease r.train.tsv
learn ease-dropout ease --dropout 0.3 --confidence log --top 30 r.train.tsv
learn graph graph --rank $d r.train.tsv
learn graph-plain graph --rank 0 --sharpen 0 r.train.tsv
softmax="softmax -d $d -e $epochs"
learn softmax $softmax r.train.tsv
learn softmax-drawn $softmax --negatives 50 --batch 16 --layers 1 r.train.tsv
session="session -d $d -e $epochs"
learn session $session r.train.tsv
learn session-items $session --items items.tsv --window 0 --subsample 0.01 --tokens creator,tags r.train.tsv
seq="seq -d $d -e $epochs --length 30 --batch 8"
learn seq $seq --items items.tsv --features gap,hour,device,time t.train.tsv
learn seq-pointwise $seq --checkpoint seq.checkpoint --attention pointwise --cosine --temperature 0.1 --negatives 40 t.train.tsv
learn seq-bytes $seq --items items.tsv --quantise --valid t.valid.tsv --layers 1 --hidden 0 t.train.tsv
learn blend blend --valid r.valid.tsv -k 10 --part als.model --part ease.model --part graph.model --part softmax.model --part pop.model r.train.tsv
learn session-moods $session t.train.tsv
learn blend-order blend --weights 2,1 --part seq.model --part session-moods.model

# ---- what models say ----
for m in *.model; do
	m=${m%.model}
	case $m in seq* | *-moods | blend-order) log=t.train.tsv ;; *) log=r.train.tsv ;; esac
	made score.$m.tsv taste-score -m $m.model -k 20 $log
	made view.$m taste-view $m.model
	case $m in ease* | graph-plain | pop* | blend*) continue ;; esac
	made embed.$m.items taste-embed -m $m.model --items all -b
	case $m in seq | seq-bytes) made embed.$m.users taste-embed -m $m.model --kind music $log ;; *) made embed.$m.users taste-embed -m $m.model $log ;; esac
done
made score.b taste-score -m als.model -b --keep -k 40 r.train.tsv
made w2v taste-embed -m als.model --items all --format w2v --normalise
made state.vecs taste-embed -m seq.model --kind music --state state t.train.tsv

# ---- indexes ----
vecs=embed.als.items; queries=embed.als.users
for metric in ip cosine l2; do
	made flat.$metric taste-knn search --metric $metric -k 12 $vecs $queries
	for codes in f32 i8 i4; do
		made $metric.$codes.idx taste-knn build --metric $metric --codes $codes --degree 12 -o $metric.$codes.idx $vecs
		made found.$metric.$codes taste-knn search -k 12 $metric.$codes.idx $queries
		made stats.$metric.$codes taste-knn stats --check $metric.$codes.idx
	done
done
made exact.ip taste-knn search -k 12 --exact ip.i8.idx $queries
made among.ip taste-knn search -k 12 -b --exclude r.train.tsv --items items.tsv --where kind=music --per-creator 2 ip.i8.idx $queries
taste-view $vecs | head -50 | sed 's/^/new-/' > new.vecs; cut -f1 new.vecs | head -20 > gone
made added.idx taste-knn add -o added.idx ip.i8.idx new.vecs
made deleted.idx taste-knn delete -o deleted.idx added.idx gone
made found.deleted taste-knn search -k 12 deleted.idx $queries
made merged taste-knn merge -k 15 found.ip.i8 found.ip.i4

# ---- lists and features ----
for m in pop als graph; do taste-score -q -m $m.model --keep -k 25 -o cand.$m t.train.tsv; done
made merge.tsv taste-rank merge cand.pop cand.als cand.graph
made candidates.tsv taste-rank candidates -q -k 15 --items moods.items --events t.train.tsv --new-days 400 --time 2026-01-01 --users all
made past.taste taste-rank past --events t.train.tsv --items moods.items --vectors $vecs
made rows.tsv taste-rank features -q --events t.train.tsv --items moods.items --vectors $vecs --requests t.valid.tsv --only-hits merge.tsv
made rows.taste taste-rank features -q -b --past past.taste --context device=car,hour=8,day=sun merge.tsv
trees="trees --trees 12 --leaves 15 --min-rows 5"
learn trees $trees rows.tsv
learn trees-held $trees --valid-share 0.3 --patience 3 --row-share 0.7 --feature-share 0.5 --gains linear --pairs 5 rows.tsv
learn trees-logistic $trees --objective logistic --bins 40 --depth 4 rows.tsv
learn trees-squared $trees --objective squared --rising pop --lambda 3 rows.tsv
for m in trees trees-held trees-logistic trees-squared; do
	made predict.$m taste-rank predict -m $m.model rows.tsv
	made view.$m taste-view $m.model
done
made list.trees taste-rank -q -k 10 --trees trees.model --events t.train.tsv --items moods.items --vectors $vecs --requests t.test.tsv --top-features 3 --explain merge.tsv
taste-score -q -m als.model -k 60 -o als.cand r.train.tsv
rules="--items items.tsv --seen r.train.tsv -m pop.model --vectors $vecs --diversity 0.3 --calibrate kind=0.5 --calibrate tags=0.2 --space creator=2 --tail-share 0.2 --new-share 0.1 --cap kind=audiobook:0.3 --per-creator 4"
made list.rules taste-rank -k 15 $rules --explain --why als.model --because $vecs --dropped list.dropped als.cand
made list.dpp taste-rank -k 15 $rules --diverse dpp als.cand
made list.b taste-rank -k 15 -b --score graph.model --seen r.train.tsv als.cand
for how in epsilon:0.2 softmax:0.1 thompson:0.3; do made list.$how taste-rank -k 6 --explore $how --day 2026-01-05 -m pop.model als.cand; done

# ---- what lists are worth ----
made answers.tsv taste-synth $world --answer list.softmax:0.1 --answers-truth answers.truth
made eval taste-eval --truth r.test.tsv --train r.train.tsv --items items.tsv --vectors $vecs --against best --allow-extra-users --per-user eval.users score.als.tsv score.ease.tsv score.graph.tsv
made eval.rounds taste-eval rounds --train r.train.tsv --items items.tsv list.rules list.dpp list.b
for how in ips snips; do made eval.$how taste-eval $how --answers answers.tsv --match item --allow-extra-users list.epsilon:0.2 list.thompson:0.3; done
cut -f1-3 answers.truth > expected; cut -f1,2,6 answers.truth > preferred
awk -F '\t' -v OFS='\t' '{ print $1, $2, $5 }' answers.truth > rewards
made eval.dr taste-eval dr --answers answers.tsv --model-rewards rewards --allow-extra-users list.softmax:0.1
made draft.tsv taste-eval interleave -k 10 score.als.tsv score.ease.tsv
made drafted.tsv taste-synth $world --answer draft.tsv
made eval.interleave taste-eval interleave -k 10 --answers drafted.tsv score.als.tsv score.ease.tsv
