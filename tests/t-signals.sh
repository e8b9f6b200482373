# Signals at any moment, readers that leave, and two programs that write the same file: what stood there stays, or the new file is there, whole.
. "$(dirname "$0")/lib.sh"
. "$SRC/tests/every.sh"
every_world || { done_testing; exit; }
RANDOM=${SEED:-1}
all() { local title=$1; shift; every "$@"; if [ -n "$ODD" ]; then fail "$title" "$ODD"; elif [ $TRIED -eq 0 ]; then fail "$title" "nothing was tried"; else pass "$title"; fi; }

all "a reader that is gone ends it as SIGPIPE, without a word: pipes and sockets" no_reader '*' 3
all "so does head" head '*' 4
SIGNALS="TERM INT HUP USR1" all "a signal leaves the older file, or all of the new, and nothing else" signal '*' 4
SIGNALS=KILL all "so does SIGKILL, and the next run does not mind what it leaves" signal '*' 3
all "stopped, continued, and in a window of another size, it goes on" stop '*' 8
all "of two who write a file one stays, whole" two_writers '*' 5
all "three who change a file in its place come one behind the other" in_place

# two who write different things
bad=0
for i in 1 2 3 4 5 6 7 8; do
	taste-synth --users 30 --events 1500 -s 1 -o one & taste-synth --users 30 --events 1600 -s 2 -o one; wait
	case $(wc -l < one) in 1500|1600) ;; *) bad=$((bad + 1)) ;; esac
done
is "two worlds at a time into one file: it is the one or the other" $bad 0

# what goes on where it was
tune() { taste-train als -q -d 8 -e 40 --trials 9 --tune my.valid.tsv --tune-log "$1" -o "$2" my.train.tsv; }
tune whole.log whole.taste; lost=0
for i in 1 2 3 4 5 6; do
	NAME=tune CMD="taste-train als -q -d 8 -e 40 --trials 9 --tune my.valid.tsv --tune-log cut.log -o OUT my.train.tsv" TOOK[tune]=60000
	rm -rf d; mkdir d; at KILL; tune cut.log cut.taste 2> err || lost=$((lost + 1)); cmp -s cut.taste whole.taste || lost=$((lost + 1))
	rm cut.log
done
is "a search that is killed goes on with its log to the same model" $lost 0
learn() { taste-train seq -q -d 8 -e 4 --length 20 --checkpoint "$1" ${3:+--resume "$1"} -o "$2" log.tsv; }
learn whole.run whole.taste; lost=0
for i in 1 2 3 4 5 6; do
	NAME=seq CMD="taste-train seq -q -d 8 -e 4 --length 20 --checkpoint cut.run -o OUT log.tsv" TOOK[seq]=60000
	rm -rf d cut.run; mkdir d; at KILL; [ -e cut.run ] && { learn cut.run cut.taste again 2> err || lost=$((lost + 1)); cmp -s cut.taste whole.taste || lost=$((lost + 1)); }
done
is "training that is killed goes on from its checkpoint to the same model" $lost 0
done_testing
