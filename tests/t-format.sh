# The binary format: golden files load for ever, cat joins, and no flip or cut goes unseen.
. "$(dirname "$0")/lib.sh"
G=$SRC/tests/golden
for k in events table vectors; do
	ok "the golden $k file is sound" taste-view -c "$G/v1-$k.taste"
	taste-view "$G/v1-$k.taste" > got
	same "the golden $k file says what it said" got "$G/v1-$k.tsv"
done
ok "the golden model is sound" taste-view -c "$G/v1-model.taste"
{ taste-view "$G/v1-model.taste"; taste-view --tensor item.vec "$G/v1-model.taste"; } > got
same "the golden model says what it said" got "$G/v1-model.tsv"
is "the VECT block of taste-format(5) is in the golden file" \
	"$(sed -n 's/^ [0-9]* *\(\([0-9a-f]\{2\} \{1,2\}\)\{7\}[0-9a-f]\{2\}\).*/\1/p' "$SRC/man/taste-format.5" | tr -d ' \n')" \
	"$(od -An -v -tx1 -j192 -N112 "$G/v1-vectors.taste" | tr -d ' \n')$(od -An -v -tx1 -j320 -N8 "$G/v1-vectors.taste" | tr -d ' \n')"

# cat
printf 'a\tx\t1\tplay\t\t\nb\ty\t2\t\t0.5\tk=v\n' > one.tsv; printf 'b\tx\t3\tskip\t7\t\nc\tz\t\t\t\t\n' > two.tsv
for n in one two; do taste-ingest tsv -b -o $n.taste $n.tsv; done
cat one.taste two.taste > both.taste
taste-view both.taste > got; cat one.tsv two.tsv > want
same "cat a.taste b.taste is the log of both" got want
taste-ingest tsv -b -o ab.taste one.tsv two.tsv; taste-view ab.taste > got
same "and so is ingesting both" got want
taste-train als -d 2 -e 1 both.taste -o m1.taste; taste-train als -d 2 -e 1 one.taste two.taste -o m2.taste
same "a model of the joined file has the vectors of one of the two files" <(taste-view --tensor item.vec m1.taste) <(taste-view --tensor item.vec m2.taste)
is "joined vectors are searched as one" "$(cat "$G/v1-vectors.taste" "$G/v1-vectors.taste" | taste-view | wc -l)" 4

# every cut and a flip in every byte of small files: exit 4, block and byte told
for k in events vectors table model; do
	f=$G/v1-$k.taste n=$(wc -c < "$G/v1-$k.taste") missed= untold=
	for ((i = 0; i < n; i += 13)); do
		head -c $i "$f" > bad.taste
		msg=$(taste-view -c bad.taste 2>&1); s=$?
		[ $s -eq 4 ] || missed="$missed cut:$i"
		case $msg in *byte*|*"is empty"*) ;; *) untold="$untold cut:$i" ;; esac
		cp "$f" bad.taste
		printf "\\x$(printf %02x $(($(od -An -tu1 -j$i -N1 "$f") ^ (1 << i % 8))))" | dd of=bad.taste bs=1 seek=$i conv=notrunc 2>/dev/null
		msg=$(taste-view -c bad.taste 2>&1); s=$?
		[ $s -eq 4 ] || missed="$missed flip:$i"
		case $msg in *byte*) ;; *) untold="$untold flip:$i" ;; esac
	done
	is "$k: every cut and flip tried is found" "$missed" ""
	is "$k: and told with its byte" "$untold" ""
done
head -c $(($(wc -c < "$G/v1-events.taste") - 128)) "$G/v1-events.taste" > noend.taste
must_fail "a missing end block is told as that" 4 "taste-view: noend.taste: ends at byte * with no end block: *last whole block: * at byte *" taste-view -c noend.taste
must_fail "and by a program that reads it through a pipe" 4 "taste-train: (standard input): ends at byte *" bash -c 'taste-train pop < noend.taste'
{ cat "$G/v1-events.taste"; echo junk; } > junk.taste
must_fail "junk behind the end is told" 4 "taste-view: junk.taste: what follows at byte 640 is not a taste stream" taste-view -c junk.taste
must_fail "text is not a taste file" 4 "taste-view: one.tsv: byte 0: not a taste file" taste-view -c one.tsv
: > empty; must_fail "nothing is not a taste file" 4 "taste-view: empty is empty: *" taste-view -c empty
gzip -k both.taste; taste-view both.taste.gz > got; taste-view both.taste > want
same "a gzipped binary is read as it is" got want
head -c 100 both.taste.gz > cut.gz; must_fail "a cut gzip is told" 4 "taste-view: cut.gz: the gzip data ends early" taste-view cut.gz
{ gzip -c one.tsv; gzip -c two.tsv; } > members.gz; taste-ingest tsv members.gz > got; cat one.tsv two.tsv > want
same "several gzip members are one file" got want

if [ -n "$DATA" ] && [ -f "$DATA/ml-1m/sequences.tsv.gz" ]; then
	zcat "$DATA/ml-1m/sequences.tsv.gz" > ml.tsv
	taste-ingest tsv --map user=1,item=2,time=3 -b -o ml.taste ml.tsv
	p=$(($(wc -c < ml.taste) * 1000 / $(wc -c < ml.tsv)))
	[ $p -le 350 ] && pass "the binary log of ml-1m is at most 35 % of its TSV ($p of 1000)" || fail "the binary log of ml-1m is at most 35 % of its TSV" "$p of 1000"
	taste-view ml.taste | cut -f1-3 > got
	same "and holds every event" got ml.tsv
else
	skip "the binary log of ml-1m is at most 35 % of its TSV" "no ml-1m data"
	skip "and holds every event" "no ml-1m data"
fi
done_testing
