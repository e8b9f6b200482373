# taste-train session: sessions as they are cut, the same bytes whatever does the work, items without events, and what its model can be asked.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
# Listeners of two tastes, with sessions of 8 items of a block of 15 that go up by 1 to 3; half an hour between events of a session is never passed, between sessions always.
awk 'BEGIN { srand(11); for (u = 0; u < 80; u++) { t = 0; for (s = 0; s < 6; s++) { b = int(rand() * 6); i = int(rand() * 15); t += 90000
	for (j = 0; j < 8; j++) { printf "u%d\ti%d\t%d\t%s\n", u, b * 15 + i, t += 200, rand() < 0.05 ? "skip" : "play"; i = (i + 1 + int(rand() * 3)) % 15 } } } }' > log.tsv
awk 'BEGIN { for (i = 0; i < 90; i++) printf "i%d\tmusic\tsong %d\tcreator %d\t\t\t\ttag%d;all\n", i, i, int(i / 15), i % 2
	print "cold\tmusic\tnew song\tcreator 2"; print "strange\tmusic\tsong\tnobody" }' > items.tsv
ses="taste-train session -d 24 -e 4 --batch 300"

$ses -t 1 log.tsv > s.taste
for t in 2 7; do $ses -t $t log.tsv > t; same "-t $t writes the bytes of -t 1" t s.taste; done
for cpu in $(taste-train -V | sed -n 's/^cpu paths: *//p'); do $ses --cpu $cpu log.tsv > cpu.taste; same "--cpu $cpu writes the same bytes" cpu.taste s.taste; done
$ses < log.tsv > in.taste; is "events come from a pipe too" "$(taste-embed -m in.taste --items all | cksum)" "$(taste-embed -m s.taste --items all | cksum)"
tac log.tsv | $ses > t
is "events are put in order of time: as many sessions from the log backwards" "$(taste-view t | awk -F '\t' '$1 == "n_sessions" { print $2 }')" 480
$ses -s 2 log.tsv > t; cmp -s t s.taste && fail "another seed gives another model" || pass "another seed gives another model"
$ses -v log.tsv > t 2> v.err; same "-v does not change the model" t s.taste
is "-v writes a row for each epoch, and the loss falls" "$(grep "^[0-9]*$T" v.err | awk -F '\t' 'NF == 3 && (NR == 1 || $2 < last) { n++ } { last = $2 } END { print n }')" 4
is "the model has all its options" "$(taste-view s.taste | awk -F '\t' '$1 ~ /^(kind|d|epochs|window|negatives|neg_power|back|subsample|rate|batch|decay|seed|min_count|gap|shape|n_users|n_items|n_events|n_tokens|n_sessions)$/ { print $1 "=" $2 }' | sort | tr '\n' ' ')" \
	"back=0.3 batch=300 d=24 decay=0.6 epochs=4 gap=1800 kind=session min_count=0 n_events=3840 n_items=90 n_sessions=480 n_tokens=0 n_users=80 neg_power=0.75 negatives=64 rate=0.1 seed=1 shape=binary subsample=0 window=5 "
is "without --gap a user's events are one session" "$($ses --gap 0 log.tsv | taste-view - | awk -F '\t' '$1 == "n_sessions" { print $2 }')" 80
is "item.count counts events that weigh something" "$(taste-view --tensor item.count s.taste | awk '{ n += $2 } END { print n }')" "$(grep -vc skip log.tsv)"
is "all weights 1: skips too" "$($ses --weight '*=1,skip=1' log.tsv | taste-view --tensor item.count - | awk '{ n += $2 } END { print n }')" 3840

# near <items.vecs> : of how many items of the log is the nearest by cosine of the same block?
near() { taste-knn search -k 2 --metric cosine "$1" "$1" | awk -F '\t' '$1 ~ /^i/ && $2 ~ /^i/ && $1 != $2 && int(substr($1, 2) / 15) == int(substr($2, 2) / 15) { n++ } END { print n + 0 }'; }
taste-train session -d 24 --batch 300 -o full.taste log.tsv; taste-embed -m full.taste --items all -o full.vecs
[ "$(near full.vecs)" -ge 88 ] && pass "what stands in one session is near" || fail "what stands in one session is near: $(near full.vecs) of 90"
taste-embed -m full.taste --items all --format w2v -o full.w2v; is "and can be read as word2vec's" "$(taste-view --format w2v full.w2v | cksum)" "$(cksum < full.vecs)"

