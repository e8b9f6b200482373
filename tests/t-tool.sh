# What lib/cli does for every program: options, verbs, messages, closed descriptors, broken pipes, signals.
. "$(dirname "$0")/lib.sh"
T=$'\t'
taste-synth --users 40 --events 4000 -s 3 -o log.tsv || fail "a log can be made"
taste-ingest tsv -b -o log.taste log.tsv

# options
must_fail "a missing verb names the verbs" 2 "taste-train: say what to do: *pop*als*usage: taste-train *" taste-train
must_fail "a wrong verb is named" 2 "taste-train: 'nope' is not one of *usage: taste-train *" taste-train nope
must_fail "a file has a name" 2 "taste-train: --output: a name is empty*usage:*" taste-train als -o ''
must_fail "an option without its value is named with what it wants" 2 "*--dim needs a value (*)*usage:*" taste-train als -d
must_fail "an unknown letter is named" 2 "*unknown option -Z*usage:*" taste-train als -vZ
must_fail "a flag with a value is refused" 2 "*--verbose takes no value*" taste-train als --verbose=1 log.taste
must_fail "a value out of range says the range" 2 "*--threads: '65' is not a whole number from 0 to 64*" taste-train pop -t 65 log.taste
must_fail "a value with something behind it is refused whole" 2 "*--threads: '2x' is not*" taste-train pop -t 2x log.taste
must_fail "a control character of a value does not reach the terminal" 2 "*--threads: '?2J' is not*" taste-train pop -t $'\e2J' log.taste
must_fail "a missing file is named" 3 "taste-view: no-such: No such file or directory" taste-view no-such
must_fail "behind -- everything is a file" 3 "taste-view: -c: No such file*" taste-view -- -c
taste-train pop log.taste > a.taste
taste-train log.taste pop > b.taste 2> err; is "the verb is the first word: a file in its place is a usage error" $? 2
taste-train -q pop -t 1 log.taste > b.taste; same "options stand before or behind the verb" a.taste b.taste
taste-train als -d 8 log.taste -d 4 -e 1 -o a.taste && taste-train als -d 4 -e 1 log.taste -o b.taste; same "of an option given twice the last counts" a.taste b.taste
taste-train als --dim=4 --ep 1 log.taste -o b.taste; same "long options may be cut short" a.taste b.taste
is "--opts-tsv is letter, name, argument, default, choices, path, many, heading, help" \
	"$(taste-train --opts-tsv | awk -F '\t' -v OFS='|' 'NF != 9 { print "fields: " NF } $2 ~ /^(seed|count|part|cpu)$/ { print $1, $2, $3, $4, $5, $6, $7, $8 }')" \
	"s|seed|N|1||||
|count|WHAT|users|users|events|||pop:
|part|FILE|||file|*|blend:
|cpu|PATH|auto|auto|plain|avx2|avx512|||every program:"
is "behind a line about the first word" "$(for p in taste-split taste-eval taste-synth; do $p --opts-tsv | head -1 | cut -f1-8 | tr '\t' ':'; done)" \
	"::must::loo|time|ratio|users:file::
::may::rounds|ips|snips|dr|interleave:file::
:::::::"
like "-V tells the build and the machine" "$(taste-view -V --cpu plain -t 1 | tr '\n' ' ')" \
	"taste-view (taste) * Copyright * Apache-2.0* features:* compiler: *flags: *cpu paths: plain*cpu path: plain threads: 1 libraries: glibc *, zlib *, xxhash * system: Linux * "
like "and the libraries that the program uses" "$(taste-ingest -V | grep ^libraries)$(taste-knn -V | grep ^libraries)" "*, libcsv *, utf8proc *libraries: *xxhash *[0-9]"
is "no others" "$(taste-knn -V | grep -c 'libraries:.*\(csv\|sqlite\|sodium\)')" 0

# a standard descriptor that is closed
if are_scripts; then skip "a closed standard output is an error" "the programs are scripts, whose interpreters open files at closed descriptors"
else
	must_fail "a closed standard output is an error" 3 "taste-view: (standard output): *" bash -c 'taste-view log.taste >&-'
	must_fail "also for --help" 3 "taste-view: *" bash -c 'taste-view --help >&-'
