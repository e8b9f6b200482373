# taste-train --tune: better than a bad start, the same bytes whatever the machine does and however often it was killed, logs and events that will not do.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')

# log N SEED : N events of 200 listeners of 5 tastes on 300 items, as in t-train.sh
log() { awk -v n="$1" -v s="$2" 'BEGIN { srand(s); for (i = 0; i < n; i++) { u = int(rand() * 200); t = rand() < 0.8 ? u % 5 : int(rand() * 5)
	k = rand(); e = k < 0.9 ? "play" : "skip"
	printf "u%d\ti%d\t%d\t%s\n", u, int(60 * rand() ^ 2) * 5 + t, 1700000000 + i * 60, e } }'; }
log 6000 1 > train.tsv
log 1500 2 > valid.tsv
meta() { taste-view "$2" | awk -F '\t' -v k="$1" '$1 == k { print $2 }'; }
settings() { awk -F '\t' 'NR > 1' "$1" | sed 's/\t[^\t]*$//'; }	# a log without its first line and the seconds
als="als -d 8 --tune valid.tsv --trials 9 --tune-users 100"
ease="ease --tune valid.tsv --trials 9"
graph="graph --rank 16 --tune valid.tsv --trials 9"
softmax="softmax -d 8 -e 4 --tune valid.tsv --trials 9"

for v in als ease graph softmax; do
	taste-train ${!v} -t 1 --tune-log $v.log -v -o $v.taste train.tsv 2> $v.err || fail "$v: --tune runs" "$(cat $v.err)"
	for t in 2 7; do taste-train ${!v} -t $t --tune-log $v.$t.log -o t train.tsv; same "$v: -t $t finds what -t 1 finds" t $v.taste; done
	is "$v: by the same steps" "$(settings $v.7.log)" "$(settings $v.log)"
	best=$(awk -F '\t' 'NR == 2 { for (i = 1; i <= NF; i++) if ($i == "ndcg") c = i } NR > 2 { if ($c > best) best = $c } END { print best }' $v.log)
	is "$v: the model says how good it was: as the best of the log" "$(meta tuned_ndcg $v.taste)" "$best"
	is "$v: and of how many" "$(meta tuned_trials $v.taste)" "$(($(wc -l < $v.log) - 2))"
	is "$v: -v shows the table of the log" "$(grep "^\(rung\|[0-9]*$T[0-9]*$T[0-9]*$T.*$T\)" $v.err | grep -A1000 ^rung | head -n $(($(wc -l < $v.log) - 1)))" "$(tail -n +2 $v.log)"
	is "$v: without -v nothing is said" "$(taste-train ${!v} --trials 1 train.tsv 2>&1 > /dev/null)" ""
	cp $v.log done.log; taste-train ${!v} --tune-log done.log -o t train.tsv
	same "$v: a log of all of it gives the same model" t $v.taste; same "$v: and nothing is added to it" done.log $v.log
done
for cpu in $(taste-train -V | sed -n 's/^cpu paths: *//p'); do
	for v in als ease graph softmax; do taste-train ${!v} --cpu $cpu -o t train.tsv; same "$v: --cpu $cpu finds the same" t $v.taste; done
done

