# Man pages, --help and the parser say the same, and the examples run.
. "$(dirname "$0")/lib.sh"

# man_options PAGE : every -x and --long that an .It line of OPTIONS (or a section "... OPTIONS") documents
man_options() {
	awk '/^\.It Fl/ { line = $0; sub(/^\.It /, "", line); n = split(line, w, /[ ,]+/)
	       for (i = 1; i < n; i++) if (w[i] == "Fl") print "-" w[i + 1] }' "$1" | sort -u
}

# Long lines of the source are the house's; manuals that are not installed are not the page's fault.
for page in "$SRC"/man/*.[157]; do
	name=$(basename "$page")
	out=$(mandoc -T lint -W style "$page" 2>/dev/null | grep -v -e 'input text line longer than' -e 'referenced manual not found')
	is "$name passes mandoc's lint, style included" "$out" ""
	is "$name fits into 80 columns" "$(mandoc -T ascii -O width=80 "$page" | col -bx | grep -E '^.{81}')" ""
	case $name in *.1) ;; *) continue ;; esac
	missing=
	for s in '.Sh DESCRIPTION' '.Ss Memory' '.Sh OPTIONS' '.Sh EXIT STATUS' '.Sh EXAMPLES' '.Sh SEE ALSO' '.Xr taste 7'; do grep -qxF "$s" "$page" || missing="$missing $s"; done
	is "$name says what goes in and out, memory, exit status, examples and what to see" "$missing" ""
done

# by_verb HELP VERB : the options under the headings that name it, letters where there are any
by_verb() {
	awk -v v="$2" '!/^ / && NF && !/^usage/ { if (n++) { split($0, h, ":"); own = (" " h[1] " ") ~ ("[ ,]" v "[ ,]"); if ($0 ~ /^every program/) exit } }
		own && match($0, /^ +(-., )?--[a-z-]+/) { x = substr($0, RSTART, RLENGTH); gsub(/[ ,]+/, " ", x); split(x, w, " "); print w[1] }' <<< "$1" | sort | tr '\n' ' '
}
for tool in taste-rank taste-eval; do
	help=$("$BIN/$tool" --help)
	for verb in lists $("$BIN/$tool" --help | sed -n 's/^\(usage:\|      \) '"$tool"' \([a-z |]*\).*/\2/p' | tr '|' ' '); do
		documented=$(awk -v v="$verb" '/^\.Sh OPTIONS/ { on = 1 } on && /^\.El/ { exit } on && /^\.It/ { it = ($NF == v); next }
			on && it && /^\.Fl/ { for (i = 2; i <= NF; i++) if ($i != ",") print "-" $i }' "$SRC/man/$tool.1" | sort | tr '\n' ' ')
		[ "$verb" = merge ] || is "$tool: the page says which options $verb has" "$documented" "$(by_verb "$help" "$verb")"
		[ -n "$documented" ] || [ "$verb" = merge ] || fail "$tool: the page names options of $verb"
	done
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
mkdir listens && echo '{"listened_at":1443521965,"user_name":"ana","track_metadata":{"artist_name":"The Quiet Tides","track_name":"Rain Song"}}' > listens/1.listens
tar --zstd -cf listenbrainz-listens-dump.tar.zst listens
taste-split loo -o my log.tsv
taste-train als -d 8 -e 3 -o als.taste my.train.tsv
taste-train pop -o pop.taste my.train.tsv
taste-embed -m als.taste --items all -b -o items.vecs
taste-embed -m als.taste --users all -b -o users.vecs
taste-knn search -k 20 --exclude my.train.tsv -o candidates.tsv items.vecs users.vecs
taste-rank --items items.tsv -o ranked.tsv candidates.tsv
cd ..

# examples PAGE : each literal block of EXAMPLES and each line set apart anywhere, roff undone, one behind the other, parted by a line of %%
examples() {
	awk '/^\.S[hs]/ { in_ex = ($2 == "EXAMPLES" || $2 == "TUTORIAL" || in_ex && $1 == ".Ss") } in_ex && /^\.Bd -literal/ { lit = 1; next } lit && /^\.Ed/ { lit = 0; print "%%"; next } lit
	       /^\.Dl / { print substr($0, 5); print "%%" }' "$1" |
		sed 's/\\(dq/"/g; s/\\(aq/'"'"'/g; s/\\&//g; s/\\-/-/g; s/\\e/\\/g'
}
for page in "$SRC"/man/*.[157]; do
	out=$(awk '/^\.Sh/ { in_ex = ($2 == "EXAMPLES" || $2 == "TUTORIAL") } /^\.Bd -literal/ { lit = !in_ex; next } /^\.Ed/ { lit = 0 } lit && /(^|[|;] *)(taste-|make |scripts\/)/' "$page")
	is "$(basename "$page"): no command stands where the tests do not look" "$out" ""
done
for page in "$SRC"/man/*.1 "$SRC"/man/*.7; do
	name=$(basename "$page") n=0 block=
	while IFS= read -r l; do
		if [ "$l" != %% ]; then block=$block$l$'\n'; continue; fi
		n=$((n + 1))
		[ $n -gt 1 ] && [ "$name" = taste.7 ] || { rm -rf run && cp -r world run; }	# the tutorial goes on from step to step
		if out=$(cd run && bash -euo pipefail -c "$block" 2>&1 >/dev/null </dev/null); then pass "$name: example $n runs"
		else fail "$name: example $n runs" "$block" "$out"; fi
		block=
	done < <(examples "$page")
	[ "$name" != taste.7 ] || is "the job that cron gets runs, and says nothing" "$(cd run && rm nightly.tsv && sed -n 's/^[0-9* ]*cd [^ ]* && //p' taste.cron | sh 2>&1; [ -s nightly.tsv ] && echo made)" made
	case $name in *.1) [ $n -gt 0 ] || fail "$name has examples" ;; esac
done
done_testing
