# taste-view, and what every program does alike: -V, -v, signals, temporaries, standard input.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
taste-synth --users 30 --events 2000 --items items.tsv -o log.tsv; taste-ingest tsv -b -o log.taste log.tsv
taste-train als -d 4 -e 2 -o als.taste log.taste; taste-embed -m als.taste --items all -b -o items.vecs

taste-view log.taste > got; same "a log is shown as TSV" got log.tsv
taste-view < log.taste > got; same "from a pipe too" got log.tsv
taste-view log.tsv > got; same "text is shown as it is understood" got log.tsv
is "-n shows the first few" "$(taste-view -n 3 log.taste)" "$(head -3 log.tsv)"
is "--header-out names the columns" "$(taste-view -n 1 --header-out log.taste | head -1)" "user${T}item${T}time${T}event${T}value${T}context"
like "-i says what it is and how it was made" "$(taste-view -i log.taste)" "events*EVNT*2000 records*digest*taste:*made by 1*taste-ingest*tsv*from xxh3:*"
like "-i of a model shows its history" "$(taste-view -i als.taste)" "a model*kind *als*TNSR*made by 1*taste-ingest*made by 2*taste-train*als -d 4 -e 2*from taste:*"
is "the input's digest in the history is the digest of the input" "$(taste-view -i als.taste | sed -n 's/.*from \(taste:.*\)/\1/p')" "$(taste-view -i log.taste | sed -n 's/.*digest *//p')"
is "-i through a pipe is the same" "$(taste-view -i < als.taste)" "$(taste-view -i als.taste)"
is "a tensor is shown behind its ids" "$(taste-view --tensor item.vec als.taste | head -3)" "$(taste-view items.vecs | head -3)"
for f in log.taste als.taste items.vecs; do is "-c of $f says nothing and 0" "$(taste-view -c $f 2>&1; echo $?)" 0; done
is "-c through a pipe" "$(taste-view -c < als.taste 2>&1; echo $?)" 0
taste-view -b --as items -o items.taste items.tsv; taste-view items.taste > got; same "a table goes to binary and back" got items.tsv
taste-view -b log.taste > again.taste; taste-view again.taste > got; same "binary to binary holds the same" got log.tsv
must_fail "-i of text" 4 "*is text*" taste-view -i log.tsv
must_fail "an unknown tensor" 4 "*has no tensor nope" taste-view --tensor nope als.taste
must_fail "-c and -i together" 2 "*exclude each other*" taste-view -c -i log.taste
must_fail "a file that is not there" 3 "taste-view: nothere: No such file or directory" taste-view nothere
must_fail "a directory" 3 "taste-view: .: Is a directory" taste-view .
must_fail "a full disk is told" 3 "taste-view: *No space left on device" bash -c 'taste-view log.taste > /dev/full'
for cmd in "taste-train pop als.taste" "taste-embed -m log.taste --items all" "taste-knn search als.taste items.vecs" "taste-rank log.taste" "taste-split loo -o x items.vecs" "taste-eval --truth als.taste --no-train log.tsv"; do
	must_fail "a file of another kind is told: $cmd" 4 "taste-*: *.taste holds * not *" bash -c "${cmd/items.vecs/als.taste}"
done
is "one line is enough" "$(printf 'u\ti\n' | taste-view)" "u${T}i"
is "no final newline, BOM, CRLF" "$(printf '\xef\xbb\xbfu\ti\r\nv\tj' | taste-view)" "u${T}i
v${T}j"
must_fail "a NUL byte is told" 4 "taste-view: (standard input):1: field 2: *NUL*" bash -c 'printf "u\ti\0\n" | taste-view'
must_fail "a wrong escape is told" 4 "taste-view: (standard input):1: field 1: *" bash -c 'printf "a\\\\q\tb\n" | taste-view'

# what all programs do alike
for bin in "$BIN"/taste-*; do
	t=$(basename "$bin")
	is "$t --help goes to standard output, 0" "$("$bin" --help 2>/dev/null | head -1 | cut -d' ' -f1,2)" "usage: $t"
	must_fail "$t --help to a full disk is told" 3 "$t: *No space left on device" bash -c "$bin --help > /dev/full"
	must_fail "$t --cpu that is none" 2 "*--cpu*" "$bin" --cpu z80 x
	must_fail "$t -t that is none" 2 "*--threads*" "$bin" -t -1 x
done
like "-v ends with time and memory" "$(taste-train pop -v log.taste 2>&1 >/dev/null | tail -1)" "taste-train: * s wall, * s CPU, peak RSS * MB"
is "nothing on stderr when all is well" "$(taste-train als -d 4 -e 2 log.taste 2>&1 >/dev/null)" ""
like "--progress shows in a pipe" "$(taste-synth --progress -x demo -o /dev/null 2>&1 | tr '\r' '\n' | head -2 | tail -1)" "synth: * % * events/s*"
# a signal leaves no temporary and the old file
echo old > keep.tsv
( yes "u	i	1" | head -100000000 | taste-ingest tsv -o keep.tsv ) & pid=$!
for i in 1 2 3 4 5 6 7 8 9 10; do ls .keep.tsv.tmp* > /dev/null 2>&1 && break; sleep 0.1; done
pkill -TERM -f 'taste-ingest tsv -o keep.tsv'; wait $pid 2>/dev/null
is "a signal leaves the old file" "$(cat keep.tsv)" old
is "and no temporary" "$(ls -A | grep -c '^\.keep')" 0
ln -s real.tsv link.tsv; echo x > real.tsv; taste-view log.taste -o link.tsv
is "-o through a link keeps the link" "$([ -L link.tsv ] && cmp -s real.tsv log.tsv && echo yes)" yes
chmod 640 real.tsv; taste-view log.taste -o real.tsv; is "-o keeps the mode of the file it replaces" "$(stat -c %a real.tsv)" 640
mkfifo pipe; cat pipe > got & taste-view log.taste -o pipe; wait; same "-o to a fifo is written in place" got log.tsv
done_testing
