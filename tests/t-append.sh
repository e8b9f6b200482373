# Logs that grow: >>, kill -9 in the middle, repair, what is there already, what is newer.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
# pad - six columns
pad() { awk -F '\t' -v OFS='\t' '{ $6 = $6 } 1'; }
taste-synth --users 40 --events 2000 -s 3 -o one.tsv; taste-synth --users 40 --events 90000 -s 4 -o two.tsv
taste-ingest tsv -b one.tsv > whole.taste; taste-view whole.taste > whole.tsv

# kill -9 at 50 moments of an append
lost=0 moments=50
for i in $(seq $moments); do
	cp whole.taste log.taste
	taste-ingest tsv -b two.tsv >> log.taste 2> none & pid=$!
	sleep "0.0$((i % 10))$i"; kill -9 $pid 2> none; wait $pid 2> none
	taste-view --repair log.taste 2> said || lost=$((lost + 1))
	taste-view -c log.taste 2> none || lost=$((lost + 1))
	taste-view log.taste | head -2000 | cmp -s - whole.tsv || lost=$((lost + 1))
	case $(taste-view log.taste | wc -l) in 2000|92000) ;; *) lost=$((lost + 1)) ;; esac
done
is "kill -9 at $moments moments of an append loses nothing that was whole" $lost 0
taste-ingest tsv -b two.tsv > two.taste; size=$(wc -c < whole.taste) all=$(wc -c < two.taste)
cat whole.taste two.taste > joined
bad=0; for cut in 1 63 64 65 127 128 1000 $((all / 2)) $((all - 65)) $((all - 1)); do
	head -c $((size + cut)) joined > log.taste; taste-view -q --repair log.taste; cmp -s log.taste whole.taste || bad=$((bad + 1))
done
is "a tail cut at any byte goes" $bad 0
ok "what is whole stays" taste-view --repair joined; is "to the byte" "$(cat whole.taste two.taste | cksum)" "$(cksum < joined)"
head -c 900 two.taste > log.taste; taste-view -q --repair log.taste; is "a log that never ended once is empty then" "$(wc -c < log.taste)" 0
{ cat whole.taste; head -c 9000 two.taste; head -c 5000 /dev/zero; } > log.taste; taste-view -q --repair log.taste; same "zeros that a crash left go with the tail" log.taste whole.taste
{ cat whole.taste; head -c 900 two.taste; cat whole.taste; } > log.taste; cp log.taste before
must_fail "a whole stream behind a torn one is told" 4 "taste-view: log.taste: the stream from byte $size to $((size + 900)) is unfinished or damaged, and another begins behind it*" taste-view --repair log.taste
same "and nothing is changed" log.taste before
cp joined log.taste; printf 'X' | dd of=log.taste bs=1 seek=$((size + 70)) conv=notrunc 2> none; cp log.taste before
must_fail "damage is no unfinished tail" 4 "taste-view: log.taste: damaged at byte $((size + 64)), not just unfinished*" taste-view --repair log.taste
same "and stays to be looked at" log.taste before
for f in 'u\ti\t1' '\x89 latin text' '\x1f\x8b\x08' '\x28\xb5\x2f\xfd' 'PK\x03\x04'; do printf "$f" > odd; cp odd before; must_fail "what is no taste stream stays: $f" 4 "taste-view: odd: this is no taste stream*" taste-view --repair odd; cmp -s odd before || fail "and is untouched"; done
printf 'u\ti\t1\nv\tj\t2\n' | taste-ingest tsv -b > small; n=$(wc -c < small); bad=0
for cut in $(seq 1 $((n - 1))); do { cat small; head -c $cut small; head -c $((n - cut + 64)) /dev/zero; } > z; taste-view -q --repair z 2> none; taste-view -c z 2> none || { taste-view -q --repair z 2> none && bad=$((bad + 1)); }; done
is "what was repaired is sound, wherever zeros begin" $bad 0
bad=0; for cut in $(seq 1 $((n - 1))); do { cat small; head -c $cut small; cat small; } > z; taste-view -q --repair z 2> none && bad=$((bad + 1)); done
is "a torn stream in the middle is never called whole" $bad 0
for tail in 'ana\tt1\t1700000000\tplay\n' '\211T x'; do { cat small; printf "$tail"; } > z; cp z before; must_fail "what stands behind a stream and began as none is no tail of one: $tail" 4 "taste-view: z: damaged at byte $n, not just unfinished*" taste-view --repair z; cmp -s z before || fail "and is untouched"; done
for tail in '' '\211' '\211TASTE' '\0\0\0'; do { cat small; printf "$tail"; } > z; ok "but what could become one is: '$tail'" taste-view -q --repair z; cmp -s z small || fail "and is cut off"; done
must_fail "which file?" 2 "*--repair: which file?*" taste-view --repair
cp whole.taste held; (exec 9>> held; flock 9; must_fail "a log that is being written is left alone" 3 "*it is being written" taste-view --repair held; echo $N_TESTS > n); N_TESTS=$(cat n)
cp whole.taste log.taste; taste-ingest tsv -b two.tsv >> log.taste & taste-ingest tsv -b one.tsv >> log.taste; wait
ok "two runs at once append one behind the other" taste-view -c log.taste; is "and lose nothing" "$(taste-view log.taste | wc -l)" 94000
for cut in 1 64 100 127 128 900; do
	{ cat small; head -c -$cut small; } > torn; [ $cut = 900 ] && { cat small; head -c 100 /dev/zero; } > torn; cp torn before
	must_fail "nothing is written behind a torn stream: $cut" 4 "taste-ingest: standard output is a file that does not end with a whole stream*taste-view --repair*" bash -c 'taste-ingest tsv -b one.tsv 2>&1 >> torn | tee /dev/stderr; exit ${PIPESTATUS[0]}'
	cmp -s torn before || fail "and it stays as it was"
	taste-view -q --repair torn; ok "behind one that was repaired it is" bash -c 'taste-ingest tsv -b one.tsv >> torn && taste-view -c torn'
