# tests/every.sh - sourced behind lib.sh: every program under the same trial. For t-disk.sh, t-signals.sh and scripts/stress.
#
#   every_world [USERS EVENTS]		makes what the commands read, in the current directory, and EVERY, a line for each program, verb and option that names
#					an output: NAME, the simple command with OUT where the output is named, what files it makes behind OUT (`.`: OUT
#					itself), what is in OUT before (none: a file that says `old`). What each command writes is in ref/
#   every TRIAL [PATTERN [STEP]]	does TRIAL with each command whose name fits, or each STEPth of them. ODD then holds a line for each that went wrong;
#					TRIED counts runs, HIT those that a signal has ended
#   trial_...				the trials. The output is d/out; nothing else may be left in d
#
# As root, AS is what makes a command one of nobody, or `skip` where that cannot be.

every_world() {
	local n="--users ${1:-30} --events ${2:-1500} --music 150 --podcasts 20 --audiobooks 10 -s 7"
	"$SRC/tests/world.sh" $n &&
	taste-knn search -q -b -k 20 --exclude my.train.tsv -o near.taste items.vecs users.vecs &&
	awk -F '\t' '{ n = $1 == u ? n + 1 : 1; u = $1 } n == 2' cand.tsv > second.tsv &&
	{ cat log.tsv; printf 'only\n'; } > bad.tsv || return 1
	echo old > old

	EVERY="\
split	taste-split loo --min 3 -o OUT log.tsv	.train.tsv .valid.tsv .test.tsv
split -b	taste-split time -b -o OUT log.tsv	.train.taste .valid.taste .test.taste
ingest	taste-ingest tsv -o OUT log.tsv
ingest -b	taste-ingest tsv -b -o OUT log.tsv
ingest --sort	taste-ingest tsv --sort user -M 1M -o OUT log.tsv
ingest --items	taste-ingest tsv -o /dev/null --catalogue items.tsv --items OUT log.tsv
ingest --rejects	taste-ingest tsv -o /dev/null --rejects OUT bad.tsv
train pop	taste-train pop -o OUT log.tsv
train als	taste-train als -d 8 -e 2 -o OUT log.tsv
train als --tune	taste-train als -d 8 -e 2 --trials 3 --tune my.valid.tsv -o OUT my.train.tsv
train ease	taste-train ease -o OUT log.tsv
train graph	taste-train graph --rank 8 -o OUT log.tsv
train softmax	taste-train softmax -d 8 -e 2 -o OUT log.tsv
train session	taste-train session -d 8 -e 2 -o OUT log.tsv
train seq	taste-train seq -d 8 -e 1 --length 20 -o OUT log.tsv
train seq --checkpoint	taste-train seq -d 8 -e 2 --length 20 -o /dev/null --checkpoint OUT log.tsv
train blend	taste-train blend --part als.taste --part graph.taste --weights 0.4,0.6 -o OUT
train blend --valid	taste-train blend --part als.taste --part graph.taste --valid my.valid.tsv -o OUT my.train.tsv
train trees	taste-train trees --trees 5 -o OUT rows.tsv
embed --items	taste-embed -m als.taste --items all -o OUT
embed --users	taste-embed -m als.taste --users all -b -o OUT
embed	taste-embed -m als.taste -o OUT my.test.tsv
embed --state	taste-embed -q -m seq.taste --kind music -o /dev/null --state OUT my.train.tsv	.	none
embed --state again	taste-embed -q -m seq.taste --kind music -o /dev/null --state OUT my.test.tsv	.	seq.state
knn build	taste-knn build --degree 8 --entries 8 -o OUT items.vecs
knn add	taste-knn add -o OUT items.idx few.vecs
knn delete	taste-knn delete -o OUT items.idx few.ids
knn add in its place	taste-knn add OUT few.vecs	.	items.idx
knn delete in its place	taste-knn delete OUT few.ids	.	items.idx
knn search	taste-knn search -o OUT items.vecs users.vecs
knn search index	taste-knn search -b -o OUT items.idx users.vecs
knn merge	taste-knn merge -o OUT near.taste cand.tsv
knn stats	taste-knn stats -o OUT items.idx
rank	taste-rank -o OUT --items items.tsv cand.tsv
rank --trees	taste-rank -q --trees trees.taste --past past.taste -o OUT cand.tsv
rank --dropped	taste-rank -o /dev/null --allow few.ids --dropped OUT cand.tsv
rank candidates	taste-rank candidates -o OUT log.tsv
rank features	taste-rank features -q --events log.tsv --requests my.test.tsv -o OUT cand.tsv
rank features --truth	taste-rank features -q --events log.tsv --requests my.test.tsv -o /dev/null --truth OUT cand.tsv
rank merge	taste-rank merge -o OUT cand.tsv ranked.tsv
rank past	taste-rank past --events log.tsv --items items.tsv -o OUT
rank predict	taste-rank predict -m trees.taste -o OUT rows.tsv
score	taste-score -q -m als.taste -o OUT my.train.tsv
eval	taste-eval -o OUT --bootstrap 50 --truth my.test.tsv --train my.train.tsv ranked.tsv
eval --per-user	taste-eval -o /dev/null --bootstrap 50 --per-user OUT --truth my.test.tsv --train my.train.tsv ranked.tsv
eval --write-run	taste-eval -o /dev/null --bootstrap 50 --write-run OUT --truth my.test.tsv --train my.train.tsv ranked.tsv
eval --write-qrels	taste-eval -o /dev/null --bootstrap 50 --write-qrels OUT --truth my.test.tsv --train my.train.tsv ranked.tsv
eval rounds	taste-eval rounds --train my.train.tsv -o OUT ranked.tsv popular.tsv
eval ips	taste-eval ips --bootstrap 50 --answers drawn.answers -o OUT second.tsv
eval snips	taste-eval snips --bootstrap 50 --answers drawn.answers -o OUT second.tsv
eval dr	taste-eval dr --bootstrap 50 --model-rewards second.tsv --answers drawn.answers -o OUT second.tsv
eval interleave	taste-eval interleave -k 8 -o OUT ranked.tsv popular.tsv
eval interleave --answers	taste-eval interleave --answers both.answers -o OUT ranked.tsv popular.tsv
view	taste-view -o OUT log.taste
view -b	taste-view -b --as vectors -o OUT items.vecs.tsv
view -i	taste-view -i -o OUT als.taste
view --tensor	taste-view --tensor item.count -o OUT pop.taste
synth	taste-synth $n -o OUT
synth --items	taste-synth $n -o /dev/null --items OUT
synth --truth	taste-synth $n -o /dev/null --truth-top 5 --truth OUT
synth --answer	taste-synth $n --answer ranked.tsv -o OUT
synth --pairs	taste-synth $n -o /dev/null --pairs ranked.tsv --truth OUT
synth --answers-truth	taste-synth $n --answer ranked.tsv -o /dev/null --answers-truth OUT"
	mkdir ref d
	chmod 755 . ; chmod 777 d
	declare -gA TOOK RUNS	# microseconds, by name; runs, by program and trial
	mkfifo left
	AS=
	if [ "$(id -u)" = 0 ]; then
		AS="setpriv --reuid=65534 --regid=65534 --clear-groups"
		$AS taste-view --help > none 2>&1 || AS=skip
	fi
	every reference
	ok "every command does its work" [ -z "$ODD" ]
	[ -z "$ODD" ] || { echo "$ODD" >&2; return 1; }
}