# a catalogue
with="taste-train session -d 24 --batch 300 --items items.tsv"
$with -o meta.taste log.tsv; taste-embed -m meta.taste --items all -o meta.vecs
is "an item without events has a vector when it shares a token, else it is not there" "$(cut -f1 meta.vecs | grep -v '^i[0-9]*$' | tr '\n' ' ')" "cold "
is "the model says what was used" "$(taste-view meta.taste | awk -F '\t' '$1 == "tokens" || $1 == "n_tokens" { print $2 }' | sort | tr '\n' ' ')" "9 creator,group,tags "
grep "^cold$T" meta.vecs > cold.vecs
is "its neighbours are its creator's" "$(taste-knn search -k 6 --metric cosine meta.vecs cold.vecs | awk -F '\t' '$2 != "cold" && int(substr($2, 2) / 15) == 2 { n++ } END { print n }')" 5
[ "$(near meta.vecs)" -ge 80 ] && pass "and others stay near what they were near" || fail "and others stay near what they were near: $(near meta.vecs)"
$with -t 7 log.tsv > t; same "a catalogue: -t 7 writes the same bytes" t meta.taste
$with --cpu plain log.tsv > t; same "a catalogue: --cpu plain writes the same bytes" t meta.taste
is "--tokens chooses columns" "$($with --tokens tags -e 1 log.tsv | taste-view - | awk -F '\t' '$1 == "tokens" || $1 == "n_tokens" || $1 == "n_items" { print $2 }' | tr '\n' ' ')" "90 3 tags "
is "every item's vector is finite" "$(grep -ci 'nan\|inf' meta.vecs)" 0

# rare items
{ cat log.tsv; printf 'u1\trare\t9000000\nu1\ti1\t9000010\n'; } > rare.tsv
is "--min-count leaves out items of fewer events" "$($ses --min-count 2 rare.tsv | taste-view - | awk -F '\t' '$1 ~ /^(n_items|n_events|min_count)$/ { print $1 "=" $2 }' | tr '\n' ' ')" "n_items=90 n_events=3842 min_count=2 "
is "what was only skipped has the zero vector" "$(printf 'a\tx\na\tz\na\ty\t\tskip\n' | $ses -d 2 | { cat > z.taste; echo y | taste-embed -m z.taste --items -; })" "y${T}0${T}0"
is "events without times are in the order they come in" "$(printf 'a\tx\na\ty\na\tz\n' | $ses -d 2 | taste-view - | awk -F '\t' '$1 == "n_sessions" { print $2 }')" 1
awk 'BEGIN { for (i = 0; i < 2000; i++) printf "u\ti%d\n", i % 40 }' | $ses -o long.taste && pass "a session of 2000 events is no harder than another" || fail "a session of 2000 events"

# what is wrong
must_fail "no events" 4 "taste-train: no events to learn from" $ses /dev/null
must_fail "sessions of one event" 4 "taste-train: no events to learn from: no session has two" bash -c "printf 'a\tx\nb\ty\n' | $ses"
must_fail "all events thinned away by their weight" 4 "taste-train: no events to learn from: those read all weigh 0" $ses --weight '*=0' log.tsv
must_fail "users have no vectors, and what to do is told" 4 "*s.taste: a model of kind session has no vectors of users: fold in their events" taste-embed -m s.taste --users all
must_fail "a token that is none" 2 "*--tokens: 'title' is none of*" $with --tokens creator,title log.tsv
must_fail "a window beyond what a session may have" 2 "*--window: '256'*0 to 255*" $ses --window 256 log.tsv
must_fail "too many negatives" 2 "*negatives is not in 1..4096*" $ses --negatives 5000 log.tsv
must_fail "an option of softmax" 2 "*--layers is an option of softmax*" $ses --layers 3 log.tsv
must_fail "softmax: an option of session" 2 "*--window is an option of session*" taste-train softmax --window 3 log.tsv
must_fail "sessions do not age" 2 "*--half-life is an option of pop, als and ease*" $ses --half-life 3 log.tsv
is "a catalogue of other items is told" "$(taste-train session -d 4 -e 1 --items <(printf 'nobody\tmusic\n') -o t log.tsv 2>&1 | sed 's/[0-9][0-9]*/N/; s/in .*:/in F:/')" "taste-train: none of N items is in F: it says nothing of them"
must_fail "a catalogue that is not there" 3 "*nowhere.tsv*" $ses --items nowhere.tsv log.tsv
head -c 3000 s.taste > cut.taste; must_fail "a model that was cut" 4 "*cut.taste*" taste-embed -m cut.taste --items all
must_fail "events and catalogue cannot both be standard input" 2 "*standard input*" $ses --items - -
must_fail "--tokens without a catalogue" 2 "*--tokens needs --items*" taste-train session --tokens tags log.tsv
printf 'u\ti\t1700000000000\nu\tj\t1700000001000\nv\ti\t1700000000000\nv\tj\t1700000001000\n' > ms.tsv
for v in pop ease "session -d 4 -e 1" "seq -d 8 -e 1"; do like "milliseconds are told: $v" "$(taste-train $v -o t ms.tsv 2>&1)" "taste-train: the newest event is at *000, beyond the year 5000: are times milliseconds?*"; done
done_testing