fi
ok "a closed standard output that is not needed is none" bash -c 'taste-view log.taste -o out.tsv >&-'
same "and the file is whole" out.tsv log.tsv
taste-view -v log.taste -o out.tsv 2>&-; same "with standard error closed, messages do not go into the output" out.tsv log.tsv
bash -c 'taste-view <&- > out 2> err'; is "a closed standard input is an error" $? 3
taste-view log.taste -o out.tsv <&-; same "a closed standard input does not matter to a program that reads a file" out.tsv log.tsv

# a reader that leaves
big() { taste-synth --users 2000 --events 300000 -s 1; }
big 2> err | head -1 > line; st=(${PIPESTATUS[*]})
is "a closed reader ends it by SIGPIPE, without a word" "${st[0]} $(cat err)" "141 "
(trap '' PIPE; big 2> err | head -1 > line; echo "${PIPESTATUS[0]} $(cat err)" > end)
is "also where SIGPIPE was ignored" "$(cat end)" "141 "

# one standard input, one writer for a file
printf 'u\ti\t1\tknn\n' > c.tsv
once() { must_fail "standard input is read only once: $*" 2 "*standard input can be read only once*usage:*" "$@" < c.tsv; }
once taste-view - -
once taste-ingest tsv - -
once taste-ingest movielens - --items m.tsv --catalogue -
once taste-rank - c.tsv -
once taste-rank --items -
once taste-rank --seen - --deny - c.tsv
once taste-eval --no-train --truth -
once taste-eval --train - --truth - c.tsv
once taste-train pop - log.tsv -
must_fail "two outputs of one name are refused" 2 "taste-rank: 'both' can hold only one of the outputs*usage:*" taste-rank -o both --dropped both c.tsv
must_fail "also where one was closed before" 2 "*'both' can hold only one*" taste-eval --no-train --truth c.tsv --write-run both --write-qrels both c.tsv
must_fail "also standard output" 2 "*'standard output' can hold only one*" taste-rank --dropped - c.tsv
must_fail "under whatever name" 2 "taste-synth: 'standard output' can hold only one*" taste-synth --items /dev/stdout
must_fail "or number" 2 "taste-synth: 'standard output' can hold only one*" taste-synth -o /dev/stdout --items /dev/fd/1
echo old > kept.log; taste-view log.taste -o /dev/fd/8 8>> kept.log; is "a descriptor's name is what is open there: >> holds" "$(head -1 kept.log; wc -l < kept.log)" "old
4001"
is "and neither is left" "$(ls -A | grep -c both)" 0
if shm=$(mktemp -d /dev/shm/taste-test.XXXXXX 2> none); then
	must_fail "files under /dev are files" 2 "taste-rank: '*/both' can hold only one of the outputs*" taste-rank -o $shm/both --dropped $shm/both c.tsv
	cp c.tsv $shm/c; must_fail "also where one is read" 2 "taste-rank: '*/c' is read: it cannot be written aside*" taste-rank -o none --dropped $shm/c $shm/c
	rm -r "$shm"
else skip "files under /dev are files" "no /dev/shm"; fi
ok "but a device takes many" taste-rank -o /dev/null --dropped /dev/null c.tsv

tcp='$l = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1"); $p = $l->sockport; if (!fork) { $c = $l->accept; sysread $c, $x, 1; close $c; exit }
$s = IO::Socket::INET->new("127.0.0.1:$p") or exit 99; $SIG{PIPE} = "DEFAULT"; open STDOUT, ">&", $s; close $s; exec @ARGV'
perl -MIO::Socket::INET -e "$tcp" -- taste-synth --users 2000 --events 300000 2> err; st=$?
[ $st = 99 ] && skip "a socket whose other end is gone ends it like a pipe" "no network" || is "a socket whose other end is gone ends it like a pipe" "$st $(cat err)" "141 "

cp log.taste precious
for c in "taste-train pop" "taste-train trees" "taste-train seq" "taste-train blend --valid v --part x --part y" "taste-embed -m x" "taste-score -m x" "taste-eval --no-train --truth x" "taste-rank" "taste-rank candidates --users all" "taste-knn search" "taste-knn stats"; do
	must_fail "another kind of thing does not take the place of what it is made of: $c" 2 "*'precious' is read: it cannot be written over*" $c -o precious precious; same "which is there" precious log.taste