every() {
	local suffixes before n=0 was
	ODD= TRIED=0 HIT=0
	while IFS=$'\t' read -r -u 7 NAME CMD suffixes before; do
		[[ $NAME == ${2:-*} ]] && ((n++ % ${3:-1} == 0)) || continue
		if [ "${suffixes:-.}" = . ]; then PARTS=(''); else PARTS=($suffixes); fi
		PROGRAM=${CMD%% *} REF=ref/${NAME// /_} OLD=${before:-old} TO_STDOUT=
		IS_ONE=$((${#PARTS[@]} == 1)) IN_PLACE=$((${#before} > 0))
		[[ $CMD == *"-o OUT"* && $IS_ONE = 1 ]] && TO_STDOUT=${CMD/-o OUT/-o -}
		was=$TRIED
		"trial_$1"
		RUNS[$PROGRAM $1]=$((${RUNS[$PROGRAM $1]:-0} + TRIED - was))
	done 7<<< "$EVERY"
}

odd() { ODD+="$NAME: $1"$'\n'; }
# run PATH : the command with PATH for OUT. Its status in ST, its words in SAID.
run() { (eval "exec ${BY:-}${CMD//OUT/$1}" < /dev/null 2> err); ST=$?; SAID=$(< err); TRIED=$((TRIED + 1)); }
# to_stdout : with standard output, which is the caller's, for OUT
to_stdout() { (eval "exec $TO_STDOUT" < /dev/null 2> err); ST=$?; SAID=$(< err); TRIED=$((TRIED + 1)); }
# says STATUS SENTENCE : so it ended, and this was the last it said
says() {
	[ "$ST" -eq "$1" ] || odd "status $ST, not $1: $SAID"
	[[ ${SAID##*$'\n'} == "$PROGRAM: "$2 ]] || odd "said '${SAID##*$'\n'}', not '$2'"
}
# fill : the older output into d, which is empty
fill() { local p; [ $OLD = none ] || for p in "${PARTS[@]}"; do cp $OLD "d/out$p"; done; }
fresh() { rm -rf d; mkdir d; fill; }
# clean : no temporary and no lock in d
clean() { compgen -G 'd/.out*' > /dev/null && odd "leaves $(echo d/.out*)"; }
is_old() { if [ $OLD = none ]; then [ ! -e "$1" ]; else cmp -s "$1" $OLD; fi; }
old() { local p; for p in "${PARTS[@]}"; do is_old "d/out$p" || odd "${1:-the older file is gone}"; done; clean; }
whole() { local p; for p in "${PARTS[@]}"; do cmp -s "d/out$p" "$REF$p" || odd "${1:-the file is not what it should be}"; done; clean; }
# either : each file is the older one or the whole of the new. A checkpoint that is written after each epoch may be of any.
either() {
	local p
	for p in "${PARTS[@]}"; do
		cmp -s "d/out$p" "$REF$p" || is_old "d/out$p" || { [[ $NAME == *--checkpoint ]] && taste-view -c "d/out$p" 2> none; } || odd "${1:-the file is neither the older nor the whole}"
	done
}

trial_reference() {
	local start
	if [ $IN_PLACE = 1 ]; then fresh; [ $OLD = none ] || cp $OLD "$REF"; fi
	start=$EPOCHREALTIME; run "$REF"; TOOK[$NAME]=$((${EPOCHREALTIME/./} - ${start/./}))
	[ $ST -eq 0 ] || odd "status $ST: $SAID"
}

# ---- where nothing can be written ----

trial_full_stdout() { [ -n "$TO_STDOUT" ] || return; to_stdout > /dev/full; says 3 "(standard output): No space left on device"; }
trial_full_device() { [ $IS_ONE = 1 ] && [ $IN_PLACE = 0 ] || return; run /dev/full; says 3 "/dev/full: No space left on device"; }
# d is a file system with little room: it fails and the older file stays, or what is written is small
trial_small_disk() {
	rm -rf d/* d/.out*
	fill 2> none || return	# no room for the older one
	run d/out
	if [ $ST -eq 0 ]; then whole; else says 3 "d/*out*: No space left on device"; either; clean; fi
}
trial_size_limit() {
	fresh
	BY="prlimit --fsize=1024 " run d/out
	if [ "$ST" -eq 0 ]; then whole; else says 3 "*: File too large"; either; clean; fi
}
trial_no_directory() { [[ $NAME != knn*place ]] || return; run d/none/out; says 3 "d/none/*out*: No such file or directory"; }
trial_directory() { [ $IS_ONE = 1 ] && [[ $NAME != knn*place ]] || return; run d; says 3 "d: Is a directory"; [ -d d ] || odd "the directory is gone"; }
trial_locked_file() { fresh; [ $OLD != none ] || return; chmod -R a-w d/*; chmod 777 d; BY="$AS " run d/out; says 3 "d/out*: Permission denied"; old; }
trial_locked_directory() { fresh; chmod a+w d/* 2> none; chmod 555 d; BY="$AS " run d/out; chmod 777 d; says 3 "d/*out*: Permission denied"; old; }
# a file system that may only be read
trial_read_only() { [ $IN_PLACE = 0 ] || [ $OLD = none ] || return; run d/out; says 3 "d/*out*: Read-only file system"; clean; }

# ---- what stands in the place of the output ----

trial_link() {
	[ $IS_ONE = 1 ] || return
	fresh; mkdir d/far; [ -e d/out ] && mv d/out d/far/it; ln -s far/it d/out
	run d/out; [ $ST -eq 0 ] || odd "status $ST: $SAID"
	[ -L d/out ] || odd "the link is a file now"
	whole "through a link"; [ "$(ls -A d/far)" = it ] || odd "beside the target: $(ls -A d/far)"
}
trial_loose_link() {
	[ $IS_ONE = 1 ] && [ $IN_PLACE = 0 ] || return
	fresh; mkdir d/far; rm -f d/out; ln -s far/it d/out
	run d/out; [ $ST -eq 0 ] || odd "status $ST: $SAID"
	[ -L d/out ] || odd "the link to nothing is a file now"
	whole "through a link to nothing"
}
trial_fifo() {
	[ $IS_ONE = 1 ] && [ $IN_PLACE = 0 ] && [[ $NAME != *--checkpoint ]] || return
	fresh; rm d/out; mkfifo d/out; timeout 20 cat d/out > got & run d/out; wait $!
	[ $ST -eq 0 ] && cmp -s got "$REF" || odd "into a fifo: status $ST: $SAID"
}

# ---- what goes in ----

# inputs : the words of the command that are files here
inputs() { local w; for w in $CMD; do [ -f "$w" ] && echo "$w"; done; }
# instead FILE PATH : the command with another path for that file
instead() { CMD=" $CMD "; CMD=${CMD/ $1 / $2 }; }
trial_missing_input() { local f c=$CMD; for f in $(inputs); do fresh; instead "$f" nowhere; run d/out; says 3 "*nowhere: No such file or directory"; old; CMD=$c; done; }
trial_directory_input() { local f c=$CMD; for f in $(inputs); do fresh; instead "$f" ref; run d/out; says 3 "*ref: Is a directory"; old; CMD=$c; done; }
# the output is the input: what comes is right, or it is refused and the file is as it was
trial_same_file() {
	local f c=$CMD
	[ $IS_ONE = 1 ] && [ $IN_PLACE = 0 ] || return
	for f in $(inputs); do
		fresh; cp "$f" d/out; instead "$f" d/out; run d/out
		if [ $ST -eq 0 ]; then [[ $NAME == eval* ]] || whole "over $f"; clean	# taste-eval names a run by its file
		else [[ $ST -eq 2 && $SAID == *"'d/out' is read: it cannot be written "* ]] && cmp -s d/out "$f" || odd "over $f: status $ST: $SAID"; clean; fi
		CMD=$c
	done
}

# ---- standard descriptors, limits, surroundings ----

# same_result WHERE : run as it stands it gives what it always gives
same_result() { fresh; run d/out; [ $ST -eq 0 ] || odd "$1: status $ST: $SAID"; whole "$1: the file is not what it should be"; }
trial_closed() {
	fresh; (eval "exec ${CMD//OUT/d/out}" <&- 2> err) || odd "no standard input: status $?: $(< err)"; whole "no standard input"
	fresh; (eval "exec ${CMD//OUT/d/out} -v" 2>&-); whole "no standard error, and much to say"
	fresh; (eval "exec ${CMD//OUT/d/out} -v" <&- >&- 2>&-) || odd "nothing open: status $?"; whole "nothing open, and much to say"
	TRIED=$((TRIED + 3))
	[ -n "$TO_STDOUT" ] && { to_stdout >&-; says 3 "(standard output): Bad file descriptor"; }
}
# what a sanitizer adds to each frame is its own
trial_small_stack() { local kb=256; can_limit_memory || kb=1024; BY="prlimit --stack=$((kb << 10)) " same_result "a stack of $kb KB"; }
trial_few_files() { BY="prlimit --nofile=20 " same_result "20 descriptors"; }
# it says that it cannot start threads, or needs none
trial_no_threads() {
	fresh; [ $OLD = none ] || chmod a+rw d/*; chmod 777 d
	BY="prlimit --nproc=1 $AS " run d/out
	if [ $ST -eq 0 ]; then whole; else says 3 "cannot start thread * of *"; either; clean; fi
}
trial_surroundings() {
	TZ=Pacific/Kiritimati LC_NUMERIC=$OTHER_LOCALE LC_ALL=$OTHER_LOCALE same_result "another zone and language"
	TMPDIR=d same_result "scratch files beside"
	BY="env -i $BIN/" same_result "no surroundings"
}

# ---- signals and readers that leave ----

# gone : the command writes to the descriptor of which nobody reads the other end. It may be read to the end before it writes.
gone() { [ $ST -eq 141 ] || odd "$1: status $ST, not 141"; [[ $SAID != *": "*roken* && $SAID != *eset* ]] || odd "$1: said '$SAID'"; }
trial_no_reader() {
	[ -n "$TO_STDOUT" ] || return
	exec 8<> left 9> left 8<&-; to_stdout >&9; exec 9>&-; gone "a pipe"
	(trap '' PIPE; exec 8<> left 9> left 8<&-; to_stdout >&9; printf '%s\n' "$ST" "$SAID" > said); { read -r ST; SAID=$(cat); } < said; gone "SIGPIPE ignored"
	perl -MSocket -e 'socketpair(A, B, AF_UNIX, SOCK_STREAM, 0); close A; $SIG{PIPE} = "DEFAULT"; open STDOUT, ">&B"; close B; exec @ARGV' -- bash -c "exec $TO_STDOUT" < /dev/null 2> err; ST=$? SAID=$(< err)
	gone "a socket"; TRIED=$((TRIED + 1))
}
trial_head() {
	[ -n "$TO_STDOUT" ] || return
	local st
	{ (eval "exec $TO_STDOUT" < /dev/null 2> err); echo $? > st; } | head -c 1 > none
	st=$(< st); [[ $st = 0 || $st = 141 ]] || odd "| head -c 1: status $st"; [ -s err ] && SAID=$(< err) ST=141 && gone "head"
	TRIED=$((TRIED + 1))
}

# at SIGNAL... : run the command and send it each SIGNAL behind a moment, the first somewhere in the time it takes. A shell in the background that is hit
# before it has become the program would run our traps; perl begins to count when the program is there.
AT='my ($us, @sig) = (shift, split / /, shift); pipe R, W; my $pid = fork;
if (!$pid) { close R; $SIG{$_} = "DEFAULT" for qw(INT QUIT); open STDIN, "<", "/dev/null"; open STDERR, ">", "err"; exec @ARGV }
close W; sysread R, my $none, 1; for (@sig) { select undef, undef, undef, $us / 1e6; kill $_, $pid; $us = 1000 }
waitpid $pid, 0; exit($? & 127 ? 128 + ($? & 127) : $? >> 8)'
at() {
	perl -e "$AT" -- $((RANDOM * (TOOK[$NAME] + 500) / 32768)) "$*" ${CMD//OUT/d/out}; ST=$?
	SAID=$(< err) TRIED=$((TRIED + 1))
}
trial_signal() {
	local sig n
	for sig in ${SIGNALS:-TERM INT HUP KILL}; do
		fresh; at $sig
		n=$((128 + $(kill -l $sig)))
		if [ $ST -eq 0 ]; then whole "SIG$sig too late"
		else
			HIT=$((HIT + 1))
			[ $ST -eq $n ] || odd "SIG$sig: status $ST: $SAID"
			[[ $SAID != *"No such file"* ]] || odd "SIG$sig: said '$SAID'"
			either "SIG$sig: the file is neither the older nor the whole"
		fi
		if [ $sig != KILL ]; then clean
		else
			[ $IN_PLACE = 0 ] || { rm -f d/out; fill; }
			run d/out; [ $ST -eq 0 ] || odd "behind SIGKILL: status $ST: $SAID"
			for n in "${PARTS[@]}"; do cmp -s "d/out$n" "$REF$n" || odd "behind SIGKILL: the file is not what it should be"; done
		fi
	done
}
trial_stop() {
	local sig
	for sig in STOP TSTP; do
		fresh; at $sig WINCH CONT
		[ $ST -eq 0 ] || odd "SIG$sig, SIGCONT: status $ST: $SAID"; whole "SIG$sig, SIGCONT: the file is not what it should be"
	done
}

# ---- two at once ----

trial_two_writers() {
	local other
	[ $IN_PLACE = 0 ] || return
	fresh
	${CMD//OUT/d/out} < /dev/null 2> err2 & other=$!
	run d/out; [ $ST -eq 0 ] || odd "two at once: status $ST: $SAID"
	wait $other || odd "two at once, the other: status $?: $(< err2)"
	whole "two at once"
}
# three at a time change a file in its place: it is as if one had come behind the other
trial_in_place() {
	local n other=()
	[ $IN_PLACE = 1 ] && [[ $NAME != *delete* ]] || return
	fresh; for n in 1 2 3; do run d/out; [ $ST -eq 0 ] || odd "thrice: status $ST: $SAID"; done
	cp d/out thrice
	fresh
	for n in 1 2; do ${CMD//OUT/d/out} < /dev/null 2> err$n & other[n]=$!; done
	run d/out; [ $ST -eq 0 ] || odd "three at a time: status $ST: $SAID"
	for n in 1 2; do wait ${other[n]} || odd "three at a time: status $?: $(< err$n)"; done
	cmp -s d/out thrice || odd "three at a time: not as one behind the other"
	clean
}
