# taste-rank features, past, --trees and --line: nothing of a row comes from its moment or later, every way of asking gives the same bytes, and bad inputs have their sentences.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
taste-synth --users 24 --events 3000 -s 7 --music 120 --context 1 --items items.tsv -o log.tsv
head -n 2400 log.tsv > past.tsv; tail -n 600 log.tsv > req.tsv
taste-train pop -o pop.taste past.tsv; taste-train als -d 8 -e 2 -o als.taste past.tsv; taste-embed -m als.taste --items all -b -o items.vecs
{ taste-score -m pop.taste --keep -k 20 past.tsv; taste-score -m als.taste --keep -k 20 past.tsv; } > cand.tsv
F() { taste-rank features -q --items items.tsv --vectors items.vecs "$@"; }
all() { F --events log.tsv --requests req.tsv cand.tsv "$@"; }
all > want; n=$(wc -l < want)

# the stream
is "the first columns say who asked, who, what and whether it was heard" "$(head -1 want | cut -f1-5)" "query${T}user${T}item${T}label${T}pop"
is "and the last what each source said" "$(head -1 want | tr '\t' '\n' | tail -6 | tr '\n' ' ')" "from.pop from.pop.place from.pop.scaled from.als from.als.place from.als.scaled "
is "every row has every column" "$(awk -F '\t' 'NR == 1 { n = NF } NF != n' want | wc -l) $(($(head -1 want | tr '\t' '\n' | wc -l) > 70))" "0 1"
is "no number is NaN or infinite" "$(cut -f5- want | sed 1d | grep -ci '\(^\|	\)-\?\(nan\|inf\)')" 0
is "columns of words are called by an @" "$(head -1 want | tr '\t' '\n' | grep '^@' | tr '\n' ' ')" "@kind @device @place @mood @intent "
# requests by another way: events of a user no further apart than half an hour
requests() { awk -F '\t' -v gap="${1-1800}" '{ if (!($1 in last) || $3 - last[$1] > gap) { n[$1]++; at[$1 "/" n[$1]] = $3; print $1 "/" n[$1] FS $3 } last[$1] = $3 }' req.tsv; }
requests > asked
awk -F '\t' 'NR == FNR { at[$1] = $2; next } FNR > 1 && !s[$1]++ { print $1 FS at[$1]; if (at[$1] < last) bad++; last = at[$1] } END { if (bad) print "out of order" }' asked want > got
is "requests are events no further apart than --gap, and come in order of time" "$(sort got | cksum)" "$(sort asked | cksum)"
awk -F '\t' '{ if (!($1 in last) || $3 - last[$1] > 1800) n[$1]++; last[$1] = $3; if ($4 != "skip" && $4 != "dislike") print $1 "/" n[$1] FS $2 }' req.tsv | sort -u > heard
awk -F '\t' 'NR == FNR { h[$1, $2]; next } FNR > 1 && $4 != (($1, $3) in h) { bad++ } END { print bad + 0 }' heard want > got
is "the label is 1 where the item was heard in the request" "$(cat got) $(($(awk -F '\t' '$4 == 1' want | wc -l) > 50))" "0 1"
all --truth truth > got; same "--truth is beside the rows" got want; is "and says what was heard in each request, once, whatever the candidates" "$(sort truth | cksum)" "$(cksum < heard)"
is "each request has the user's candidates once" "$(awk -F '\t' 'NR > 1' want | cut -f1,3 | sort | uniq -d | wc -l) $((n - 1))" "0 $(awk -F '\t' 'NR == FNR { c[$1] += !s[$1, $2]++; next } { split($1, u, "/"); n += c[u[1]] } END { print n }' cand.tsv asked)"
awk -F '\t' 'NR == FNR { k = $4 ~ /als/ ? "als" : "pop"; s[$1, $2, k] = $3; next } FNR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; next }
	{ for (k in col) if (k == "from.pop" || k == "from.als") { v = s[$2, $3, substr(k, 6)]; e = $col[k] - v; if ((v == "") != ($col[k] == "") || e * e > 1e-9 * (1 + v * v)) bad++ } } END { print bad + 0 }' cand.tsv want > got
is "from.SOURCE is what the source said, empty where it said nothing" "$(cat got)" 0

