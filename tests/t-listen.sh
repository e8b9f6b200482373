# From a row to an event: what counts, what it is called, sessions, marks, names that hide.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
# pad - six columns
pad() { awk -F '\t' -v OFS='\t' '{ $6 = $6 } 1'; }
sp() { printf '{"ts":"2024-03-01T10:%s:00Z","ms_played":%s,"master_metadata_track_name":"%s","spotify_track_uri":"t:%s","reason_end":"%s","skipped":%s,"incognito_mode":%s}\n' "$@"; }
{ sp 01 29999 a a trackdone false false; sp 02 29999 b b fwdbtn true false; sp 03 30000 c c fwdbtn true false; sp 04 240000 d d endplay false true; sp 05 1000 e e logout false false; } > sp.json
kept() { taste-ingest spotify "$@" sp.json | cut -f2,4 | tr '\t\n' ': '; }
is "--rule all keeps what the source says" "$(kept)" "t:a:play t:b:skip t:c:skip t:d:play t:e:play "
is "--rule listenbrainz" "$(kept --rule listenbrainz)" "t:a:play t:c:play "
is "--rule lastfm without lengths: 30 seconds" "$(kept --rule lastfm)" "t:c:play t:d:play "
is "--min-seconds" "$(kept --min-seconds 29.9995)" "t:c:skip t:d:play "
is "--drop-incognito" "$(kept --drop-incognito)" "t:a:play t:b:skip t:c:skip t:e:play "
is "what is left out is counted by reason" "$(taste-ingest spotify --rule listenbrainz -v sp.json 2>&1 > none | sed -n 's/.*left out, //p')" "not a listen by --rule: 2
incognito: 1"
printf '{"scrobbles":[%s]}' "$(for x in 15,30 50,100 49,100 240,999 239,999; do printf '{"time":%d,"duration":%s,"track":{"title":"t%s","artists":["A"],"length":%s}},' 1700000000 "${x%,*}" "$x" "${x#*,}"; done | sed 's/,$//')" > m.json
is "--rule lastfm: longer than 30 s, half or 4 minutes" "$(taste-ingest maloja --rule lastfm m.json | cut -f2 | tr '\n' '|')" "a - t50,100|a - t240,999|"
is "marks of an earlier run go, also where there is no time" "$(printf 'u\ti\t\tplay\t1\tsession=9;a=b;suspect=burst\n' | taste-ingest tsv --session-gap 5 --suspect | cut -f6)" "a=b"
is "a row without an event is a play" "$(printf 'u\ti\t1\t\t3\nu\ti\t2\t\t40\nu\ti\t3\t\t\nu\ti\t4\trate\t3\n' | taste-ingest tsv --min-seconds 5 | cut -f3,4 | tr '\t\n' ': ')" "2: 3: 4:rate "
is "also to a rule, which makes it one" "$(printf 'u\ti\t1\t\t3\nu\ti\t2\t\t40\nu\ti\t3\t\t\n' | taste-ingest tsv --rule listenbrainz | cut -f3,4 | tr '\t\n' ': ')" "2:play 3:play "
is "likes are no listens and always stay" "$(echo '{"score":1,"recording_msid":"x","created":5}' | taste-ingest listenbrainz --rule lastfm --min-seconds 99 | cut -f4)" like

# names
key() { printf '{"scrobbles":[{"time":1700000000,"track":{"title":"%s","artists":["%s"]}}]}' "$2" "$1" | taste-ingest maloja "${@:3}" | cut -f2; }
is "names are folded" "$(key "BJÖRK" "Army of ME")" "björk - army of me"
is "and composed" "$(key "Bjo$(printf '\xcc\x88')rk" "x")" "björk - x"
is "a full fold" "$(key "GROSSE STRAßE" "x")" "grosse strasse - x"
is "a hyphen alone is doubled" "$(key "a - b" "c")" "a -- b - c"
is "so names never meet" "$(key "a" "b - c")" "a - b -- c"
is "nor at the ends" "$(key "a -" "b"; key "a" "- b"; key "a --" "b")" "a -- - b
a - -- b
a --- - b"
is "hyphens within words stay" "$(key "jay-z" "a-b - c")" "jay-z - a-b -- c"
is "no creator, the title alone" "$(echo '{"ts":"2024-03-01T10:00:00Z","ms_played":1,"master_metadata_track_name":"Only"}' | taste-ingest spotify | cut -f2)" only
lb='{"listened_at":1700000000,"track_metadata":{"artist_name":"A","track_name":"B","additional_info":{"recording_mbid":"m"},"recording_msid":"s"}}'
for k in uri:m name:a\ -\ b mbid:m; do is "--item-key ${k%:*}" "$(echo "$lb" | taste-ingest listenbrainz --item-key "${k%:*}" | cut -f2)" "${k#*:}"; done
is "titles are kept as written" "$(key "BJÖRK" "Army" --items it > none; key "BJÖRK" "Army" --items it | wc -l; cut -f3,4 it)" "1
Army${T}BJÖRK"
is "bytes that are not UTF-8 stay" "$(printf 'u\t\tA\xff\tB\n' | taste-ingest tsv --map user=1,item=2,creator=3,title=4 --item-key name | cut -f2 | od -An -tx1 | tr -d ' \n')" "41ff202d20620a"

# sessions
printf 'u\ta\t1000\tplay\t100\nu\tb\t1100\tplay\t50\nv\ta\t1100\nu\tc\t2950\tskip\t3\nu\td\t4754\nu\te\t4755\tlike\nu\tf\nu\tg\t9000\t\t\tdevice=phone\n' | pad > s.tsv
is "--session-gap" "$(taste-ingest tsv --session-gap 30m s.tsv | awk -F '\t' '{ print $1 $2 ":" $6 }' | tr '\n' ' ')" "ua:session=1 ub:session=1 va:session=1 uc:session=1 ud:session=2 ue:session=2 uf: ug:device=phone;session=3 "
is "in seconds, too" "$(taste-ingest tsv --session-gap 1800 s.tsv | cksum)" "$(taste-ingest tsv --session-gap 30m s.tsv | cksum)"
is "overlapping plays are kept and counted" "$(printf 'u\ta\t1000\tplay\t100\nu\tb\t1050\tplay\t100\nu\tc\t1149\tplay\t1\n' | taste-ingest tsv --session-gap 9 -v 2>&1 | sed -n 's/.*sessions; //p; s/^u.*/kept/p' | tr '\n' ' ')" "kept kept kept 1 plays began before the last had ended "
like "events out of order are told" "$(printf 'u\ta\t1000\nu\tb\t900\n' | taste-ingest tsv --session-gap 9 2>&1 > none)" "*1 events are earlier than the one before of their user*--sort*"
must_fail "a gap that is none" 2 "*--session-gap: '30x' is not a length of time*" taste-ingest tsv --session-gap 30x s.tsv

# what no listener does
suspects() { taste-ingest tsv --suspect "$1" 2> said | awk -F '\t' '{ split($6, a, "suspect="); if (a[2]) n[a[2]]++ } END { for (k in n) print k ":" n[k] }' | sort | tr '\n' ' '; }
taste-synth --users 200 --events 60000 -o human.tsv
is "a world of listeners raises no suspicion" "$(suspects human.tsv)" ""
seq 0 299 | awk '{ print "bot\tt" $1 "\t" 1700000000 + int($1 / 5) }' > burst.tsv
is "more than 100 starts a minute" "$(suspects burst.tsv)" "burst:$(awk -F '\t' '{ m = int($3 / 60); if (++n[m] > 100) k++ } END { print k }' burst.tsv) "
seq 0 99 | awk '{ print "bot\tt" $1 "\t" 1700000000 + 31 * $1 }' > clock.tsv
is "the same gap 30 times" "$(suspects clock.tsv)" "clockwork:70 "
seq 0 99 | awk '{ print "bot\tt" $1 "\t" 1700000000 + 100 * $1 + $1 % 7 "\tplay\t400" }' > over.tsv
is "more playing time than clock time" "$(suspects over.tsv | sed 's/:.*//')" overlap
is "the summary tells, nothing is lost" "$(taste-ingest tsv --suspect clock.tsv 2> said | wc -l; cat said)" "100
taste-ingest: suspect=clockwork: 70 events"

is "likes are no starts" "$({ echo "bot${T}l${T}1699999990${T}like"; sed "s/\$/${T}play/" clock.tsv; } | taste-ingest tsv --suspect 2> none | grep -c clockwork)" 70
is "what was heard, not liked, keeps a session" "$(printf 'u\ta\t1000\tplay\nu\ta\t2500\tlike\nu\tb\t4000\tplay\n' | taste-ingest tsv --session-gap 30m | cut -f6 | tr '\n' ' ')" "session=1 session=1 session=2 "
is "marks are made anew" "$(taste-ingest tsv --session-gap 1 s.tsv | taste-ingest tsv --session-gap 30m | cksum)" "$(taste-ingest tsv --session-gap 30m s.tsv | cksum)"
is "before 1970, too" "$(printf 'u\ti\t-100000\tlike\t\nu\tj\t-99990\tplay\t5\n' | taste-ingest tsv --suspect | grep -c suspect)" 0

# names that hide
printf 'a key of sixteen bytes or more' > key; printf 'another key that is long enough' > key2
taste-ingest tsv --hash-users key human.tsv > hidden.tsv
is "--hash-users hides who, the same one each time" "$(paste <(cut -f1 human.tsv) <(cut -f1 hidden.tsv) | sort -u | awk '{ a[$1]++; b[$2]++ } END { for (k in a) if (a[k] > 1) print k; for (k in b) if (b[k] > 1 || length(k) != 32) print k }')" ""
is "and nothing else" "$(cut -f2- human.tsv | cksum)" "$(cut -f2- hidden.tsv | cksum)"
is "another key, other names" "$(taste-ingest tsv --hash-users key2 human.tsv | cut -f1 | sort -u | comm -12 - <(cut -f1 hidden.tsv | sort -u) | wc -l)" 0
is "BLAKE2b of RFC 7693" "$(printf 'alice\ti\n' | taste-ingest tsv --hash-users key | cut -f1)" "$(python3 -c 'import hashlib; k = hashlib.blake2b(open("key", "rb").read(), digest_size=32).digest(); print(hashlib.blake2b(b"alice", digest_size=16, key=k).hexdigest())')"
printf short > key3; must_fail "a short key" 4 "taste-ingest: key3: a key has 16 to 65536 bytes*" taste-ingest tsv --hash-users key3 s.tsv
is "--drop-context" "$(taste-ingest tsv --drop-context --session-gap 30m s.tsv | tail -1 | cut -f6)" "session=3"
cp key key2; cp human.tsv log2; for x in "--items key2 --hash-users key2" "--rejects log2 --since log2" "--items log2 --dedupe-against log2" "-o key2 --hash-users key2" "-o log2 --dedupe-against log2"; do
	must_fail "what is read is not written over: $x" 2 "*' is read*" taste-ingest tsv $x s.tsv
done
same "and stays" key key2; same "as does the log" human.tsv log2
printf '\x1f\x8b\x08 0123456789abcdef' > key4; ok "a key is bytes, whatever they look like" taste-ingest tsv --hash-users key4 s.tsv
is "a name given by option is not in the log's history" "$(printf 'i\n' | taste-ingest tsv --map item=1 --user alice --hash-users key -b | taste-view -i | grep -c alice)" 0
is "-v counts the same in text and binary" "$(for b in "" -b; do taste-ingest tsv -v $b --since 2100-01-01 -o none human.tsv 2>&1 | grep -o '[0-9]* users, [0-9]* items'; done | uniq)" "0 users, 0 items"
must_fail "--tz without a sign" 2 "*--tz: ':30' is not a zone*" taste-ingest scrobbler --tz :30 s.tsv
done_testing