done
ok "a log may take the place of its own" taste-view -b -o precious precious; same "and does" <(taste-view precious) <(taste-view log.taste)
mkdir pipe; (cd pipe; taste-synth --users 100 --events 50000 -o big.tsv --items /dev/stdout | head -1 > line; taste-synth --users 3000 --events 300000 -o big.tsv --items /dev/stdout | head -1 > line)
is "nor a temporary when the other output's reader is gone" "$(ls -A pipe)" line
(cd pipe; ulimit -f 1; taste-synth --users 100 --events 50000 -o big.tsv 2> line; echo $? >> line)
is "a file size limit is an error like others" "$(ls -A pipe; cat pipe/line)" "line
taste-synth: big.tsv: File too large
3"
# signals
wait_for() { for _ in $(seq 100); do compgen -G "$1" > /dev/null && return 0; sleep 0.05; done; return 1; }
for sig in INT TERM HUP; do
	echo old > keep
	rm -f in; mkfifo in
	# with job control, or the shell starts it with SIGINT ignored
	set -m; taste-view -o keep < in & pid=$!; set +m
	exec 9> in; printf 'u\ti\t1\n' >&9
	wait_for ".keep.*" && pass "while it runs the output is a temporary ($sig)" || fail "while it runs the output is a temporary ($sig)" "$(ls -A)"
	kill -$sig $pid; wait $pid 2> err; st=$?
	exec 9>&-
	is "SIG$sig ends it as that signal, keeps the old file, leaves no temporary" "$st $(cat keep) $(ls -A | grep -c '^\.keep')" "$((128 + $(kill -l $sig))) old 0"
done
(trap '' HUP; exec taste-view < in > out) & pid=$!
exec 9> in; printf 'u\ti\t1\n' >&9; kill -HUP $pid; exec 9>&-
wait $pid; is "under nohup a hangup does not end it" "$? $(cat out)" "0 u${T}i${T}1"

taste-view -o keep < in 2> err & pid=$!
exec 9> in; printf 'u\ti\t1\n' >&9; wait_for ".keep.*"; kill -USR1 $pid; wait $pid 2> /dev/null; st=$?; exec 9>&-
is "so does a signal that no program knows" "$st $(cat keep) $(ls -A | grep -c '^\.keep')" "$((128 + $(kill -l USR1))) old 0"
taste-train als -d 8 -e 1 log.taste | taste-embed -m - --items all > items.tsv; taste-knn build -o items.idx items.tsv
taste-knn search --line -k 1 items.idx < in > out 2> err & pid=$!
exec 9> in; head -1 items.tsv | cut -f1 >&9; for _ in $(seq 100); do [ -s out ] && break; sleep 0.05; done
: > items.idx; cut -f1 items.tsv >&9; exec 9>&-; wait $pid
is "a mapped file that is cut short is an error with a sentence" "$? $(cat err)" "3 taste-knn: a file was made shorter while it was read, or its disk fails"

