# One warm pipeline: taste-embed --follow | taste-knn search --line | taste-rank --line answers each request before the next is there, as each program would alone.
. "$(dirname "$0")/lib.sh"
T=$'\t'
taste-synth --users 40 --events 6000 -s 3 --music 300 --items items.tsv -o log.tsv
head -5600 log.tsv > past.tsv; tail -400 log.tsv | awk -F '\t' 'NR % 5 == 0' > req.tsv
taste-train seq -d 8 -e 1 --layers 1 -o seq.taste past.tsv
taste-embed -m seq.taste --items all -b -o items.vecs
taste-rank past --events past.tsv --items items.tsv --vectors items.vecs -o past.taste
taste-embed -m seq.taste --fold past.tsv | taste-knn search -k 60 items.vecs > cand.tsv
taste-rank features --events log.tsv --items items.tsv --vectors items.vecs --requests <(tail -400 log.tsv) --only-hits cand.tsv > rows.tsv
taste-train trees --trees 20 -o trees.taste rows.tsv
pipe() { rm -f fifo; mkfifo fifo; tee fifo | taste-embed -m seq.taste --follow | taste-knn search --line -k 60 items.vecs - | taste-rank -k 5 --line --trees trees.taste --past past.taste --requests fifo "$@"; }

pipe < req.tsv > got 2> err
taste-embed -m seq.taste --follow < req.tsv > v 2> err; taste-knn search --line -k 60 items.vecs - < v > b; taste-rank -k 5 --line --trees trees.taste --past past.taste --requests req.tsv b > want 2> err
same "the pipe is its parts" got want
is "an answer for each request, for the one who asked" "$(awk -v RS= '{ print $1 }' got | cksum)" "$(cut -f1 v | cksum)"
is "of the length asked for" "$(awk -v RS= -F '\n' '{ print NF }' got | sort -u)" 5
taste-rank -k 5 --line --trees trees.taste --past past.taste --requests req.tsv -t 3 b > got 2> err; same "with -t 3, too" got want
{ sed -n 1,7p req.tsv; printf '%s\tno such item\t1\n' "$(sed -n 3p req.tsv | cut -f1)"; sed -n '8,$p' req.tsv; } > bad.tsv
pipe < bad.tsv > got 2> bad.err
same "a request that the model cannot answer is passed over by all, and the next ones keep theirs" got want
is "and it was said" "$(grep -c "standard input):8: item 'no such item' is unknown" bad.err)" 1
k=$(awk -F '\t' 'NR > 5 && $1 != last { print NR - 1; exit } { last = $1 }' req.tsv)	# who asks then does not ask next
awk -v k="$k" 'NR == k { print "nobody" } { print }' req.tsv > bad.tsv
pipe < bad.tsv > got 2> err
is "a line that is no request leaves one answer without its own, which says so" "$(awk -v RS= 'NR == FNR { w[NR] = $0; next } $0 != w[FNR] { print FNR, /\t\t\t[^\t]*fifo:[0-9]*: 1 field/ }' want got)" "$k 1"
wide=$(head -1 b)$(printf '\tx%d=1' {1..300}); is "a line of many fields is answered with all of them" "$(printf '%s\n\n' "$wide" | taste-rank --line -k 1 | head -1 | tr '\t' '\n' | grep -c '^x')" 300
like "but for what a row cannot hold" "$(printf 'u\ti\t1%s\n\n' "$(printf '\tx%d' {1..5000})" | taste-rank --line)" "*:1: 5003 fields, more than 4096*"
is "who comes again in a block is told so, and has one list" "$(printf 'u\ta\t1\nv\ta\t1\nu\tb\t2\nv\tb\t0\n\nu\tb\t2\n\n' | taste-rank --line | cut -f1,2,4 | tr '\t\n' ' ,')" "u a candidate #1,v a candidate #1,v b candidate #2,u  comes again: the lines of a user must stand together,,u b candidate #1,,"
must_fail "requests that end before the candidates" 4 "*req3: ended, and there are candidates still*" taste-rank --line --trees trees.taste --past past.taste --requests $(head -3 req.tsv > req3; echo req3) b

coproc S { pipe 2> err; }
n=0
while IFS= read -r r && [ $n -lt 10 ]; do
	n=$((n + 1)); echo "$r" >&"${S[1]}"
	while IFS= read -t 60 -r l <&"${S[0]}" && [ -n "$l" ]; do echo "$l"; done
	echo
done < req.tsv > got
awk -v RS= -v ORS='\n\n' 'NR <= 10' want > ten; same "each is answered before the next is there" got ten
eval "exec ${S[1]}>&-"; wait "$S_PID" 2> /dev/null
done_testing
