# Every program when the system says no: a part of what scripts/faults tries, the same calls each time. What must hold of each run stands in fault-sweep.c.
. "$(dirname "$0")/lib.sh"
. "$SRC/tests/faults.sh"
faults_env "$B"
if [ "$(LD_PRELOAD=$B/tests/fault.so taste-view -V 2>&1)" != "$(taste-view -V)" ]; then	# run by an emulator, or it is a build of another kind
	skip "programs when calls fail" "nothing can be put before this build's library"
	done_testing; exit
fi
if [ -w /dev/shm ]; then	# half the time goes to files
	cd / && rm -rf "$SCRATCH"
	SCRATCH=$(mktemp -d /dev/shm/taste-test.XXXXXX) && cd "$SCRATCH" || exit 99
fi
faults_world .; is "the world can be made" $? 0
faults_cases . > cases

sweep() { faults_run "$SCRATCH" 2 "$@"; }	# < cases : what fault-sweep prints
one() { grep -E "^($1) "; }

# A sweep that finds nothing anywhere would be no test: cat ends with 1, and its old file is not what it should be.
echo 'cat-1 : cat in/log.tsv' | sweep -k read > out
like "the sweep finds fault with a program that ends otherwise" "$(cat out)" "FAULT*cat-1*read:1*status 1: cat: *"
echo 'cat-2 : taste-view -o out/log.tsv in/log.taste' | TASTE_FAULT=read:1 sweep -k read > out; like "and with a case that does not run at all" "$(cat out)" "*it does not run*"
TASTE_FAULT=read:1 LD_PRELOAD=$B/tests/fault.so taste-view in/log.taste > /dev/null 2> err; like "a failing read is told with the file's name" "$? $(cat err)" "3 taste-view: in/log.taste: Input/output error"
mkdir parts; for k in fsync close; do TASTE_FAULT=$k:3 LD_PRELOAD=$B/tests/fault.so taste-split loo -o parts/$k in/log.tsv 2> /dev/null; echo $?; done > status
is "the parts of a split appear all or none: the last may not reach the disk" "$(cat status) $(ls -A parts)" "3
3 "

# all of them, here and there
sweep -n 1 < cases > all
for p in ingest split train embed knn score rank eval view synth; do
	n=$(awk -F '\t' -v p="taste-$p" 'NF == 8 && $2 == p { n += $5 } END { print n + 0 }' all)
	bad=$(grep -P "^FAULT\t$p-" all)
	if [ "$n" -gt 0 ] && [ -z "$bad" ]; then pass "taste-$p: $n calls fail, each with the right end"; else fail "taste-$p: calls fail, each with the right end" "$n tried" "$bad"; fi
done

# some of them, everywhere
deep() {
	local title=$1 cases=$2; shift 2
	one "$cases" < cases > these; sweep "$@" < these > out
	if [ -s these ]; then is "$title" "$(grep FAULT out) $(grep -c -v FAULT out | awk '{ print ($1 > 0) }')" " 1"; else skip "$title" "the build lacks what it takes"; fi
}
deep "each call for memory, of a program that packs a file: no temporary stays, no block is left unpacked" view-binary -k malloc
deep "also before options are read" train-pop -k malloc -n 60
deep "a file behind a link: neither the link nor its mode is lost, whatever cannot be told of it" ingest-link -k stat,open,close,rename,fsync
deep "a database: what SQLite could not read or hold is not the data's fault, and no table is missing because of it" ingest-navidrome -k malloc,read,eintr-read,open,stat -n 12
deep "what is packed: no memory is not damage" 'ingest-gzip|ingest-zstd' -k malloc -n 30
deep "a clock that runs backwards" '[a-z]*-progress' -k clock
{ cat in/shuffled.tsv; echo bad; } > bad.tsv
TASTE_FAULT=clock:3+ LD_PRELOAD=$B/tests/fault.so taste-ingest tsv --progress bad.tsv 2>&1 > /dev/null | tr '\r\033' '<!' > err
like "a message takes the line of progress away that stands there" "$(cat err)" '<ingest:*!\[K<!\[Ktaste-ingest: bad.tsv:30001: *'
taste-ingest tsv -q in/shuffled.tsv > once.tsv
TASTE_FAULT=clock:6+ LD_PRELOAD=$B/tests/fault.so taste-ingest tsv --progress once.tsv once.tsv 2>&1 > /dev/null | tr '\r' '\n' | sed -n 's/^ingest: *\([0-9]*\) %.*/\1/p' > percent
is "of several files progress is that of all" "$(awk '$1 > 50 && $1 < 90' percent | wc -l)" 1
coproc SLOW { TASTE_FAULT=poll:1+ LD_PRELOAD=$B/tests/fault.so exec taste-ingest tsv -t 1; }
printf 'u\tan item of some length\t1\n' >&"${SLOW[1]}"
read -r -t 20 -u "${SLOW[0]}" answer; is "where nobody can tell whether more will come, what is there goes on" "${answer:-}" $'u\tan item of some length\t1'
kill "$SLOW_PID" 2> /dev/null
done_testing