# what is read is not written over, and what is replaced keeps what it had
mkdir many; for i in $(seq 300); do head -1 log.tsv > many/$i; done
must_fail "the last of many files is not written over either" 2 "*'many/99' is read: it cannot be written over*" taste-train pop -o many/99 many/*
cp log.tsv in.tsv; must_fail "nor what standard input is" 2 "*'in.tsv' is read: it cannot be written over*" bash -c 'taste-train pop -o in.tsv < in.tsv'; same "which is there" in.tsv log.tsv
ok "but by what is of its kind" bash -c 'taste-view -n 5 --as events -o in.tsv < in.tsv'; is "it is" "$(wc -l < in.tsv)" 5
taste-train als -d 8 -e 1 -o m.taste log.taste; taste-embed -m m.taste --items all -b -o m.vecs; taste-knn build -o m.idx m.vecs; head -3 items.tsv > ids; cp m.taste old.taste
for c in "view -i -o m.taste m.taste" "view -o m.taste m.taste" "knn build -o m.vecs m.vecs" "knn add -o m.vecs m.idx m.vecs" "knn delete -o ids m.idx ids"; do
	must_fail "not by another kind of thing: $c" 2 "taste-*: '*' is read: it cannot be written over*" taste-$c
done
same "a model stays one" m.taste old.taste; ok "an index makes way for one" taste-knn delete -o m.idx m.idx ids
ln -s /dev/stdout link; echo old > got; taste-view -n 1 log.tsv -o link >> got; is "a link to standard output is that" "$(head -1 got) $(wc -l < got)" "old 2"
must_fail "which can hold only one of the outputs" 2 "*can hold only one of the outputs*" taste-ingest tsv --items link log.tsv
ln -s nothing.yet dangling; must_fail "nor can what a link leads to" 2 "*can hold only one of the outputs*" taste-ingest tsv --items dangling -o nothing.yet log.tsv
if [ "$(id -u)" = 0 ]; then
	: > theirs; chown 12:34 theirs; chmod 640 theirs; taste-view -n 1 -o theirs log.tsv; is "a file that is replaced keeps owner, group and mode" "$(stat -c '%u %g %a' theirs)" "12 34 640"
	mkdir sticky; : > sticky/theirs; chmod 1777 sticky; chmod 666 sticky/theirs; chown 12 sticky sticky/theirs
	if command -v setpriv > /dev/null && setpriv --reuid 56 --regid 56 --clear-groups true 2> /dev/null && setpriv --reuid 56 --regid 56 --clear-groups test -x "$PWD" -a -x "$(command -v taste-synth)"; then
		must_fail "what may be written but not replaced is told at the start" 3 "taste-synth: sticky/theirs: Operation not permitted" setpriv --reuid 56 --regid 56 --clear-groups taste-synth --users 5 --events 10 -o sticky/theirs
	fi
fi
if unshare -m true 2> /dev/null; then
	: > mounted; must_fail "so is a mount point" 3 "taste-synth: mounted: Device or resource busy" unshare -m sh -c 'mount --bind mounted mounted && exec taste-synth --users 5 --events 10 -o mounted'
fi
if command -v python3 > /dev/null; then
	python3 - > got <<-'END'
		import os, subprocess, time
		r, w = os.pipe(); os.set_blocking(w, False); q, x = os.pipe(); os.set_blocking(q, False)
		p = subprocess.Popen(["taste-view", "--as", "events"], stdin=q, stdout=w); os.close(w); os.close(q)
		time.sleep(.1)
		data = open("log.tsv", "rb").read() * 3
		if os.fork() == 0:
		    os.close(r)
		    with os.fdopen(x, "wb") as f: f.write(data)
		    os._exit(0)
		os.close(x); time.sleep(.3)
		got = os.fdopen(r, "rb").read()
		print(p.wait(), got == data)
	END
	is "pipes that do not block are waited for" "$(cat got)" "0 True"
else
	skip "pipes that do not block are waited for" "no python3"
fi
like "a name's own lines are not the message's" "$(taste-view $'a\nb: fake' 2>&1)" 'taste-view: a?b: fake: No such file*'
if command -v script > /dev/null && script -qec true /dev/null > none 2>&1 < /dev/null; then
	script -qec 'stty cols 12; taste-synth --users 4000 --events 2500000 -b -o big' /dev/null < /dev/null > got
	is "progress is no wider than the terminal" "$(tr '\r' '\n' < got | sed 's/\x1b\[K//' | awk 'length > m { m = length } END { print (NR > 2), m }')" "1 11"
else
	skip "progress is no wider than the terminal" "no script(1), or no terminal to be had"
fi

# CPUs
if command -v taskset > /dev/null; then
	n=$(taskset -c 0 taste-train pop -t 0 log.taste -o /dev/null & pid=$!; wait $pid; echo $?)
	is "-t 0 runs where one CPU is allowed" "$n" 0
fi
for cpu in $(taste-view -V | sed -n 's/^cpu paths: //p') auto; do
	taste-train als -d 16 -e 2 --cpu $cpu log.taste -o x.taste
	[ -e first.taste ] || cp x.taste first.taste
	same "--cpu $cpu: the same bytes" x.taste first.taste
done
must_fail "an unknown path names those there are" 2 "*'z80' is not a CPU path: auto, plain, avx2, avx512*usage:*" taste-view --cpu z80 log.taste
done_testing