# nothing from the moment on
some=$(awk 'NR % 11 == 3' asked | head -6)
while IFS=$T read -r q t; do
	{ head -1 want; awk -F '\t' -v q="$q" '$1 == q' want; } > rows
	awk -F '\t' -v t="$t" '$3 < t' log.tsv > cut.tsv
	F --events cut.tsv --requests req.tsv cand.tsv | awk -F '\t' -v q="$q" 'NR == 1 || $1 == q' > got
	same "the log cut before $q gives its rows" got rows
	{ cat cut.tsv; awk -F '\t' -v t="$t" 'BEGIN { OFS = FS; srand(1) } $3 >= t { print "z" int(rand() * 99), "new" int(rand() * 99), $3, rand() < 0.5 ? "skip" : "play", 7, "device=d" int(rand() * 20) ";place=moon" }' log.tsv
		awk -F '\t' -v t="$t" 'BEGIN { OFS = FS } $3 < t { print $1, $2, t, $4, $5, $6; if (n++ > 200) exit }' log.tsv; } > other.tsv
	F --events other.tsv --requests req.tsv cand.tsv | awk -F '\t' -v q="$q" 'NR == 1 || $1 == q' > got
	same "$q: another future, and events at the moment itself, change nothing" got rows
done <<< "$some"
sort -s -t "$T" -k1,1r log.tsv > sorted.tsv; F --events sorted.tsv --requests req.tsv cand.tsv > got; same "the order of listeners in the log changes nothing" got want
split -n l/3 log.tsv part.; F --events part.aa --events part.ab --events part.ac --requests req.tsv cand.tsv > got; same "a log in parts is the log" got want

# every way of asking
for t in 1 2 5; do all -t $t > got; same "-t $t gives the same bytes" got want; done
for cpu in $(taste-rank -V | sed -n 's/^cpu paths: *//p'); do all --cpu $cpu > got; same "--cpu $cpu gives the same bytes" got want; done
all -b > f.taste; taste-view f.taste > got; same "binary is the text" got want
like "and knows where it comes from" "$(taste-view -i f.taste)" "*taste-rank*features*--requests*"
gzip -k log.tsv req.tsv cand.tsv items.tsv; F --events log.tsv.gz --requests req.tsv.gz --items items.tsv.gz cand.tsv.gz > got; same "gzip goes in" got want
taste-ingest tsv -b -o log.taste log.tsv; F --events log.taste --requests req.tsv cand.tsv > got; same "a binary log goes in" got want
F --events log.tsv --requests req.tsv < cand.tsv > got; same "candidates from a pipe" got want
for f in log req cand; do { printf '\xef\xbb\xbf'; sed 's/$/\r/' $f.tsv; } > $f.crlf; done
F --events log.crlf --requests req.crlf cand.crlf > got; same "CRLF and a BOM are fine" got want
head -c -1 cand.tsv > nonl; F --events log.tsv --requests req.tsv nonl > got; same "no final newline is fine" got want
taste-rank features -q --events log.tsv --requests log.tsv cand.tsv > first; is "nor before anything has happened, without a catalogue" "$(cut -f5- first | sed 1d | grep -ci '\(^\|	\)-\?\(nan\|inf\)')" 0
{ head -40 cand.tsv; cat cand.tsv; head -7 cand.tsv | sed 's/	[^	]*	/&/'; } > twice; F --events log.tsv --requests req.tsv twice > got; same "what a source says twice is said once" got want
awk -F '\t' 'BEGIN { OFS = FS } { print; $3 -= 9; print }' cand.tsv > worse; F --events log.tsv --requests req.tsv worse > got; same "and its best score counts" got want
: > empty; F --events empty --requests req.tsv cand.tsv > got; is "an empty log: as many rows, of which nothing is known" "$? $(wc -l < got)" "0 $n"
F --events log.tsv --requests empty cand.tsv > got; is "no requests, no rows" "$? $(wc -l < got)" "0 1"
F --events log.tsv empty > got; is "no candidates, no rows" "$? $(wc -l < got)" "0 1"
F --events empty empty > got; is "nothing at all" "$? $(wc -l < got)" "0 1"
printf 'nobody\tm000001\t1\nnobody\tnothing\t2\nana\tnothing\t1\n' > strange; F --events log.tsv strange > got
is "unknown users and items have rows" "$(cut -f1-4 got | sed 1d | tr '\t\n' '  ')" "nobody/1 nobody m000001 0 nobody/1 nobody nothing 0 ana/1 ana nothing 0 "
printf 'a b\tx\\ty\t1\ts\\tt\n\xff\t\xfe\t1\ts\\\\t\n' > odd; F --events log.tsv odd > got
is "ids and sources of any bytes are kept" "$(sed 1d got | cut -f1-3 | cksum; head -1 got | tr '\t' '\n' | tail -6 | grep 'place$')" "$(printf 'a b/1\ta b\tx\\ty\n\xff/1\t\xff\t\xfe\n' | cksum; printf 'from.s\\tt.place\nfrom.s\\\\t.place\n')"
printf 'u\ti\t1e300\tbig\nu\tj\t-1e300\tbig\n' > big; F --events log.tsv big | sed 1d | awk -F '\t' '{ print $3, $(NF - 2), $(NF - 1), $NF }' > got
is "scores beyond a float are the largest there is" "$(cat got)" "i 3.4028235e38 1 1
j -3.4028235e38 2 0"
{ printf 'u\t'; head -c 10000000 /dev/zero | tr '\0' y; printf '\t1\ts\n'; } > long; is "a 10 MB id is kept" "$(F --events log.tsv long | sed 1d | cut -f3 | wc -c)" 10000001

