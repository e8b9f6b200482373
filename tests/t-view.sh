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
like "-i of text counts and gives the digest that histories call it by" "$(taste-view -i log.tsv | tr -s ' \n' ' ')" \
	"text lines 2000 fields 6 digest $(taste-view -i log.taste | sed -n 's/.*from \(xxh3:.*\)/\1/p') "
like "-i of nothing says so" "$(printf '' | taste-view -i)" "empty*lines *0*"
like "-i of several files names them" "$(taste-view -i log.taste items.vecs | grep -v '^ ')" "log.taste: events
items.vecs: vectors"
like "-i of a model lists its tensors" "$(taste-view -i als.taste)" "*tensor *item.vec f32 [0-9]* x 4*"
cat log.taste log.taste items.vecs > mixed.taste
is "-i of joined streams is a page for each" "$(taste-view -i mixed.taste | grep -v '^ ' | tr '\n' ' ')" "events events vectors "
like "and each knows where it begins" "$(taste-view -i mixed.taste | grep 'at byte' | tr -s ' \n' ' ')" " at byte 0 at byte $(wc -c < log.taste) at byte $(($(wc -c < log.taste) * 2)) "
must_fail "-c of joined streams of two kinds" 4 "taste-view: mixed.taste holds vectors, not events" taste-view -c mixed.taste
must_fail "--tensor of what is no model" 4 "taste-view: log.taste holds events: only a model has tensors" taste-view --tensor x log.taste
must_fail "--as of what there is not" 2 "*--as: 'songs' is none of events, vectors*" taste-view --as songs log.tsv
must_fail "-b of a text that nobody named" 2 "*-b needs --as*" taste-view -b log.tsv
must_fail "-b of two files" 2 "*-b takes one file; cat joins binary ones*" taste-view -b log.taste log.taste
taste-view -b --as vectors -o v.taste items.tsv 2>/dev/null; [ ! -e v.taste ] && pass "what cannot be made leaves no file" || fail "what cannot be made leaves no file"
printf 'id\t1\t2\n' | taste-view -b --as vectors > v.taste; is "vectors go to binary and back" "$(taste-view v.taste)" "id${T}1${T}2"
must_fail "no vectors have no binary" 4 "*no vectors, so nothing says how many components*" bash -c ': | taste-view -b --as vectors'
printf 'u\ti\t\tpl\033[31may\n' | taste-ingest tsv -b > esc.taste; taste-train pop --weight "$(printf 'a\\b=2')" esc.taste > esc.model
is "-i sends nothing to a terminal that it would obey" "$(taste-view -i esc.taste esc.model | tr -d '\n[:print:]' | wc -c)" 0
for ((i = 8; i < $(wc -c < items.vecs); i += 997)); do head -c $i items.vecs | taste-view -c 2>/dev/null; [ $? -eq 4 ] || echo $i; done > missed
is "-c through a pipe finds every cut" "$(cat missed)" ""
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
like "--progress shows in a pipe" "$(taste-synth --progress --events 2000000 -o /dev/null 2>&1 | tr '\r' '\n' | head -2 | tail -1)" "synth: * % * events/s*"
# a signal leaves no temporary and the old file
echo old > keep.tsv
taste-ingest tsv -o keep.tsv < <(yes "u	i	1" | head -100000000) & pid=$!
for i in 1 2 3 4 5 6 7 8 9 10; do ls .keep.tsv.tmp* > /dev/null 2>&1 && break; sleep 0.1; done
kill -TERM $pid; wait $pid 2>/dev/null
is "a signal leaves the old file" "$(cat keep.tsv)" old
is "and no temporary" "$(ls -A | grep -c '^\.keep')" 0
ln -s real.tsv link.tsv; echo x > real.tsv; taste-view log.taste -o link.tsv
is "-o through a link keeps the link" "$([ -L link.tsv ] && cmp -s real.tsv log.tsv && echo yes)" yes
chmod 640 real.tsv; taste-view log.taste -o real.tsv; is "-o keeps the mode of the file it replaces" "$(stat -c %a real.tsv)" 640
mkfifo pipe; cat pipe > got & taste-view log.taste -o pipe; wait; same "-o to a fifo is written in place" got log.tsv
done_testing