done
: > torn; ok "and into an empty file" bash -c 'taste-ingest tsv -b one.tsv >> torn && taste-view -c torn'

# one >> that several share, which has one lock; runs that end early; what does not go together
split -n l/4 two.tsv part.; rm -f log.taste
printf '%s\n' part.a? | xargs -P 4 -n 1 taste-ingest tsv -b >> log.taste; ok "several runs behind one >> append one behind the other" taste-view -c log.taste; is "and lose nothing" "$(taste-view log.taste | wc -l)" 90000
rm -f log.taste; (taste-ingest tsv -b -o /dev/fd/3 part.aa & taste-ingest tsv -b -o /dev/fd/3 part.ab & wait) 3>> log.taste; ok "an open descriptor likewise" taste-view -c log.taste
cp whole.taste log.taste; { cat two.tsv; echo bad; } > bad.tsv
must_fail "a bad row takes back what was appended" 4 "taste-ingest: bad.tsv:90001: *" bash -c 'taste-ingest tsv -b bad.tsv >> log.taste'; same "to the byte" log.taste whole.taste
must_fail "so does a full disk" 3 "taste-ingest: (standard output): File too large" bash -c 'ulimit -f 100; taste-ingest tsv -b two.tsv >> log.taste'; same "to the byte too" log.taste whole.taste
mkfifo rows; taste-ingest tsv -b rows >> log.taste & pid=$!; timeout 60 bash -c 'exec > rows; cat two.tsv; while kill -0 $0; do sleep 0.01; done' $pid 2> none &
for i in $(seq 600); do grown=$(wc -c < log.taste); [ "$grown" -le "$size" ] || break; sleep 0.05; done; kill $pid; wait $pid 2> none; wait
is "and a signal" "$(wc -c < log.taste) $((grown > size))" "$size 1"; same "to the byte as well" log.taste whole.taste
cp whole.taste log.taste; must_fail "messages do not go where a stream goes" 2 "" bash -c 'taste-ingest tsv -b one.tsv >> log.taste 2>&1'; same "nothing of them stays in it" log.taste whole.taste
must_fail "text is not put behind binary" 4 "taste-ingest: standard output is a file of binary streams: text behind them could not be read" bash -c 'taste-ingest tsv one.tsv >> log.taste'; same "which stays" log.taste whole.taste
printf 'ana\tm1\t1\tplay\t\t\nbo' > half; must_fail "nor anything behind half a line" 4 "taste-ingest: standard output is a file whose last line does not end*" bash -c 'taste-ingest tsv one.tsv >> half'; is "which stays too" "$(tail -1 half)" bo
(exec 9>> held; flock 9; timeout -s KILL 7 taste-ingest tsv -b one.tsv >> held 2> err; is "who waits long is told" "$? $(cat err)" "137 taste-ingest: another process holds this file: waiting for it"; echo $N_TESTS > n); N_TESTS=$(cat n)

