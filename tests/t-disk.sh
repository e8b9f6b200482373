# Where nothing can be written, or what is read is not there, every program says so, with status 3, and what stood there stays: a full disk, limits, directories,
# permissions; links, FIFOs and closed descriptors; scratch files; thousands of files.
# In mounts of its own, where that is allowed: they go with it.
[ -n "${OWN_MOUNTS:-}" ] || ! unshare -m true 2> /dev/null || OWN_MOUNTS=1 exec unshare -m bash "$0"
. "$(dirname "$0")/lib.sh"
. "$SRC/tests/every.sh"
OTHER_LOCALE=C.UTF-8
every_world || { done_testing; exit; }
# all TITLE TRIAL [PATTERN [STEP]]
all() { local title=$1; shift; every "$@"; if [ -n "$ODD" ]; then fail "$title" "$ODD"; elif [ $TRIED -eq 0 ]; then fail "$title" "nothing was tried"; else pass "$title"; fi; }

all "a full device as standard output is an error" full_stdout
all "so it is as an output file" full_device
all "a limit of the size of files is one too" size_limit '*' 4
all "an output in a directory that is not there is told" no_directory '*' 4
all "one that is a directory" directory '*' 4
all "an input that is not there" missing_input '*' 3
all "one that is a directory, too" directory_input '*' 4
all "an output that is an input is right, or refused" same_file '*' 4
all "a link stays a link" link '*' 6
all "also when it leads to nothing yet" loose_link '*' 6
all "a FIFO is written to" fifo '*' 6
if are_scripts; then skip "closed descriptors are no place for an output" "the programs are scripts, whose interpreters open files at closed descriptors"
else all "closed descriptors are no place for an output" closed '*' 6; fi
all "a small stack is enough" small_stack '*' 6
all "20 open files are enough" few_files '*' 6
all "neither zone nor language nor what is set else matters" surroundings '*' 8
if [ "$AS" = skip ]; then skip "permissions" "nobody cannot run the programs here"; else
	all "a file without write permission is not replaced" locked_file '*' 4
	all "a directory without write permission is told" locked_directory '*' 4
fi
# on TITLE OPTIONS TRIAL [PATTERN [STEP]] : on a tmpfs of its own
on() {
	local title=$1 options=$2; shift 2
	rm -rf d; mkdir d
	if mount -t tmpfs -o "$options" none d 2> none; then all "$title" "$@"; umount d; else skip "$title" "mount is refused here"; fi
	rm -rf d; mkdir d
}
on "a file system without room" size=16k small_disk '*' 2
on "one without room for names" nr_inodes=2 small_disk '*' 4
on "one that may only be read" ro read_only '*' 4

# scratch files
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do cat log.tsv; done > long.tsv; echo old > sorted
must_fail "a limit of size is told of scratch files" 3 "taste-ingest: cannot write the scratch file in ? (* MB written so far): File too large" prlimit --fsize=10000 taste-ingest tsv --sort user -M 1M -T d -o sorted long.tsv
must_fail "also of what is remembered of listeners" 3 "taste-embed: seq.taste: user '*': a scratch file in d: File too large" prlimit --fsize=1000 taste-embed -q -m seq.taste --kind music -o none --state new.state -T d my.train.tsv
is "nothing is left of either" "$(cat sorted; ls -A d; ls -A | grep -c 'new.state')" "old
0"
if mount -t tmpfs -o size=64k none d 2> none; then
	must_fail "a full disk of scratch files is told" 3 "taste-ingest: cannot write the scratch file in d (* MB written so far): No space left on device" taste-ingest tsv --sort user -M 1M -T d -o sorted long.tsv
	must_fail "TMPDIR likewise" 3 "taste-ingest: cannot write the scratch file in d *: No space left on device" env TMPDIR=d taste-ingest tsv --sort user -M 1M -o sorted long.tsv
	umount d
else skip "a full disk of scratch files is told" "mount is refused here"; fi

# the log of a search is appended to
tune() { "$@" taste-train als -q -d 8 -e 2 --trials 3 --tune my.valid.tsv --tune-log tune.log -o tuned.taste my.train.tsv; }
rm -f tune.log; tune env; cp tune.log whole.log; cp tuned.taste whole.taste; head -c $(($(wc -c < whole.log) - 20)) whole.log > tune.log
must_fail "a search whose log finds no room says so" 3 "taste-train: tune.log: File too large" tune prlimit --fsize=$(($(wc -c < whole.log) - 20))
tune env; same "and goes on when there is room" tuned.taste whole.taste
must_fail "a log of a search that cannot be written" 3 "taste-train: tune.log: Is a directory" bash -c 'rm tune.log; mkdir tune.log; taste-train als -d 8 --tune my.valid.tsv --tune-log tune.log my.train.tsv'

# thousands of files
mkdir many; head -3 log.tsv > many/1; (cd many; for i in $(seq 2 5000); do echo $i; done | xargs -n 1000 sh -c 'for i; do ln 1 $i; done' sh)
is "5000 files, with 20 descriptors" "$(prlimit --nofile=20 taste-ingest tsv many/* | wc -l)" 15000
is "and an environment of a megabyte" "$(X1=$(head -c 100000 /dev/zero | tr '\0' x) X2=$X1 X3=$X1 X4=$X1 taste-view many/* | wc -l)" 15000
head -3 cand.tsv > many/1; must_fail "too many to be open at a time are told" 3 "taste-knn: many/*: Too many open files" prlimit --nofile=64 taste-knn merge -q many/*
done_testing
