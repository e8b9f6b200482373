# Man pages, --help and the parser say the same, and the examples run.
. "$(dirname "$0")/lib.sh"

# man_options PAGE : every -x and --long that an .It line of OPTIONS (or a section "... OPTIONS") documents
man_options() {
	awk '/^\.It Fl/ { line = $0; sub(/^\.It /, "", line); n = split(line, w, /[ ,]+/)
	       for (i = 1; i < n; i++) if (w[i] == "Fl") print "-" w[i + 1] }' "$1" | sort -u
}

for page in "$SRC"/man/*.[157]; do
	out=$(mandoc -T lint -W warning "$page" 2>&1)
	is "$(basename "$page") passes mandoc's lint" "$out" ""
done

common="--cpu --help --progress --quiet --threads --tmpdir --verbose --version -T -V -h -q -t -v"
for bin in "$BIN"/taste-*; do
	tool=$(basename "$bin") page=$SRC/man/$(basename "$bin").1
	[ -f "$page" ] || { fail "$tool has a man page"; continue; }
	table=$("$bin" --opts-tsv | awk -F '\t' '$1 != "" { print "-" $1 } $2 != "" { print "--" $2 }' | sort -u)
	documented=$(printf '%s\n%s\n' "$(man_options "$page")" "$(echo $common | tr ' ' '\n')" | sort -u)
	is "$tool: the options of the man page are the options of the parser" \
		"$(printf '%s\n' "$documented" | tr '\n' ' ')" "$(printf '%s\n%s\n' "$table" "$(echo $common | tr ' ' '\n')" | sort -u | tr '\n' ' ')"
	help=$("$bin" --help) || fail "$tool --help exits 0"
	missing=$(printf '%s\n' "$table" | while read -r x; do case $help in *"$x"*) ;; *) echo "$x" ;; esac; done)
	is "$tool: --help names every option" "$missing" ""
	syn=$(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/p' "$page" | sed 's/^\.\(Nm\|Op\|Ar\|Cm\|Fl\) *//; /^\.Sh/d' | tr -s ' \n' ' ')
	[ -n "$syn" ] && pass "$tool: the page has a synopsis" || fail "$tool: the page has a synopsis"
	like "$tool -V names itself and a version" "$("$bin" -V | head -1)" "$tool (taste) [0-9]*"
	must_fail "$tool: an unknown option is a usage error that names it" 2 "*--no-such-option*usage: $tool*" "$bin" --no-such-option
done

# A small world for the examples.
mkdir world && cd world || exit 99
taste-synth --users 60 --events 6000 -s 7 --items items.tsv -o log.tsv || fail "the examples' log can be made"
taste-ingest tsv -b -o log.taste log.tsv
{ echo "user,item,time,event,value"; cut -f1-5 log.tsv | tr '\t' ','; } > log.csv
awk -F '\t' '{ printf "{\"user\":\"%s\",\"item\":\"%s\",\"time\":%s,\"event\":\"%s\",\"value\":%s}\n", $1, $2, $3, $4, $5 == "" ? "null" : $5 }' log.tsv > log.jsonl
awk -F '\t' '!s[$1 FS $2]++ { printf "%s::%s::%d::%s\n", $1, $2, 1 + NR % 5, $3 }' log.tsv > ratings.dat
awk -F '\t' '{ printf "%s::%s (1999)::Drama|Comedy\n", $1, $3 }' items.tsv > movies.dat
echo '[{"ts":"2024-03-01T10:05:00Z","ms_played":210500,"master_metadata_track_name":"Rain Song","spotify_track_uri":"spotify:track:1"}]' > Streaming_History_Audio_2024_0.json
sqlite3 navidrome.db "create table media_file(id text,title text,album text,artist text,year int,duration real,genre text);
	create table annotation(user_id text,item_id text,item_type text,play_count int,play_date datetime,rating int,starred bool,starred_at datetime);
	insert into media_file values('f1','Rain Song','Salt','The Quiet Tides',2020,210.5,'folk');insert into annotation values('u1','f1','media_file',2,'2024-03-01 10:05:00',4,0,null)"
head -c 32 /dev/urandom > key
taste-split loo -o my log.tsv
taste-train als -d 8 -e 3 -o als.taste my.train.tsv
taste-train pop -o pop.taste my.train.tsv
taste-embed -m als.taste --items all -b -o items.vecs
taste-embed -m als.taste --users all -b -o users.vecs
taste-knn search -k 20 --exclude my.train.tsv -o candidates.tsv items.vecs users.vecs
taste-rank --items items.tsv -o ranked.tsv candidates.tsv
cd ..

# examples PAGE : each literal block of EXAMPLES, roff undone, one block after the other, parted by a line of %%
examples() {
	awk '/^\.Sh/ { in_ex = ($2 == "EXAMPLES") } in_ex && /^\.Bd -literal/ { lit = 1; next } lit && /^\.Ed/ { lit = 0; print "%%"; next } lit' "$1" |
		sed 's/\\(dq/"/g; s/\\(aq/'"'"'/g; s/\\&//g; s/\\-/-/g; s/\\e/\\/g'
}
for page in "$SRC"/man/*.1 "$SRC"/man/*.7; do
	name=$(basename "$page") n=0 block=
	while IFS= read -r l; do
		if [ "$l" != %% ]; then block=$block$l$'\n'; continue; fi
		n=$((n + 1))
		rm -rf run && cp -r world run
		if out=$(cd run && bash -euo pipefail -c "$block" 2>&1 >/dev/null </dev/null); then pass "$name: example $n runs"
		else fail "$name: example $n runs" "$block" "$out"; fi
		block=
	done < <(examples "$page")
	case $name in *.1) [ $n -gt 0 ] || fail "$name has examples" ;; esac
done
done_testing