# what is measured is what taste-score and taste-eval measure
grep -v skip valid.tsv | awk -F '\t' 'NR == FNR { if ($4 != "skip") s[$1, $2] = 1; i[$2]; u[$1]; next } !(($1, $2) in s) && $2 in i && $1 in u' train.tsv - > truth.tsv
grep -v skip train.tsv > fit.tsv
for v in als ease graph softmax; do
	taste-train ${!v} --tune-users 1000 -o t train.tsv
	taste-score -m t -k 20 fit.tsv > ranked
	taste-eval -k 20 --no-train --allow-extra-users --truth truth.tsv ranked > table
	is "$v: ndcg is that of taste-score and taste-eval" "$(awk -F '\t' '$2 == "ndcg" { printf "%.9f", $4 }' table)" "$(printf %.9f "$(meta tuned_ndcg t)")"
	# the settings of the model by hand
	case $v in
	als) hand="als -d 8 -e $(meta epochs t) --lambda $(meta lambda t) --unobserved $(meta unobserved t) --damp $(meta damp t)" ;;
	ease) hand="ease --min-users $(meta min_users t) --lambda $(meta lambda t) --dropout $(meta dropout t)" ;;
	graph) hand="graph --rank $(meta d t) --row-power $(meta row_power t) --col-power $(meta col_power t) --low $(meta low t) --sharpen $(meta sharpen t)" ;;
	softmax) hand="softmax -d 8 -e $(meta epochs t) --temperature $(meta temperature t) --neg-power $(meta neg_power t) --ego $(meta ego t)" ;;
	esac
	taste-train $hand -o hand train.tsv
	taste-score -m hand -k 20 fit.tsv > by-hand
	same "$v: the settings found, given by hand, make the same model" by-hand ranked
done

# better than a bad start
taste-train als -d 8 -e 2 --lambda 1 --unobserved 5000 --damp 2 --tune valid.tsv --tune-params lambda,unobserved,damp --trials 9 --tune-log bad.log -o t train.tsv
is "a bad start is trial 0, and left far behind" "$(awk -F '\t' 'NR == 3 { print $4, $5, $6; first = $7 } NR > 2 && $7 > best { best = $7 } END { print (best > 1.3 * first) }' bad.log | tr '\n' ' ')" "1 5000 2 1 "
taste-train als -d 8 --damp 0.5 --tune valid.tsv --trials 3 --tune-log fixed.log -o t train.tsv
is "what is given stays" "$(meta damp t) $(sed -n 2p fixed.log | cut -f 3-)" "0.5 epochs${T}lambda${T}unobserved${T}ndcg${T}recall${T}seconds"
taste-train als -d 8 --unobserved 20 --lambda 0.002 --tune valid.tsv --trials 3 --tune-log default.log -o t train.tsv
is "what is given stays, also at its default" "$(sed -n 2p default.log | cut -f 4-5)" "damp${T}ndcg"
taste-train graph --rank 0 --row-power 0.5 --tune valid.tsv --tune-params row-power --trials 3 --tune-log fixed.log.2 -o t train.tsv
is "what is named is searched, from where it was given" "$(sed -n 3p fixed.log.2 | cut -f 1-4)" "0${T}0${T}0${T}0.5"
taste-train als -d 8 --lambda 0.01 --unobserved 9 --damp 0.5 --tune valid.tsv --tune-log none.log -o t train.tsv
is "when all is given the epochs are left" "$(cut -f 3 none.log | tail -n +3 | tr '\n' ' ')" "2 4 8 16 "
taste-train als -d 8 --tune valid.tsv --trials 9 -s 2 --tune-log seed.log -o t train.tsv
[ "$(settings seed.log | cut -f 4-)" != "$(settings als.log | cut -f 4-)" ] && pass "another seed tries others" || fail "another seed tries others"
ok "a setting without a solution is worth nothing, and no more" taste-train als -d 30 --lambda 0 --unobserved 0 --tune valid.tsv --tune-params lambda,unobserved --trials 5 --tune-log sing.log -o t train.tsv
is "and says so in the log" "$(sed -n 3p sing.log | cut -f 4-7 | cut -f 1,2,3)" "0${T}0${T}0"
taste-ingest tsv -b -o valid.taste valid.tsv
taste-train als -d 8 --tune valid.taste --trials 9 --tune-users 100 --tune-log bin.log -o t train.tsv
is "a binary log of events tunes as its text does" "$(settings bin.log)" "$(settings als.log)"
taste-train als -d 8 --tune - --trials 9 --tune-users 100 -o t train.tsv < valid.tsv; same "so does standard input" t als.taste
(echo "user${T}item"; cut -f 1,2 train.tsv) > th.tsv; (echo "item${T}user"; awk -F '\t' -v OFS='\t' '{ print $2, $1 }' valid.tsv) > vh.tsv
taste-train als -H -d 8 --tune vh.tsv --trials 2 -o t th.tsv; taste-train als -d 8 --tune <(cut -f 1,2 valid.tsv) --trials 2 -o t2 <(cut -f 1,2 train.tsv)
is "--header is for both" "$(meta tuned_ndcg t)" "$(meta tuned_ndcg t2)"

