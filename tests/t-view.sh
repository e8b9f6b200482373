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
is "once, before the events of several files" "$(taste-view -n 1 --header-out items.vecs log.taste log.tsv | grep -c ^user)" 1
is "and with -c nothing" "$(taste-view -c --header-out log.taste log.taste; echo $?)" 0
must_fail "-c of the first few" 2 "*-c checks the whole: no -n*" taste-view -c -n 3 log.taste
taste-view -b --as events -n 3 log.tsv > few.taste; (head -c 100 log.tsv; sleep 0.1; tail -c +101 log.tsv) | taste-view -b --as events -n 3 > got
same "-b -n is the same of a file and of a slow pipe" got few.taste
is "it holds the first few" "$(taste-view few.taste)" "$(head -3 log.tsv)"
is "and its history tells of the whole input" "$(taste-view -i few.taste | sed -n 's/.*from //p')" "$(taste-view -i log.tsv | sed -n 's/.*digest *//p')"
like "of binary, too" "$(taste-view -b -n 3 log.taste | taste-view -i)" "*3 records*made by 1*taste-ingest*made by 2*taste-view*"
like "and of vectors" "$(taste-view -b -n 3 items.vecs | taste-view -i)" "*3 records*taste-train*taste-embed*taste-view*"
must_fail "standard input has a name" 4 "taste-view: (standard input) holds text: only*" bash -c 'taste-view --tensor x < log.tsv'
must_fail "standard input is read once" 2 "*standard input can be read only once*" taste-view - -
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
must_fail "--tensor of what is no model" 4 "taste-view: log.taste holds events: only models and indexes have tensors" taste-view --tensor x log.taste
must_fail "--as of what there is not" 2 "*--as: 'songs' is none of events, vectors*" taste-view --as songs log.tsv
must_fail "-b of a text that nobody named" 2 "*-b needs --as*" taste-view -b log.tsv
printf 'i\tmusic\tT\n' | taste-view -b --as items > ti; printf 'u\ti\t1\n' | taste-view -b --as ranked > tr; cat ti ti > tii; cat ti tr > tir
for o in -c -b ""; do ok "tables of one schema are joined: $o" bash -c "taste-view $o tii > got"; must_fail "of two schemas they are none: $o" 4 "taste-view: tir holds items, and behind them ranked: these are no one table" taste-view $o tir; done
printf 'a 1 2\nb 3 4\n' > g.txt; ok "-c --as vectors checks a text of them" taste-view -c --as vectors g.txt; like "and -i tells of it" "$(taste-view -i --as vectors g.txt)" "vectors*vectors    2*"
printf 'a 1 2\nb 3\n' > g.txt; must_fail "and finds what is wrong" 4 "taste-view: g.txt:2: *" taste-view -c --as vectors g.txt; : > g.txt; must_fail "an empty text is not sound" 4 "*g.txt is empty*" taste-view -c --as vectors g.txt
taste-train pop -o pop.m log.taste; must_fail "-b of a model" 2 "taste-view: -b is of events, tables and vectors: pop.m holds a model*" taste-view -b pop.m
for o in "-i -n 2" "-i --header-out" "-i --as events" "--repair -o x" "--repair -n 1" "-b --header-out"; do must_fail "an option that would do nothing: $o" 2 "taste-view: *usage:*" taste-view $o log.taste; done
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

# vectors that other programs wrote: each of these files holds a (1, -0.5) and b (0, 2)
printf 'a\t1\t-0.5\nb\t0\t2\n' > want.named; printf '0\t1\t-0.5\n1\t0\t2\n' > want
one='\0\0\x80\x3f' minus='\0\0\0\xbf' zero='\0\0\0\0' two='\0\0\0\x40' d='\2\0\0\0'
{ printf "\x93NUMPY\1\0\x76\0%-117s\n" "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"; printf "$one$minus$zero$two"; } > array.npy
printf "$d$one$minus$d$zero$two" > v.fvecs; printf "$d$d$one$minus$zero$two" > v.fbin
printf '2 2\na 1 -0.5 \nb 0 2 \n' > v.w2v; printf 'a 1 -.5\nb 0 2' > v.glove; printf "2 2\na $one$minus\nb $zero$two\n" > v.bin
for f in array.npy v.fvecs v.fbin v.w2v v.glove v.bin; do
	case $f in *.npy | *.f*) want=want ;; *) want=want.named ;; esac
	taste-view --as vectors $f > got; same "$f is a vectors stream" got $want
	gzip -c $f > $f.gz; taste-view --as vectors $f.gz > got; same "and packed" got $want
	case $f in array.npy) format=npy ;; v.bin) format=w2v-bin ;; *) format=${f#v.} ;; esac
	cat $f.gz | taste-view --format $format > got; same "and through a pipe, named" got $want
	ok "-c finds $f sound" taste-view -c --format $format $f
done
for f in array.npy v.fvecs v.fbin v.bin; do
	case $f in v.bin) want=want.named ;; *) want=want ;; esac
	taste-view $f > got; same "$f needs nobody to say what it is" got $want
	taste-view -b -o v.taste $f; taste-view v.taste > got; same "nor does -b" got $want
