# README: its commands run, one block after the other, on made-up exports; what it names is there.
. "$(dirname "$0")/lib.sh"
README=$SRC/README.md
taste-synth --users 80 --events 12000 --context 1 -s 5 --items made.tsv -o made.log || fail "a world can be made"
awk -F '\t' 'NR == FNR { if ($2 == "music") i[$1] = $0; next } $2 in i && $4 != "like" { split(i[$2], c)
	printf "%s{\"ts\":\"%s\",\"username\":\"%s\",\"ms_played\":%d,\"skipped\":%s,\"master_metadata_track_name\":\"%s\",\"master_metadata_album_artist_name\":\"%s\",\"spotify_track_uri\":\"spotify:track:%s\"}", n++ ? ",\n" : "[",
		strftime("%Y-%m-%dT%H:%M:%SZ", $3 + $5, 1), $1, $5 * 1000, $4 == "skip" ? "true" : "false", c[3], c[4], $2 } END { print "]" }' made.tsv made.log > Streaming_History_Audio_2025_0.json
# Blocks, parted by a line of %%.
awk '/^    / { print substr($0, 5); on = 1; next } on { print "%%"; on = 0 }' "$README" > blocks
n=0 ran=0 block=
while IFS= read -r l; do
	if [ "$l" != %% ]; then block=$block$l$'\n'; continue; fi
	n=$((n + 1))
	case $block in
	make* | git* | sudo* | scripts/*)	# how to get, build and install it: what is named is there
		for x in $(grep -o 'scripts/[a-z-]*' <<< "$block"); do [ -x "$SRC/$x" ] && pass "$x is there" || fail "$x is there"; done
		for x in $(sed -n 's/^make \([a-z]*\).*/\1/p' <<< "$block"); do grep -q "^$x:" "$SRC/Makefile" && pass "make $x is there" || fail "make $x is there"; done ;;
	*)
		if out=$(bash -euo pipefail -c "$block" 2>&1 >/dev/null </dev/null); then pass "block $n runs"; else fail "block $n runs" "$block" "$out"; fi
		ran=$((ran + 1)) ;;
	esac
	block=
done < blocks
[ $ran -ge 5 ] && pass "the readme has examples" || fail "the readme has examples" "$ran"
is "and the last of them comes to lists, each line with what it is called and why" "$(awk -F '\t' '/title=/ && $4 != "" { n++ } END { print (n > 500 && n == NR) }' tonight.tsv)" 1
for x in $(grep -o '\(scripts\|man\)/[a-z][a-z.0-9/-]*[a-z0-9]' "$README" | sort -u); do [ -e "$SRC/$x" ] && pass "$x is there" || fail "$x is there"; done
for x in $("$BIN/taste-train" --help | sed -n 's/^usage: taste-train \([a-z|]*\).*/\1/p' | tr '|' ' '); do grep -q "\`$x\`" "$README" || fail "the readme names the model $x"; done
done_testing