# which rows
all --sample 4 > s4
is "--sample keeps so many of label 0, and all of label 1" "$(awk -F '\t' 'NR == FNR { if (FNR > 1) a[$1, $4]++; next } FNR > 1 { b[$1, $4]++; q[$1] } END { for (k in q) { if (b[k, 1] + 0 != a[k, 1] + 0) bad++; z = a[k, 0] < 4 ? a[k, 0] : 4; if (b[k, 0] + 0 != z) bad++ } print bad + 0 }' want s4)" 0
is "as they are without" "$(sort want s4 | uniq -d | wc -l)" "$(wc -l < s4)"
all --sample 4 > got; same "the same for the same seed" got s4
all --sample 4 -s 2 > got; is "others for another" "$(cmp -s got s4 && echo same) $(wc -l < got)" " $(wc -l < s4)"
all --sample 100000 > got; same "more than there are is all" got want
is "by chance: each place has its turn" "$(for s in 1 2 3 4 5 6 7 8; do all --sample 4 -s $s | awk -F '\t' 'NR > 1 && $4 == 0 { print $3 }'; done | sort -u | wc -l | awk -v of="$(awk -F '\t' 'NR > 1 && $4 == 0 { print $3 }' want | sort -u | wc -l)" '{ print ($1 > 0.9 * of) }')" 1
all --only-hits > got; awk -F '\t' 'NR == FNR { h[$1] += $4; next } FNR == 1 || h[$1]' want want > hits; same "--only-hits leaves out requests of which nothing was heard" got hits
for g in 0 100000000; do is "--gap $g" "$(all --gap $g | cut -f1 | sed 1d | sort -u | wc -l)" "$(requests $g | wc -l)"; done
F --events log.tsv --requests req.tsv --label skipped > skip
is "--label skipped has a row for each play and skip asked, and no sources" "$(sed 1d skip | wc -l) $(head -1 skip | grep -c from)" "$(awk -F '\t' '$4 == "play" || $4 == "skip"' req.tsv | wc -l) 0"
is "its label is 1 where it was skipped" "$(cut -f2-4 skip | sed 1d | sort | cksum)" "$(awk -F '\t' '$4 == "play" || $4 == "skip" { print $1 FS $2 FS ($4 == "skip") }' req.tsv | sort | cksum)"