done
is "text is a table unless --as says vectors" "$(taste-view v.glove)" "a 1 -.5
b 0 2"
is "TSV is no word2vec" "$(printf '2 2\t1\n' | taste-view --as vectors)" "2 2${T}1"
is "and no GloVe" "$(printf 'a 1\t2\n' | taste-view --as vectors)" "a 1${T}2"
is "a word's own bytes are escaped" "$(printf 'a 1\nb\tc 2\n' | taste-view --as vectors)" "a${T}1
b\\tc${T}2"
like "-i says which format it was" "$(taste-view -i v.fbin | tr -s ' \n' ' ')" "vectors format fbin vectors 2 dim 2 digest xxh3:* "
is "the digest of a mapped file is that of a pipe" "$(taste-view -i array.npy)" "$(taste-view -i < array.npy)"
is "and is the input's in the history" "$(taste-view -b v.fbin | taste-view -i | sed -n 's/.*from //p')" "$(taste-view -i v.fbin | sed -n 's/.*digest *//p')"
is "taste-knn searches them" "$(printf 'q\t1\t0\n' | taste-knn search -k 2 v.fbin - | cut -f1-3)" "q${T}0${T}1
q${T}1${T}0"
is "taste binary is itself whatever is said" "$(taste-view --format glove -n 1 items.vecs)" "$(taste-view -n 1 items.vecs)"
is "the first word of GloVe may have blanks, too" "$(printf '. . 1 2\na 3 4\n' | taste-view --format glove)" ". .${T}1${T}2
a${T}3${T}4"
is "so is npy" "$(taste-view --format fbin array.npy)" "$(taste-view array.npy)"
is "and a search takes the one so and the other so" "$(taste-knn search --format fbin -k 2 v.fbin array.npy)" "$(taste-knn search -k 2 v.fbin v.fbin)"
must_fail "a format that the file has not" 4 "taste-view: v.glove: vectors of * components: they have 1 to 65536; read as fbin" taste-view --format fbin v.glove
must_fail "a format that is none" 2 "*--format: 'parquet' is not one of *" taste-view --format parquet v.fbin
must_fail "a format of what is no vectors" 2 "*--format is of vectors, not of events*" taste-view --format npy --as events v.fbin
must_fail "a vector that is cut off is named" 4 "taste-view: (standard input): vector 2 of 2: the file ends before it does" bash -c 'head -c 20 v.fbin | taste-view --format fbin'
must_fail "a file that is longer than it says" 4 "taste-view: long.fbin: there is more behind the last of 2 vectors" bash -c '{ cat v.fbin; echo; } > long.fbin; taste-view long.fbin'
must_fail "-c finds it" 4 "taste-view: long.fbin: there is more behind the last of 2 vectors" taste-view -c long.fbin
must_fail "NaN is told" 4 "taste-view: nan.fvecs: vector 1: component 1 is not a finite float32" bash -c 'printf "\1\0\0\0\0\0\xc0\x7f" > nan.fvecs; taste-view nan.fvecs'
must_fail "an array by columns is told" 4 "taste-view: turned.npy: the array is stored by columns*" bash -c 'sed "s/False, /True,  /" array.npy > turned.npy; taste-view turned.npy'
must_fail "fbin that nobody named is no table" 4 "taste-view: (standard input):*" bash -c 'taste-view < v.fbin'
must_fail "--tensor of an array" 4 "taste-view: array.npy holds vectors: only models and indexes have tensors" taste-view --tensor x array.npy
for py in python3 /usr/bin/python3 ''; do [ -z "$py" ] || ! $py -c 'import numpy' 2> /dev/null || break; done
if [ -n "$py" ]; then
	$py - <<-'PY'
	import numpy as np
	x = np.random.default_rng(1).standard_normal((500, 17)).astype('<f4')
	for name, a in ('f4', x), ('f8', x.astype('<f8') * (1 + 1e-9)), ('f2', x.astype('<f2')), ('i1', (x * 30).astype('i1')), ('u1', (abs(x) * 30).astype('u1')):
	    np.save(name + '.npy', a)
	    np.save(name + '.col.npy', np.asfortranarray(a))
	    open(name + '.raw', 'wb').write(a.astype('<f4').tobytes())
	PY
	for t in f4 f8 f2 i1 u1; do
		taste-view $t.npy > got
		ok "numpy's array of $t is read as numpy reads it" $py -c 'import numpy, sys
a = numpy.loadtxt("got", dtype="<f4"); b = numpy.fromfile(sys.argv[1], dtype="<f4").reshape(500, 17)
assert (a[:, 1:] == b).all() and (a[:, 0] == range(500)).all()' $t.raw
		must_fail "and not the same by columns" 4 "taste-view: $t.col.npy: the array is stored by columns*" taste-view $t.col.npy
	done
else
	skip "numpy's arrays are read as numpy reads them" "python3 has no numpy"
fi

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
