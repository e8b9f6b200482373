# Too little memory is a sentence and exit status 3, whatever it is that does not fit, and many processes share one model. All of it and larger: scripts/load.
. "$(dirname "$0")/lib.sh"
T=$'\t'
can_limit_memory || { skip "programs in little memory" "a sanitizer wants address space without end, and so does memcheck"; done_testing; exit; }
taste-synth --users 1500 --events 150000 --music 8000 -s 4 --items items.tsv -b -o log.taste
taste-view log.taste -o log.tsv
taste-train als -d 16 -e 1 --solver cg -o als.taste log.taste
taste-embed -m als.taste --items all -b -o items.vecs; taste-embed -m als.taste --users all -b | taste-view - | head -100 > users.vecs
taste-knn search -k 100 -o a.cand items.vecs users.vecs

# in MB COMMAND... : what comes of it in so much address space, in a directory with an old output
in_mb() {
	local mb=$1 rc left; shift
	rm -rf place; mkdir place; echo old > place/out
	(ulimit -c 0; ulimit -v $((mb * 1024)); exec "$@" -o place/out) > /dev/null 2> err < /dev/null; rc=$?
	left=$(find place -mindepth 1 ! -name out)
	if [ -n "$left" ]; then echo "left behind in $mb MB: $left"
	elif [ $rc -eq 0 ]; then cmp -s place/out want && echo good || echo "another output in $mb MB"
	elif [ $rc -ne 3 ] || [ "$(cat place/out)" != old ]; then echo "status $rc in $mb MB, the output $(head -c 20 place/out | tr -d '\0'): $(head -c 200 err)"
	elif [ "$(wc -l < err)" -ne 1 ] || ! grep -q '^taste-[a-z]*: ' err; then echo "no sentence in $mb MB: $(head -c 200 err)"
	else echo refused; fi
}
# what the largest of them needs to begin
base=6
until (ulimit -c 0; ulimit -v $((base * 1024)); exec taste-train -V) > /dev/null 2>&1 || [ $base -gt 300 ]; do base=$((base + 1)); done
base=$((base + 1))
# little TITLE COMMAND... : from hardly enough to begin with to enough, it is refused or done
little() {
	local title=$1 mb got all='' kinds; shift
	"$@" -o want < /dev/null 2> err || { fail "$title" "$(cat err)"; return; }
	for mb in 0 1 2 3 4 6 9 13 18 26 40 60 600; do
		got=$(in_mb $((base + mb)) "$@"); all="$all$got"$'\n'
		[ "$got" != good ] || break
	done
	kinds=$(printf %s "$all" | sort -u | tr '\n' ' ')
	is "$title: it stops in order until there is enough" "$kinds" "good refused "
}
little "learning als" taste-train als -d 16 -e 1 -t 1 log.taste
little "learning from sessions" taste-train session -d 16 -e 1 -t 1 log.taste
little "learning a graph" taste-train graph --rank 32 -t 1 log.taste
little "learning weights between items" taste-train ease --min-users 20 -t 1 log.taste
little "sorting" taste-ingest tsv -b --sort user -t 1 log.tsv
little "duplicates" taste-ingest tsv --dedupe -t 1 log.tsv
little "an index" taste-knn build --ef 40 -t 1 items.vecs
little "scores" taste-score -m als.taste --exclude log.tsv -t 1 log.taste
little "candidates without a model" taste-rank candidates --items items.tsv -k 5 -t 1 log.taste
little "a past" taste-rank past --events log.taste --items items.tsv --vectors items.vecs -t 1
little "lists by rules" taste-rank --items items.tsv --seen log.taste --vectors items.vecs --diversity 0.3 -t 1 a.cand
little "metrics" taste-eval --train log.taste --truth log.taste --allow-seen --allow-extra-users --bootstrap 10 -t 1 a.cand

# what libraries say when they have none is no fault of the data
awk 'BEGIN { printf "u,\""; for (i = 0; i < 500000; i++) printf "a quoted field of many words\n"; print "\",1" }' > long.csv
little "a long field of CSV" taste-ingest csv --map user=1,item=2,time=3 -t 1 long.csv
case $(taste-view -V) in *zstd*)
	zstd -q -3 --long=27 < log.tsv > log.zst
	little "a large window of zstd" taste-ingest tsv -t 1 log.zst ;;
*) skip "a large window of zstd" "built without it" ;;
esac
case $(taste-ingest -V) in *sqlite3*)
	sqlite3 navi.db "create table media_file(id text primary key,title text,album text,artist text,year int,duration real,genre text,mbz_recording_id text);
		create table annotation(user_id text,item_id text,item_type text,play_count int,play_date datetime,rating int,rated_at datetime,starred bool,starred_at datetime);
		insert into media_file values('i',printf('%.*c',9000000,'x'),'','',2000,100,'','');
		insert into annotation values('u','i','media_file',3,'2024-01-01 00:00:00',0,null,0,null);"
	little "a long title of SQLite" taste-ingest navidrome -t 1 navi.db ;;
*) skip "a long title of SQLite" "built without it" ;;
esac

# An item of many sources, caps near 1, a listener of many rows: neither a square nor worse, or this test would not come to its end in time
awk 'BEGIN { OFS = "\t"; for (i = 0; i < 100000; i++) print "u", "i", i, "s" i }' > many.tsv
is "an item of a hundred thousand sources" "$(taste-rank many.tsv | cut -f1-3)" "u${T}i${T}1"
awk 'BEGIN { OFS = "\t"; for (i = 0; i < 3000; i++) print "u", "i" i, i, "s" }' > many.tsv
awk 'BEGIN { OFS = "\t"; for (i = 0; i < 3000; i++) print "i" i, i ? "music" : "podcast" }' > kinds.tsv
is "a list of 3000 under a cap of 0.999" "$(taste-rank -k 3000 --items kinds.tsv --cap kind=music:0.999 many.tsv | wc -l)" 1000

awk 'BEGIN { OFS = "\t"; for (i = 0; i < 150000; i++) print "u", "i" i, 0.5, i % 2 }' > many.tsv
is "what a list of 150000 is worth by as many rows" "$(taste-eval dr -q --match item --bootstrap 10 --log many.tsv --model-rewards many.tsv many.tsv | wc -l)" "$(head -10 many.tsv > few.tsv; taste-eval dr -q --match item --bootstrap 10 --log few.tsv --model-rewards few.tsv few.tsv | wc -l)"

out=$(NO_MAKE=1 B=$B PROCESSES=100 MODEL_MB=10 "$SRC/scripts/load" processes 2>&1); rc=$?
like "a hundred processes on one model hold it once, and answer as one does" "$rc $out" "0 *100 processes*all answers equal*0 wrong"
done_testing
