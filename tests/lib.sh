# tests/lib.sh - sourced by every t-*.sh. Prints TAP; each test title is a sentence that was once false.
# $BIN holds the programs, $SCRATCH is an empty directory that is the current one, $SRC the source tree,
# $DATA the real data sets or empty. End a script with `done_testing`.
set -u
export LC_ALL=C TZ=UTC
SRC=$(cd "$(dirname "$0")/.." && pwd)
B=${B:-build/opt}
case $B in /*) ;; *) B=$SRC/$B ;; esac
BIN=$B/bin
PATH=$BIN:$PATH
DATA=${TASTE_DATA:-$SRC/../shared/data}
[ -d "$DATA" ] || DATA=
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/taste-test.XXXXXX") || exit 99
trap 'chmod -R u+w "$SCRATCH" 2>/dev/null; rm -rf "$SCRATCH"' EXIT
cd "$SCRATCH" || exit 99
N_TESTS=0

pass() { N_TESTS=$((N_TESTS + 1)); echo "ok $N_TESTS - $1"; }
fail() { N_TESTS=$((N_TESTS + 1)); echo "not ok $N_TESTS - $1"; shift; for l; do printf '%s\n' "$l" | head -20 | sed 's/^/# /'; done; }
skip() { N_TESTS=$((N_TESTS + 1)); echo "ok $N_TESTS - $1 # SKIP $2"; }

# are_scripts : do the programs stand behind scripts that start them (scripts/valgrind)?
are_scripts() { ! head -c 4 "$BIN/taste-view" | grep -q ELF; }
# ok TITLE COMMAND... : the command succeeds
ok() { local title=$1 out; shift; if out=$("$@" 2>&1); then pass "$title"; else fail "$title" "status $?: $*" "$out"; fi; }
# is TITLE GOT WANTED : the two texts are the same
is() { if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "got:    $2" "wanted: $3"; fi; }
# same TITLE FILE FILE : the two files are the same bytes
same() { if cmp -s "$2" "$3"; then pass "$1"; else fail "$1" "$(cmp "$2" "$3" 2>&1)"; fi; }
# like TITLE TEXT GLOB : the text matches the shell pattern
like() { case $2 in $3) pass "$1" ;; *) fail "$1" "got:    $2" "wanted: $3" ;; esac; }
# must_fail TITLE STATUS GLOB COMMAND... : exits with STATUS (2, 3 or 4) and a message on stderr that matches GLOB.
# stdout is thrown away; stdin is /dev/null unless the caller redirects it (fd 0 is passed on).
must_fail() {
	local title=$1 status=$2 glob=$3 got msg; shift 3
	msg=$("$@" 2>&1 >/dev/null); got=$?
	if [ $got -ne "$status" ]; then fail "$title" "exit $got, wanted $status: $*" "$msg"; return; fi
	case $msg in $glob) pass "$title" ;; *) fail "$title" "message: $msg" "wanted:  $glob" ;; esac
}
# can_limit_memory : may the programs of this build run under ulimit -v? Those with a sanitizer want all addresses, and so does valgrind.
can_limit_memory() { ! are_scripts && ! taste-view -V | grep -qE -e '-fsanitize=[a-z,]*(address|thread)'; }
done_testing() { echo "1..$N_TESTS"; }