# contexts
col() { awk -F '\t' -v c="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == c) k = i; next } { print $k }' "$1"; }
word=$(sed -n 's/.*\(device=[a-z]*\).*/\1/p' past.tsv | sort | uniq -c | sort -rn | sed -n '2s/.*=//p')
all --context "device=$word,hour=3.5,day=sun" > got
is "--context is the situation of all requests" "$(col got @device | sort -u) $(col got hour | sort -u) $(col got day | sort -u)" "$word 3.5 6"
is "but for what it does not say" "$(col got @place | cksum) $(col got user.gap | cksum)" "$(col want @place | cksum) $(col want user.gap | cksum)"
awk -F '\t' 'BEGIN { OFS = FS } FNR <= 30 { $6 = "device=d" FNR } { print }' req.tsv > words; F --events log.tsv --requests words cand.tsv | awk -F '\t' 'NR == FNR { if (FNR <= 30) u[$1]; next } !($2 in u)' req.tsv - > got
awk -F '\t' 'NR == FNR { if (FNR <= 30) u[$1]; next } !($2 in u)' req.tsv want > rest; same "many words in other requests are nothing to those of the others" got rest
is "a word of which nothing is known is none" "$(all --context 'device=fridge' | col /dev/stdin @device | sort -u)" ""
is "a request without a context has hour and day of its time" "$(cut -f1-3 req.tsv > bare; F --events log.tsv --requests bare cand.tsv > got; head -1 req.tsv | cut -f3 | awk '{ printf "%.6g", $1 % 86400 / 3600 }') $(col got @device | sort -u)" "$(col got hour | head -1 | awk '{ printf "%.6g", $1 }') "
taste-rank features --context 'time=7,device=tv,shoe=7;hour=77' --events log.tsv cand.tsv 2> err > got
is "unknown keys and bad values are told" "$(cat err)" "taste-rank: --context: 1 key that nothing is known of, such as 'shoe', passed over
taste-rank: --context: 1 value that cannot be read, passed over"
awk -F '\t' 'BEGIN { OFS = FS } FNR == 2 { $6 = "hour=3;hat=1;shoe=2;sock" } FNR == 9 { $6 = "coat" } { print }' bare > strange
taste-rank features --events log.tsv --requests strange cand.tsv 2> err > got
is "those of requests by the first of them" "$(cat err)" "taste-rank: --requests: 4 keys that nothing is known of, such as 'hat', passed over"
cut -f1,2 req.tsv > timeless; taste-rank features --events log.tsv --requests timeless cand.tsv 2>&1 > got | head -1 > err
like "requests without a time are told" "$(cat err)" "taste-rank: --requests: 600 events have no time: to them all of --events is known*"
F --events log.tsv --context "time=2026-01-01T05:00:00Z" cand.tsv > got
is "without requests, everybody asks once, behind the log or when --context says" "$(cut -f1 got | sed 1d | sort -u | wc -l) $(col got hour | sort -u) $(col got label | sort -u)" "$(cut -f1 cand.tsv | sort -u | wc -l) 5 0"

# past
P() { taste-rank past --items items.tsv --vectors items.vecs "$@"; }
P --events log.tsv -o past.taste
taste-rank features -q --past past.taste cand.tsv > got; F --events log.tsv cand.tsv > now; same "features of a past are those of its log" got now
P --events part.aa --events part.ab --events part.ac > got; same "a past of a log in parts is the same" <(taste-view got) <(taste-view past.taste)
P -t 1 --cpu plain --events log.tsv > got; same "and of one thread on the plain path, byte for byte" got past.taste
taste-rank features -q --past - cand.tsv < past.taste > got; same "a past from a pipe" got now
ok "taste-view finds it sound" taste-view -c past.taste
like "and says what it is" "$(taste-view past.taste)" "kind${T}past
n_users${T}24
n_items${T}*
n_events${T}3000
d${T}8
newest${T}*"
P --events empty > got; taste-rank features -q --past got cand.tsv > one; F --events empty cand.tsv > two; same "an empty past" one two

# --trees
all --only-hits --sample 15 > train; taste-train trees --trees 25 --leaves 8 --min-rows 5 -o trees.taste train
sort -s -t "$T" -k1,1 cand.tsv > bycand
L() { taste-rank -q --trees trees.taste --items items.tsv -k 1000 "$@"; }
L --events log.tsv --vectors items.vecs bycand > lists
is "lists by features" "$(cut -f1 lists | sort | uniq -c | awk '{ print $1 }' | sort -u | wc -l) $(wc -l < lists)" "$(cut -f1,2 cand.tsv | sort -u | cut -f1 | uniq -c | awk '{ print $1 }' | sort -u | wc -l) $(cut -f1,2 cand.tsv | sort -u | wc -l)"
for t in 1 2 3 5; do L -t $t --events log.tsv --vectors items.vecs bycand > got; same "lists: -t $t" got lists; done
for cpu in $(taste-rank -V | sed -n 's/^cpu paths: *//p'); do L --cpu $cpu --events log.tsv --vectors items.vecs bycand > got; same "lists: --cpu $cpu" got lists; done
L --past past.taste bycand > got; same "lists: --past is as --events" got lists
taste-rank predict -q -m trees.taste now > scores
scaled() { awk -F '\t' -v f="$1" 'NR == FNR { if (!($1 in max) || $3 > max[$1]) max[$1] = $3; if (!($1 in min) || $3 < min[$1]) min[$1] = $3; s[$1, $2] = $3; next }
	{ x = max[$1] > min[$1] ? (s[$1, $2] - min[$1]) / (max[$1] - min[$1]) : 1; e = $3 - x; if (!(($1, $2) in s) || e * e > 1e-10) bad++ } END { print (FNR > 0), bad + 0 }' "$1" "$2"; }
is "features, then predict, are the scores of --trees" "$(scaled scores lists)" "1 0"
printf 'ana\tm000001\t1\tpop\nana\tnothing\t2\tpop\nana\tm000003\t0\tals\nnobody\tm000001\t1\tpop\nnobody\tnothing\t2\tals\n' > few
F --past past.taste few > fewrows 2>/dev/null || taste-rank features -q --past past.taste few > fewrows; taste-rank predict -q -m trees.taste fewrows > fewscores; L --past past.taste few > fewlists
is "of unknown items and users too" "$(scaled fewscores fewlists)" "1 0"
C="device=$word;place=home;hour=20;day=fri;time=2026-01-01"
taste-rank features -q --past past.taste --context "$C" cand.tsv > ctx; taste-rank predict -q -m trees.taste ctx > ctxscores; L --past past.taste --context "$C" bycand > ctxlists
is "and in a situation" "$(scaled ctxscores ctxlists)" "1 0"
cut -f1 cand.tsv | sort -u | awk -F '\t' -v c="device=$word;place=home" 'BEGIN { OFS = FS } { print $1, "-", 1790000000 + 5000 * NR, "play", "", c }' > later
F --events log.tsv --requests later cand.tsv > ctx; taste-rank predict -q -m trees.taste ctx > ctxscores; L --past past.taste --requests later bycand > ctxlists
is "and of requests behind the log" "$(scaled ctxscores ctxlists)" "1 0"
F --events log.tsv --requests later --context "place=work" cand.tsv > ctx; taste-rank predict -q -m trees.taste ctx > ctxscores; L --past past.taste --requests later --context "place=work" bycand > got
is "with --context over them" "$(scaled ctxscores got)" "1 0"
taste-train trees --trees 4 --leaves 4 --min-rows 5 -o little.taste train; taste-rank predict -q -m little.taste now > little
taste-rank -q --trees little.taste --past past.taste -k 3 --top-features 16 bycand > top
awk -F '\t' 'NR == FNR { s[$1, $2] = $3; next } { x = $4; sum = 0; while (match(x, /\([+-][0-9.]+\)/)) { sum += substr(x, RSTART + 1); x = substr(x, RSTART + RLENGTH); n++ } d = s[$1, $2] - sum
	if (!seen++) base = d; e = d - base; if (e * e > m) m = e * e } END { print (n > 70), (m < 0.01) }' little top > got
is "--top-features add up to the score, but for what is common to all" "$(cat got)" "1 1"
is "--top-features names so many" "$(taste-rank -q --trees trees.taste --past past.taste -k 1 --top-features 2 bycand | cut -f4 | head -1 | grep -o '([+-][0-9.]*)' | wc -l)" 2
sed 's/pop$/als.place/; s/als$/a|b:c\\td/' cand.tsv > named; F --events log.tsv --requests req.tsv --only-hits --sample 15 named > namedtrain; taste-train trees --trees 25 --leaves 8 --min-rows 5 -o named.taste namedtrain
is "trees of sources of any name are the trees of others" "$(taste-view --tensor leaf.value named.taste | cksum)" "$(taste-view --tensor leaf.value trees.taste | cksum)"
sed 's/pop$/als.place/; s/als$/a|b:c\\td/' bycand | taste-rank -q --trees named.taste --past past.taste --items items.tsv -k 1000 > got
is "and so are their lists, where a source is called as a column of another would be" "$(cut -f1-3 got | cksum)" "$(cut -f1-3 lists | cksum)"
sed 's/pop$/als.place/; s/als$/a|b:c\\td/' bycand | taste-rank -q --trees named.taste --past past.taste -k 20 --explain --top-features 16 > got
is "names in by= are escaped" "$(awk -F '\t' '{ for (i = 5; i <= NF; i++) if ($i ~ /^by=/) { n = split(substr($i, 4), f, "|"); for (j = 1; j <= n; j++) { if (split(f[j], p, ":") != 2) bad++; if (f[j] ~ /^from.a%7Cb%3Ac\\td/) seen++ } } } !/\tby=/ { bad++ } END { print bad + 0, (seen > 0) }' got)" "0 1"

awk -F '\t' 'BEGIN { OFS = FS } FNR == 2 { $6 = "hour=3;hat=1;shoe=2" } FNR == 3 { $6 = "coat" } { print }' later > strange
taste-rank --trees trees.taste --past past.taste --context sock=1,day=mon --requests strange -k 5 bycand 2> err > got
is "keys of situations that nothing is known of are told with the first of them" "$(grep -v 'are of sources' err)" "taste-rank: --context: 1 key that nothing is known of, such as 'sock', passed over
taste-rank: --requests: 3 keys that nothing is known of, such as 'hat', passed over"

# --line
blocks() { awk -F '\t' 'NR > 1 && $1 != last { print "" } { print; last = $1 }' "$1"; }
lines() { taste-rank -q --line --trees trees.taste --past past.taste --items items.tsv -k 1000 "$@"; }
blocks bycand | lines > line; is "--line answers each block with its list, which an empty line ends" "$(grep -c '^$' line)" 24
grep -v '^$' line > got; same "and with those of the batch" got lists
blocks later > none; { cut -f1 bycand | uniq > order; awk -F '\t' 'NR == FNR { l[$1] = $0; next } { print l[$1] }' later order; } > inorder
blocks bycand | lines --requests inorder | grep -v '^$' > got; same "--requests says who asks, a line for each block" got ctxlists
head -3 inorder > three; blocks bycand | lines --requests three > got 2> err; is "that ends early is said" "$? $(grep -c '^$' got) $(cat err)" "4 3 taste-rank: three: ended, and there are candidates still: a line for each block of candidates is wanted"
{ echo 'bad line'; sed -n '2,$p' inorder; } > wrong; blocks bycand | lines --requests wrong > got
is "a line that is none is told in its answer, and the next is served" "$? $(grep -c '^$' got) $(grep -v '^$' got | awk -F '\t' '$2 == "" { print NR - 1; print $4 }' | sed -n 2p)" "0 24 wrong:1: 1 field: an event has 2 to 6 (user item time event value context)"
printf 'u\ta\t1\ts\nu\tb\n\nu\t\t\tno such user\n\n\nv\ta\tx\ts\nv\tb\t1\tq\\\nv\tc\t2\ts\n' | taste-rank -q --line > got
is "wrong lines are told, the others are answered" "$(cat got)" "u${T}a${T}1${T}s #1
u${T}${T}${T}2 fields, a candidate has user, item and score

u${T}${T}${T}no such user


v${T}c${T}1${T}s #1
v${T}${T}${T}field 3: 'x' is not a score (a finite number)
${T}${T}${T}(standard input):8: field 4: a backslash is not followed by t, n, r or a backslash in 'q\\\\'"
printf 'u\ta\0b\t1\ts\nu\tc\t2\ts\n\nv\tc\t2\ts\nv\td\n' | taste-rank -v --line 2>&1 >/dev/null | grep -o '[0-9]* requests, .*' > got
is "-v counts wrong lines of all kinds" "$(cat got)" "2 requests, 2 lines of them wrong"
printf 'u\ta\0b\t1\ts\nu\tc\t2\ts\n\nv\tc\t2\ts\n' | taste-rank --line > got
is "a NUL byte is told" "$(cat got)" "u${T}c${T}1${T}s #1
${T}${T}${T}(standard input):1: field 2: there is a NUL byte in the line

v${T}c${T}1${T}s #1"
is "a line of 10 MB is answered" "$({ printf 'u\t'; head -c 10000000 /dev/zero | tr '\0' y; printf '\t1\ts\n\nv\ta\t1\ts\n'; } | taste-rank --line | wc -lc | tr -s ' ')" " 4 10000023"
printf 'u\ta\t1\ts' | taste-rank --line > got; is "no final newline, no empty line" "$(cat got)" "u${T}a${T}1${T}s #1"
is "no lines, no answers" "$(taste-rank --line < empty; echo $?)" 0
printf '\xef\xbb\xbfu\ta\t1\ts\r\n\r\nu\tb\t1\ts\r\n' | taste-rank --line > got; is "CRLF and a BOM" "$(cat got)" "u${T}a${T}1${T}s #1

u${T}b${T}1${T}s #1"
mkfifo in ask out; taste-rank -q --line --trees trees.taste --past past.taste --items items.tsv -k 1000 --requests ask < in > out & exec 5> in 7< out 6> ask
k=0
while IFS= read -r user; do
	k=$((k + 1)); [ $k -le 4 ] || break
	awk -F '\t' -v u="$user" '$1 == u' bycand >&5; echo >&5; awk -F '\t' -v u="$user" '$1 == u' inorder >&6
	while IFS= read -r -t 20 a <&7 && [ -n "$a" ]; do printf '%s\n' "$a"; done
done < order > got
exec 5>&- 6>&- 7<&-; wait
awk -F '\t' 'NR == FNR { if (FNR < 5) u[$1]; next } $1 in u' order ctxlists > four; same "an answer comes before the next block and its request go" got four
awk -F '\t' 'BEGIN { OFS = FS } NR == FNR { if (FNR < 3) print $1, "m000002", 1790000000 + NR, "play" }' order > heard2
u=$(head -1 order); { for k in 1 2; do grep "^$u$T" bycand; echo; done; } > two; printf '%s\tm000002\t1790000000\tplay\n%s\tm000002\t1790000001\tplay\n' "$u" "$u" > again
lines --requests again < two > got; is "what was just heard is known in the next answer" "$(awk '!NF { n++; next } { print > "list" n + 0 }' got; cmp -s list0 list1 && echo same)" ""
{ head -2 two; sed -n "1s/^$u$T/somebody else$T/p" two; echo; head -2 two; } | lines --requests again > got
is "with --requests a block is of one user" "$(grep -c '^$' got) $(grep -c "^$u$T" got) $(grep "^somebody" got | cut -f2-)" "2 4 ${T}${T}another user in a block: with --requests a block is of one, who asked"
taste-rank -v --line --trees trees.taste --past past.taste < two 2>&1 >/dev/null | grep -o 'a list took [0-9]* us (median)\|[0-9]* requests, [0-9]* lines of them wrong' | sed 's/[0-9]* us/N us/' > got
is "-v says how long answers took" "$(cat got)" "2 requests, 0 lines of them wrong
a list took N us (median)"

# what does not go together
must_fail "no log" 2 "*--events, or --past*usage:*" taste-rank features cand.tsv
must_fail "two logs" 2 "*--past is a log already*" taste-rank features --past past.taste --events log.tsv cand.tsv
must_fail "vectors for a past" 2 "*--vectors goes with --events*" taste-rank features --past past.taste --vectors items.vecs cand.tsv
must_fail "a catalogue for a past" 2 "*--items goes with --events*" taste-rank features --past past.taste --items items.tsv cand.tsv
must_fail "requests of a past" 2 "*knows what was heard*" taste-rank features --past past.taste --requests req.tsv cand.tsv
must_fail "a time for requests that have theirs" 2 "*time= goes without --requests*" taste-rank features --events log.tsv --requests req.tsv --context time=1 cand.tsv
must_fail "--sample without requests" 2 "*--sample, --only-hits and --truth need --requests*" taste-rank features --events log.tsv --sample 3 cand.tsv
must_fail "--truth without requests" 2 "*need --requests*" taste-rank features --events log.tsv --truth t cand.tsv
must_fail "--label skipped of candidates" 2 "*no candidates*" taste-rank features --events log.tsv --requests req.tsv --label skipped cand.tsv
must_fail "--label skipped without requests" 2 "*--label skipped is of --requests*" taste-rank features --events log.tsv --label skipped
must_fail "--gap for lists" 2 "*--gap is an option of features*" taste-rank --gap 5 cand.tsv
must_fail "--context without --trees" 2 "*--context is for the features of --trees*" taste-rank --context hour=3 cand.tsv
must_fail "--top-features without --trees" 2 "*is for the features of --trees*" taste-rank --top-features 3 cand.tsv
must_fail "a past of files" 2 "*the log is named by --events*" taste-rank past log.tsv
must_fail "--line in binary" 2 "*--line is of text*" taste-rank --line -b
must_fail "standard input for two" 2 "*standard input can be read only once*" taste-rank features --events - --requests - cand.tsv
must_fail "another model is no past" 4 "*als.taste: not a past, which taste-rank past makes" taste-rank features --past als.taste cand.tsv
must_fail "another model is no trees" 4 "taste-rank: als.taste: *" taste-rank --trees als.taste --past past.taste cand.tsv
must_fail "no such past" 3 "*nofile: No such file*" taste-rank features --past nofile cand.tsv
head -c 20000 past.taste > cutp; must_fail "a cut past" 4 "taste-rank: cutp: *" taste-rank features --past cutp cand.tsv
head -c $(($(wc -c < f.taste) - 64)) f.taste > cutf; must_fail "a cut stream of features" 4 "*cutf: *" taste-view cutf
printf 'u\ti\t1\ta\nu\ti\t1\ta.place\n' > two; must_fail "sources of which two columns would have one name" 4 "*two columns would be called 'from.a.place'*" F --events log.tsv two
printf 'u\ti\0j\t1\ts\n' > nul; must_fail "a NUL byte is named" 4 "taste-rank: nul:1: *NUL*" F --events log.tsv nul
printf 'u\ti\tx\n' > notime; must_fail "a log with a bad time is named" 4 "taste-rank: notime:1: field 3: 'x' is not a time*" F --events notime cand.tsv
must_fail "and requests" 4 "taste-rank: notime:1: field 3: *" F --events log.tsv --requests notime cand.tsv
printf 'u\ti\n' > cols; must_fail "candidates without a score are named" 4 "taste-rank: cols:1: 2 fields*" F --events log.tsv cols
printf 'm\t1\tx\n' > badv; must_fail "bad vectors are named" 4 "taste-rank: badv:1*" taste-rank features --events log.tsv --vectors badv cand.tsv
must_fail "a full disk is told" 3 "taste-rank: *No space left on device" bash -c 'taste-rank features -q --events log.tsv cand.tsv > /dev/full'
must_fail "by past too" 3 "taste-rank: *No space left on device" bash -c 'taste-rank past --events log.tsv > /dev/full'
must_fail "and by --line" 3 "taste-rank: *No space left on device" bash -c 'taste-rank --line cand.tsv > /dev/full'
echo old > keep; taste-rank features -o keep --events notime cand.tsv 2>/dev/null; taste-rank past -o keep --events notime 2>/dev/null; is "a failed run leaves the old output" "$(cat keep)" old
is "a closed reader ends it quietly" "$(bash -c 'taste-rank features -q --events log.tsv --requests req.tsv cand.tsv | head -1 | wc -l; echo "${PIPESTATUS[0]}"' 2>&1 | tr '\n' ' ')" "1 141 "
must_fail "--gap of single events" 2 "*--gap: with --label skipped each event is a request of its own*" taste-rank features --events log.tsv --requests log.tsv --label skipped --gap 5
cut -f1-4 cand.tsv | awk -F '\t' '!s[$1]++ { print $1 FS "shown before" FS 1 }' > before
is "what was only shown before is of no source" "$(L --past past.taste --shown before bycand 2>&1 > none)" ""
must_fail "--gap without requests" 2 "*--gap says nothing without --requests*" taste-rank features --events log.tsv --gap 5 cand.tsv
is "a catalogue of items that the log has not is told" "$(taste-rank features --events log.tsv --items <(printf 'nobody\tmusic\n') cand.tsv 2>&1 > none | sed 's/[0-9][0-9]*/N/; s/in .*:/in F:/')" "taste-rank: none of N items is in F: it says nothing of them"
is "and not one of some of its items" "$(taste-rank past -o none --events log.tsv --items <(printf 'nobody\n'; head -1 log.tsv | cut -f2) 2>&1)" ""
awk -F '\t' -v OFS='\t' '{ $3 = $3 "000" } 1' log.tsv > ms.tsv
like "a log in milliseconds is told" "$(taste-rank past -o none --events ms.tsv 2>&1)" "taste-rank: the newest event is at *000, beyond the year 5000: are times milliseconds?*"
like "by whoever looks for candidates, too" "$(taste-rank candidates ms.tsv 2>&1 > none)" "taste-rank: the newest event is at *000, beyond the year 5000: are times milliseconds?*"
done_testing