# many items: the smaller budget is the popular ones, and the model has all
awk 'BEGIN { srand(5); for (i = 0; i < 12000; i++) printf "u%d\ti%d\n", rand() * 300, 2600 * rand() ^ 2 }' > wide.tsv
awk 'BEGIN { srand(6); for (i = 0; i < 2000; i++) printf "u%d\ti%d\n", rand() * 300, 2600 * rand() ^ 2 }' > wide-valid.tsv
taste-train ease --tune wide-valid.tsv --trials 3 --tune-log wide.log -o wide.taste wide.tsv
n=$(cut -f 2 wide.tsv | sort -u | wc -l)
is "ease: the smaller budget is 2000 items" "$(tail -n +3 wide.log | cut -f 3 | uniq | tr '\n' ' ')" "2000 $n "
is "ease: the model has all of them" "$(meta n_kept wide.taste) $(meta min_users wide.taste)" "$n 1"
is "ease: and is the best that has" "$(meta tuned_ndcg wide.taste)" "$(awk -F '\t' -v n="$n" '$3 == n && $6 > best { best = $6 } END { print best }' wide.log)"

# killed, and started again
n=$(wc -l < als.log)
for at in 3 7 12; do
	rm -f killed.log
	taste-train $als --tune-log killed.log -o killed.taste train.tsv & pid=$!
	while kill -0 $pid 2> /dev/null && [ "$(cat killed.log 2> /dev/null | wc -l)" -lt $at ]; do sleep 0.01; done
	kill -9 $pid 2> /dev/null; wait $pid 2> /dev/null
	cp killed.log before.log; printf '2\t0\t8\t0.0' >> killed.log	# and a line half written
	taste-train $als --tune-log killed.log -o killed.taste train.tsv
	same "killed after $at lines and started again it finds the same" killed.taste als.taste
	head -n "$(grep -c "" < before.log)" killed.log > after.log; same "what was there at $at stays" after.log before.log
	is "and the rest follows it at $at" "$(settings killed.log)" "$(settings als.log)"
done

# logs of something else
cp als.log keep.log
sed 's/^/x/' valid.tsv | cat - valid.tsv > half; printf 'x\ty\n' | cat - half > most
is "that most of --tune is lost is told" "$(taste-train $als --tune most -o t train.tsv 2>&1 | sed 's/[0-9][0-9]*/N/g')" "taste-train: --tune: N of N events are of users or items that are not learnt from"
is "not that half is" "$(taste-train $als --tune half -o t train.tsv 2>&1)" ""
must_fail "the log of another seed" 4 "taste-train: als.log: the log of another search*" taste-train $als -s 2 --tune-log als.log train.tsv
must_fail "of other options" 4 "taste-train: als.log: the log of another search*" taste-train $als --nu 0.5 --tune-log als.log train.tsv
must_fail "of other trials" 4 "taste-train: als.log: the log of another search*" taste-train $als --trials 5 --tune-log als.log train.tsv
must_fail "of other events" 4 "taste-train: als.log: the log of another search*" taste-train $als --tune-log als.log fit.tsv
must_fail "of other events to tune by" 4 "taste-train: als.log: the log of another search*" taste-train $als --tune truth.tsv --tune-log als.log train.tsv
must_fail "of another verb" 4 "taste-train: als.log: the log of another search*" taste-train $ease --tune-log als.log train.tsv
same "is left alone" als.log keep.log
cp valid.tsv not.log; must_fail "events are no log" 4 "taste-train: not.log: not a log of a search*" taste-train $als --tune-log not.log train.tsv
same "and stay" not.log valid.tsv
must_fail "nor is a pipe" 4 "taste-train: /dev/fd/*: not a regular file*" taste-train $als --tune-log >(cat) train.tsv
must_fail "a log where none can be" 3 "taste-train: no/such.log: *" taste-train $als --tune-log no/such.log train.tsv
must_fail "a log on standard output" 2 "*--tune-log: '-' will not do*" taste-train $als --tune-log - train.tsv
must_fail "a log in place of the model" 2 "*--tune-log: 'same' will not do*" taste-train $als --tune-log same -o same train.tsv
must_fail "a model in place of the events to tune by" 2 "*'valid.tsv' is read*" taste-train $als -o valid.tsv train.tsv