# what is there already
taste-ingest tsv -b one.tsv > log.taste; before=$(taste-view log.taste | wc -l)
taste-ingest tsv -b --dedupe-against log.taste one.tsv >> log.taste; is "the same export twice adds nothing" "$(taste-view log.taste | wc -l)" "$before"
cat one.tsv > more.tsv; echo "new${T}item${T}1" | pad >> more.tsv
taste-ingest tsv -b --dedupe-against log.taste more.tsv >> log.taste; is "a longer one adds what is new" "$(taste-view log.taste | tail -n +$((before + 1)) | cut -f1-3)" "new${T}item${T}1"
is "--dedupe" "$(printf 'u\ti\t1\tplay\t5\tx=1\nu\ti\t1\tplay\t5\tx=2\nu\ti\t1\tplay\t6\nu\ti\t1\tskip\t5\nu\ti\t2\tplay\t5\nui\t\t1\nu\ti\t1\tplay\t-0\nu\ti\t1\tplay\t0\n' | grep -v '^ui' | pad | taste-ingest tsv --dedupe | cut -f3- | tr '\t\n' ', ')" "1,play,5,x=1 1,play,6, 1,skip,5, 2,play,5, 1,play,-0, "
head -c 3000 two.taste > torn; must_fail "a torn log says how to go on" 4 "taste-ingest: torn: *(if that is an unfinished tail, taste-view --repair takes it off)" taste-ingest tsv --dedupe-against torn one.tsv
: > fresh; is "an empty log knows nothing" "$(taste-ingest tsv --dedupe-against fresh --since fresh one.tsv | wc -l)" 2000
last=$(cut -f3 one.tsv | sort -n | tail -1); cut=$(sed -n 1500p one.tsv | cut -f3)
is "--since a log: only what is later than its last event" "$({ cat one.tsv; echo "u${T}i${T}$((last + 1))"; echo "u${T}i"; } | pad | taste-ingest tsv --since whole.taste | cut -f1-3)" "u${T}i${T}$((last + 1))
u${T}i${T}"
is "--since a time" "$(taste-ingest tsv --since "$cut" one.tsv | wc -l)" "$(awk -F '\t' -v c="$cut" '$3 > c' one.tsv | wc -l)"
is "--until a time" "$({ cat one.tsv; echo "u${T}i"; } | pad | taste-ingest tsv --until "$cut" | wc -l)" "$(($(awk -F '\t' -v c="$cut" '$3 <= c' one.tsv | wc -l) + 1))"
is "a moment that is to come is told" "$(printf 'u\ti\t9999-12-31T23:59:59Z\nu\tj\t5\n' | taste-ingest tsv 2>&1 > got)" "taste-ingest: the last event is of 9999-12-31T23:59:59Z, which is to come: what is reckoned by age takes all others for old (--until leaves such out)"
is "--until leaves it out" "$(printf 'u\ti\t9999-12-31T23:59:59Z\nu\tj\t5\n' | taste-ingest tsv --until 2100 2>&1 | cut -f2)" j
must_fail "--until what is no time" 2 "taste-ingest: --until: 'nowhere' is not a time*" taste-ingest tsv --until nowhere one.tsv
must_fail "--since neither" 3 "taste-ingest: nowhere: No such file*" taste-ingest tsv --since nowhere one.tsv

# order
shuf --random-source=<(yes) one.tsv > mixed.tsv; { printf 'u\tnotime\n'; cat mixed.tsv; } | pad > m2.tsv
for o in time user; do
	k=-k3,3n; [ $o = user ] && k="-k1,1 -k3,3n"
	sort -t "$T" -s $k m2.tsv > want; taste-ingest tsv --sort $o m2.tsv > got
	is "--sort $o" "$(cut -f1-3 got | cksum)" "$(cut -f1-3 want | cksum)"
done
cat two.tsv two.tsv two.tsv | taste-ingest tsv --sort user -M 1M -T . > small; cat two.tsv two.tsv two.tsv | taste-ingest tsv --sort user > large
same "-M changes nothing but the memory" small large
is "scratch files are gone" "$(ls -A | grep -c 'taste-.*tmp\|^\.taste')" 0
peak() { taste-ingest tsv --sort time "$@" -v -o /dev/null 2>&1 | sed -n 's/.*peak RSS \([0-9.]*\) MB.*/\1/p'; }
for i in 1 2 3 4 5 6; do cat two.tsv; done > six.tsv; cat six.tsv six.tsv > twelve.tsv
is "and twice the log takes no more of it" "$(echo "$(peak -M 8M six.tsv) $(peak -M 8M twelve.tsv)" | awk '{ print ($2 < $1 + 2) ? "yes" : $0 }')" yes
must_fail "-M too small" 2 "*-M: '1K' is not a size of 1M at least*" taste-ingest tsv -M 1K one.tsv
must_fail "a scratch directory that is none" 3 "taste-ingest: *nowhere*" bash -c 'taste-ingest tsv --sort time -M 1M -T nowhere twelve.tsv > none'
done_testing
