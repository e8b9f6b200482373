# tests/faults.sh - sourced by scripts/faults and t-faults.sh: the world and the cases of fault-sweep (tests/fault-sweep.c says what a case is). Programs are found in PATH.
faults_tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# faults_env BUILD : its programs, and what they are run with
faults_env() {
	FAULTS=$1/tests
	export PATH=$1/bin:$PATH LC_ALL=C TZ=UTC
	export ASAN_OPTIONS=verify_asan_link_order=0:allocator_may_return_null=1:detect_leaks=${LEAKS:-0}	# of no use to other builds
	[ -z "${LEAKS:-}" ] || export TASTE_FAULT_LEAKS=1
}

# faults_run DIR JOBS [OPTION...] < CASES : fault-sweep in DIR, so many cases at a time
faults_run() {
	local dir=$1 jobs=$2; shift 2
	xargs -d '\n' -P "$jobs" -I CASE sh -c 'line=$1; shift; printf "%s\n" "$line" | "$@" || :' sh CASE "$FAULTS/fault-sweep" "$@" "$FAULTS/fault.so" "$dir"
}

# faults_world DIR : DIR/in has one small file of every sort; with BIG=1 also what is larger than any buffer
faults_world() (	# not behind && or if: bash would go on after what fails
	mkdir -p "$1/in" && cd "$1/in" || exit 1
	set -e
	"$faults_tests/world.sh" --users 12 --music 60 --podcasts 12 --audiobooks 8 --events 700 --days 40 -s 7
	awk -F '\t' 'BEGIN { OFS = ","; print "user,item,time,event,value" } { print $1, "\"" $2 "\"", $3, $4, $5 }' log.tsv > log.csv
	awk -F '\t' '{ printf "{\"user\":\"%s\",\"item\":\"%s\",\"time\":%s,\"event\":\"%s\"}\n", $1, $2, $3, $4 }' log.tsv > log.jsonl
	awk -F '\t' '!s[$1 FS $2]++ { printf "%s::%s::%d::%s\n", $1, $2, 1 + NR % 5, $3 }' log.tsv > ratings.dat
	awk -F '\t' '{ printf "%s::%s (1999)::Drama|Comedy\n", $1, $3 }' items.tsv > movies.dat
	{ sed -n 1,40p log.tsv; echo bad; sed -n 41,80p log.tsv; } > flawed.tsv
	awk 'BEGIN { printf "["; for (i = 0; i < 60; i++) printf "%s{\"ts\":\"2024-03-01T10:%02d:00Z\",\"ms_played\":%d,\"master_metadata_track_name\":\"S\303\251ng %d\",\"spotify_track_uri\":\"spotify:track:%d\"}", i ? "," : "", i, 1e5 + i, i, i; print "]" }' > streaming.json
	case $(taste-ingest -V) in *sqlite3*sodium*)
		sqlite3 navidrome.db "create table media_file(id text,title text,album text,artist text,year int,duration real,genre text);
			create table annotation(user_id text,item_id text,item_type text,play_count int,play_date datetime,rating int,starred bool,starred_at datetime);
			insert into media_file values('f1','Rain Song','Salt','The Quiet Tides',2020,210.5,'folk');insert into annotation values('u1','f1','media_file',2,'2024-03-01 10:05:00',4,0,null)" || true ;;
	esac
	printf '0123456789abcdef0123456789abcdef' > key
	awk 'BEGIN { for (i = 0; i < 30000; i++) printf "u%d\ti%d\t%d\n", i * 7919 % 40, i * 104729 % 997, 1e9 + i * 15485863 % 1000003 }' > shuffled.tsv
	gzip -nc shuffled.tsv > shuffled.tsv.gz
	case $(taste-ingest -V) in *zstd*) zstd -qc shuffled.tsv > shuffled.tsv.zst || true ;; esac
	taste-train seq -q -t 1 -d 8 -e 2 --length 20 --checkpoint seq.run -o seq2.taste my.train.tsv
	taste-knn search -q -t 1 -k 20 --exclude my.train.tsv -o near.tsv items.vecs users.vecs
	awk -F '\t' 'NR > 1 && $1 != u { print "" } { u = $1; print } END { print "" }' near.tsv > blocks.tsv
	awk -F '\t' '{ print $1, $2, ".5", NR % 2 }' OFS='\t' drawn.tsv > policy.log
	awk -F '\t' '{ print $1, $2, ".5" }' OFS='\t' ranked.tsv > rewards.tsv
	taste-eval -q -t 1 --truth my.test.tsv --no-train --write-run a.run --write-qrels a.qrels ranked.tsv > a.tsv
	head -c -200 log.taste > torn.taste
	cat log.taste torn.taste > half.taste
	taste-embed -q -t 1 -m session.taste --items all --format w2v-bin -o words
	awk 'BEGIN { for (i = 0; i < 600; i++) { printf "w%d", i; for (k = 1; k <= 16; k++) printf "\t%d", (i * 7919 * k) % 101 - 50; print "" } }' > wide.vecs
	taste-knn build -q -t 1 -o wide.idx wide.vecs
	[ -z "${BIG:-}" ] || awk 'BEGIN { srand(1); for (i = 0; i < 1300000; i++) printf "u%d\ti%d\t%d\n", 40000 * rand(), 100000 * rand(), 1e9 + 1e8 * rand() }' > big.tsv
	[ -z "${BIG:-}" ] || taste-ingest tsv -q -b -o big.taste big.tsv
)