# events to tune by that will not do
: > empty; printf 'x\ty\n' > strangers; printf 'u1\tnew\n' > new-items; awk -F '\t' '$4 != "skip"' train.tsv | head -50 > known; sed 's/play/skip/' valid.tsv > skips
for f in empty strangers new-items known skips; do
	must_fail "$f to tune by" 4 "taste-train: $f: no user who has events to learn from gets anything new*" taste-train als -d 8 --tune $f train.tsv
done
must_fail "nothing to learn from" 4 "taste-train: no events to learn from" taste-train als --tune valid.tsv empty
printf 'a\tx\nb\n' > short; must_fail "a line of one field" 4 "taste-train: short:2: *" taste-train als --tune short train.tsv
printf 'a\tx\tsoon\n' > time; must_fail "a time that is none" 4 "taste-train: time:1: field 3: 'soon'*" taste-train ease --tune time train.tsv
printf 'a\tx\nb\ty\0z\n' > nul; must_fail "a NUL byte" 4 "taste-train: nul:2: *" taste-train graph --tune nul train.tsv
must_fail "a file that is not there" 3 "taste-train: nofile: *" taste-train als --tune nofile train.tsv
must_fail "a model" 4 "*als.taste*model*" taste-train als --tune als.taste train.tsv
head -c 1000 valid.taste > cut.taste; must_fail "a binary log cut short" 4 "taste-train: cut.taste: *" taste-train als --tune cut.taste train.tsv

must_fail "more memory than -M, before the first trial" 3 "taste-train: ease of * items needs *MB of memory and may use 1.0 MB (-M)*" \
	taste-train $ease -M 1M --tune-log memory.log train.tsv
[ -e memory.log ] && fail "and before there is a log" || pass "and before there is a log"
must_fail "an item of nobody" 4 "taste-train: no item has 999 users*" taste-train $ease --min-users 999 train.tsv

# options
must_fail "pop has nothing to tune" 2 "*--tune is an option of als, ease, graph and softmax*" taste-train pop --tune valid.tsv train.tsv
must_fail "trials of no search" 2 "*--trials needs --tune*" taste-train als --trials 3 train.tsv
must_fail "a log of no search" 2 "*--tune-log needs --tune*" taste-train als --tune-log x train.tsv
must_fail "no trials" 2 "*--trials: '0'*" taste-train als --tune valid.tsv --trials 0 train.tsv
must_fail "lists of nothing" 2 "*--tune-k: '0'*" taste-train als --tune valid.tsv --tune-k 0 train.tsv
must_fail "a parameter of another verb" 2 "*--tune-params: 'dropout' is to be some of *lambda*, each once*" taste-train als --tune valid.tsv --tune-params dropout train.tsv
must_fail "a parameter named twice" 2 "*--tune-params: 'damp,damp' is to be some of *" taste-train als --tune valid.tsv --tune-params damp,damp train.tsv
must_fail "an empty name" 2 "*--tune-params: 'damp,' is to be some of *" taste-train als --tune valid.tsv --tune-params damp, train.tsv
must_fail "standard input twice" 2 "*standard input can be read only once*" taste-train als --tune - -
done_testing
