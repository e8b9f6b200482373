# A warm pipeline that goes on and on holds no more than at the start and answers as then. With a million requests: scripts/soak.
. "$(dirname "$0")/lib.sh"
PATH=$B/tests:$PATH
if are_scripts || taste-view -V | grep -q fsanitize; then
	skip "a warm pipeline" "what watches over memory holds on to what was freed"
	done_testing; exit
fi
out=$(NO_MAKE=1 B=$B EVENTS=20000 ITEMS=1000 TREES=10 K=50 "$SRC/scripts/soak" 2000 2>&1); rc=$?
like "two thousand requests leave it as it was, in spite of files that are replaced, a client that stops, and lines that are no events" "$rc $out" "0 *100 %*2000 *the same at the end and started anew; own memory has not grown"

# what the watch is for, seen by it: a service that holds on to everything, and one that says something else each time
cp /bin/bash taste-leak
seq 100 > requests; printf '@\n' > probes
# shellcheck disable=SC2016
hoards='while read -r l; do x+=$(printf "%30000s" ""); printf "%s\n\n" "$l"; done' counts='while read -r l; do printf "%s\t%s\n\n" "$l" $((++n)); done' well='while read -r l; do printf "%s\t%s\n\n" "$l" same; done'
out=$(b-serve -s -n 200 -p probes requests "exec ./taste-leak -c '$hoards'" 2>&1); like "memory that grows is seen" "$? $out" "1 *GROWN*own memory HAS GROWN"
out=$(b-serve -s -n 200 -p probes requests "exec ./taste-leak -c '$counts'" 2>&1); like "an answer that is another is seen" "$? $out" "1 *at the end the same requests have other answers*DIFFER*"
out=$(b-serve -s -n 200 -p probes -x 'echo $AT >> tenths' requests "exec ./taste-leak -c '$well'" 2>&1); like "what stays as it is has done well" "$? $out" "0 *has not grown"
is "the hook is run after each tenth" "$(tr '\n' ' ' < tenths)" "10 20 30 40 50 60 70 80 90 100 "
done_testing