# faults_cases DIR : the cases of this world, a line each, without those whose input this machine or build could not make. -t 1, so that the n-th call is the same call each time; -t2 in a name: two threads, where it need not be.
faults_cases() {
	local lacks=-
	[ -s "$1/in/navidrome.db" ] || lacks="$lacks|ingest-navidrome"
	[ -s "$1/in/big.taste" ] || lacks="$lacks|ingest-spill|train-big"
	[ -s "$1/in/shuffled.tsv.zst" ] || lacks="$lacks|ingest-zstd"
	faults_all | grep -vE "^($lacks) "
}

faults_all() {
	local W="--users 12 --music 60 --podcasts 12 --audiobooks 8 --events 700 --days 40 -s 7 -t 1"
	cat <<-E
	synth-file : taste-synth $W --items out/items.tsv --truth out/truth.tsv --truth-top 3 -o out/log.tsv
	synth-pipe : taste-synth $W -b
	synth-pairs pipe=in/cand.tsv : taste-synth $W --truth out/truth.tsv --pairs - -o out/log.taste -b
	synth-answer : taste-synth $W --answer in/both.tsv --after in/both.answers --answers-truth out/truth.tsv -o out/answers.tsv
	ingest-file : taste-ingest tsv -t 1 -b -o out/log.taste in/log.tsv
	ingest-link link=log.tsv : taste-ingest tsv -t 1 -o out/log.tsv in/log.tsv
	ingest-pipe pipe=in/log.tsv : taste-ingest tsv -t 1
	ingest-t2 : taste-ingest tsv -t 2 -b -o out/log.taste in/shuffled.tsv
	ingest-gzip pipe=in/shuffled.tsv.gz : taste-ingest tsv -t 1 -b
	ingest-zstd : taste-ingest tsv -t 1 -o out/log.tsv in/shuffled.tsv.zst
	ingest-csv : taste-ingest csv -H -t 1 -o out/log.tsv in/log.csv
	ingest-jsonl pipe=in/log.jsonl : taste-ingest jsonl -t 1 -b
	ingest-spotify : taste-ingest spotify -t 1 --items out/items.tsv --session-gap 30m --sort time -o out/log.tsv in/streaming.json
	ingest-names : taste-ingest spotify -t 1 --item-key name --dedupe -o out/log.tsv in/streaming.json
	ingest-movielens : taste-ingest movielens -t 1 --catalogue in/movies.dat --items out/items.tsv -o out/log.tsv in/ratings.dat
	ingest-navidrome : taste-ingest navidrome -t 1 --hash-users in/key -o out/log.tsv in/navidrome.db
	ingest-rejects : taste-ingest tsv -t 1 --rejects out/bad.tsv -o out/log.tsv in/flawed.tsv
	ingest-since : taste-ingest tsv -t 1 --dedupe --suspect --since in/my.valid.tsv --dedupe-against in/my.train.tsv -o out/log.tsv in/log.tsv
	ingest-sort : taste-ingest tsv -t 1 -M 1M --sort user -b -T tmp -o out/log.taste in/shuffled.tsv
	ingest-spill most=2 kinds=truncate : taste-ingest tsv -t 1 -M 1M --sort user -b -T tmp -o out/log.taste in/big.tsv
	ingest-progress : taste-ingest tsv -t 1 --progress --sort time -o out/log.tsv in/log.tsv
	split-loo : taste-split loo -t 1 -o out/my in/log.tsv
	split-time pipe=in/log.taste : taste-split time -t 1 --known -b -o out/my
	split-ratio : taste-split ratio -t 1 -o out/my in/log.tsv
	split-users : taste-split users -t 1 --valid 0 -o out/my in/log.taste
	train-pop pipe=in/my.train.tsv : taste-train pop -t 1
	train-als : taste-train als -t 1 -d 4 -e 2 -o out/m.taste in/my.train.tsv
	train-als-t2 : taste-train als -t 2 -d 4 -e 2 --solver cg -v -o out/m.taste in/my.train.tsv
	train-als-update : taste-train als -t 1 --init in/als.taste --update in/my.valid.tsv -o out/m.taste in/my.train.tsv
	train-als-align : taste-train als -t 1 -d 4 -e 2 --align in/als.taste -o out/m.taste in/log.taste
	train-als-tune grows=tune.log : taste-train als -t 1 -d 4 -e 1 --trials 2 --tune in/my.valid.tsv --tune-log out/tune.log -o out/m.taste in/my.train.tsv
	train-ease : taste-train ease -t 1 -o out/m.taste in/my.train.tsv
	train-graph-t2 : taste-train graph -t 2 --rank 8 -o out/m.taste in/my.train.tsv
	train-softmax : taste-train softmax -t 1 -d 4 -e 2 -o out/m.taste in/my.train.tsv
	train-softmax-t2 : taste-train softmax -t 2 -d 4 -e 2 -o out/m.taste in/my.train.tsv
	train-session pipe=in/my.train.tsv : taste-train session -t 1 -d 4 -e 2 --items in/items.tsv
	train-session-t2 : taste-train session -t 2 -d 4 -e 2 -o out/m.taste in/my.train.tsv
	train-seq steps=run : taste-train seq -t 1 -d 8 -e 2 --length 20 --items in/items.tsv --features gap,hour --valid in/my.valid.tsv --checkpoint out/run -o out/m.taste in/my.train.tsv
	train-seq-t2 : taste-train seq -t 2 -d 8 -e 1 --length 20 -o out/m.taste in/my.train.tsv
	train-seq-resume : taste-train seq -t 1 -d 8 -e 2 --length 20 --resume in/seq.run -o out/m.taste in/my.train.tsv
	train-blend : taste-train blend -t 1 --part in/als.taste --part in/graph.taste --valid in/my.valid.tsv -o out/m.taste in/my.train.tsv
	train-trees : taste-train trees -t 1 --trees 4 --valid-share 0.2 -o out/m.taste in/rows.tsv
	train-trees-t2 pipe=in/rows.tsv : taste-train trees -t 2 --trees 4
	train-progress : taste-train als -t 1 --progress -v -d 4 -e 2 -o out/m.taste in/my.train.tsv
	embed-items : taste-embed -t 1 -m in/als.taste --items all -b -o out/items.vecs
	embed-users pipe=in/users.tsv : taste-embed -t 1 -m in/als.taste --users -
	embed-fold : taste-embed -t 1 -m in/als.taste --fold in/my.test.tsv -o out/vecs.tsv
	embed-fold-t2 pipe=in/my.test.tsv : taste-embed -t 2 -m in/graph.taste
	embed-state old=state:in/seq.state : taste-embed -t 1 -m in/seq.taste --kind music --state out/state -o out/vecs.tsv in/my.valid.tsv
	embed-state-new new=state : taste-embed -t 1 -m in/seq.taste --kind music --state out/state in/my.train.tsv
	embed-follow pipe=in/my.test.tsv : taste-embed -t 1 -m in/seq.taste --kind podcast --follow
	embed-some : taste-embed -t 1 -m in/session.taste --skip-unknown --items in/few.ids --normalise
	embed-w2v : taste-embed -t 1 -m in/session.taste --items all --format w2v-bin -o out/words
	score-als : taste-score -t 1 -m in/als.taste -k 10 -o out/cand.tsv in/my.train.tsv
	score-blend-t2 pipe=in/my.train.tsv : taste-score -t 2 -m in/blend.taste -k 10 -b
	score-seq : taste-score -t 1 -m in/seq.taste -k 10 in/my.train.tsv
	score-ease pipe=in/my.train.tsv : taste-score -t 1 -m in/ease.taste -k 10
	knn-build : taste-knn build -t 1 -o out/items.idx in/items.vecs
	knn-build-t2 pipe=in/items.vecs.tsv : taste-knn build -t 2 -o out/items.idx
	knn-search : taste-knn search -t 1 -k 5 --exclude in/my.train.tsv -o out/cand.tsv in/items.vecs in/users.vecs
	knn-search-t2 pipe=in/users.tsv : taste-knn search -t 2 -b -k 5 in/items.vecs.tsv
	knn-index pipe=in/users.vecs : taste-knn search -t 1 -k 5 --items in/items.tsv --where kind=music --per-creator 2 --deny in/few.ids in/items.idx
	knn-wide : taste-knn search -t 1 --no-self -k 3 in/wide.idx in/wide.vecs
	knn-line pipe=in/users.tsv : taste-knn search -t 1 --line -k 5 in/items.idx
	knn-add old=items.idx:in/items.idx : taste-knn add -t 1 out/items.idx in/few.vecs
	knn-delete old=items.idx:in/items.idx pipe=in/few.ids : taste-knn delete -t 1 out/items.idx
	knn-merge : taste-knn merge -t 1 -k 5 -o out/cand.tsv in/cand.tsv in/cand.taste
	knn-stats : taste-knn stats -t 1 --check in/items.idx
	rank-plain pipe=in/cand.tsv : taste-rank -t 1
	rank-rules : taste-rank -t 1 --items in/items.tsv --seen in/my.train.tsv -m in/pop.taste --day 2025-03-01 --vectors in/items.vecs --diversity 0.3 --space creator=2 --tail-share 0.2 --calibrate kind=0.5 --cap tags=ai:0.1 --never tags=live --explore epsilon:0.05 --dropped out/dropped.tsv -o out/ranked.tsv in/cand.taste
	rank-because-t2 : taste-rank -t 2 --items in/items.tsv --per-creator 2 -m in/pop.taste --because in/items.vecs --score in/als.taste --why in/als.taste --explain --seen in/my.train.tsv --shown in/popular.tsv -o out/ranked.tsv in/cand.tsv
	rank-trees : taste-rank -t 1 --trees in/trees.taste --past in/past.taste --items in/items.tsv --context device=phone,hour=7.5,day=mon --top-features 3 -o out/ranked.tsv in/cand.tsv
	rank-line pipe=in/blocks.tsv : taste-rank -t 1 --line --trees in/trees.taste --past in/past.taste -k 5
	rank-candidates : taste-rank candidates -t 1 --items in/items.tsv -k 10 --time 2025-02-01 -o out/cand.tsv in/log.tsv
	rank-candidates-pipe pipe=in/log.taste : taste-rank candidates -t 1 --source now,again -k 10
	rank-why-not : taste-rank -t 1 --items in/items.tsv --seen in/my.train.tsv --why-not m000001 in/cand.tsv
	rank-merge : taste-rank merge -t 1 -o out/cand.tsv in/cand.tsv in/popular.tsv
	rank-features : taste-rank features -t 1 --events in/log.tsv --items in/items.tsv --vectors in/items.vecs --requests in/my.test.tsv --truth out/truth.tsv -o out/rows.tsv in/cand.tsv
	rank-features-t2 pipe=in/cand.tsv : taste-rank features -t 2 --past in/past.taste --context hour=9 -b
	rank-past : taste-rank past -t 1 --events in/log.taste --items in/items.tsv --vectors in/items.vecs -o out/past.taste
	rank-predict pipe=in/rows.tsv : taste-rank predict -t 1 -m in/trees.taste --top-features 2
	eval-lists : taste-eval -t 1 --truth in/my.test.tsv --train in/my.train.tsv --items in/items.tsv --vectors in/items.vecs --bootstrap 20 --per-user out/users.tsv --write-run out/run --write-qrels out/qrels -o out/eval.tsv in/ranked.tsv in/popular.tsv
	eval-pipe-t2 pipe=in/ranked.tsv : taste-eval -t 2 --table --bootstrap 20 --truth in/my.test.tsv --train in/my.train.tsv
	eval-trec : taste-eval -t 1 --trec --truth in/a.qrels --no-train --bootstrap 20 in/a.run
	eval-rounds status=1 : taste-eval rounds -t 1 --train in/my.train.tsv --items in/items.tsv --tolerance 0.01 -o out/rounds.tsv in/ranked.tsv in/popular.tsv
	eval-ips : taste-eval ips -t 1 --answers in/drawn.answers --bootstrap 20 -o out/ips.tsv in/ranked.tsv
	eval-snips pipe=in/ranked.tsv : taste-eval snips -t 1 --log in/policy.log --bootstrap 20
	eval-dr : taste-eval dr -t 1 --log in/policy.log --model-rewards in/rewards.tsv --bootstrap 20 -o out/dr.tsv in/ranked.tsv
	eval-interleave : taste-eval interleave -t 1 -o out/both.tsv in/ranked.tsv in/popular.tsv
	eval-interleave-answers : taste-eval interleave -t 1 --answers in/both.answers -o out/both.tsv in/ranked.tsv in/popular.tsv
	view-log : taste-view -t 1 -o out/log.tsv in/log.taste
	view-pipe pipe=in/log.taste : taste-view -t 1
	view-info : taste-view -t 1 -i in/als.taste in/log.taste in/items.idx
	view-check : taste-view -t 1 -c in/als.taste in/seq.taste in/items.idx in/past.taste
	view-torn status=4 : taste-view -t 1 -c in/torn.taste
	view-binary : taste-view -t 1 -b --as items -o out/items.taste in/items.tsv
	view-tensor : taste-view -t 1 --tensor item.count in/pop.taste
	view-vectors pipe=in/few.vecs : taste-view -t 1 -b --as vectors
	view-words : taste-view -t 1 -b --format w2v-bin -o out/words.vecs in/words
	train-big kinds=madvise,munmap,mmap,lseek : taste-train pop -t 1 -o out/m.taste in/big.taste
	view-repair old=log.taste:in/half.taste : taste-view -t 1 --repair out/log.taste
	E
}
