# scripts/examples: what they say they do, on made-up data; their files by other programs' parsers.
. "$(dirname "$0")/lib.sh"
EX=$SRC/scripts/examples
for x in navidrome listenbrainz shards; do
	if command -v shellcheck > /dev/null; then is "shellcheck has nothing to say about $x" "$(shellcheck "$EX/$x" 2>&1)" ""; else skip "shellcheck has nothing to say about $x" "no shellcheck"; fi
	like "$x -h says what it is" "$("$EX/$x" -h)" "$x \[-h\]*Needs*"
	must_fail "$x without operands" 2 "*usage: $x *" "$EX/$x"
	must_fail "$x with an option there is not" 2 "*unknown option -Z*usage: $x *" "$EX/$x" -Z
	to="-o x"; [ $x != navidrome ] || to=
	must_fail "$x with half an item" 2 "*'0.5' is not a number from 1*" "$EX/$x" -k 0.5 $to x x
	must_fail "$x without the programs" 3 "$x: * is not installed" env PATH="$SCRATCH/bin" /bin/bash "$EX/$x" $to x x
	must_fail "$x of a file that is missing" 3 "$x: nofile: no file that could be read" "$EX/$x" $to nofile x
done

# a world
taste-synth --users 40 --events 12000 --music 300 --podcasts 0 --audiobooks 0 -s 5 --items items.tsv -o log.tsv || fail "a world can be made"

# nightly.mk
if make --version 2> /dev/null | grep -q 'GNU Make [4-9]'; then
	night() { (cd "$1" && shift && make -s -f "$EX/nightly.mk" DIM=16 SOURCE=jsonl "$@"); }
	mkdir -p a/exports b/exports
	awk -F '\t' 'NR == FNR { i[$1] = $0; next } $2 in i { split(i[$2], c); printf "{\"user\":\"%s\",\"item\":\"%s\",\"time\":%s,\"event\":\"%s\",\"title\":\"%s\",\"creator\":\"%s\"}\n", $1, $2, $3, $4, c[3], c[4] }' items.tsv log.tsv > all.jsonl
	head -8000 all.jsonl > a/exports/1.jsonl; sed -n '8001,$p' all.jsonl > a/exports/2.jsonl; cp a/exports/* b/exports/
	ok "a night makes lists" night a
	like "with titles and reasons" "$(head -1 a/tonight.tsv)" "*als*because*title=*"
	is "for everybody" "$(cut -f1 a/tonight.tsv | sort -u | wc -l)" "$(cut -f1 log.tsv | sort -u | wc -l)"
	night b -j3 THREADS=1; same "in parallel the same bytes" a/tonight.tsv b/tonight.tsv
	is "where nothing came nothing is done, and nothing is said" "$(cd a && make -f "$EX/nightly.mk" -q DIM=16 SOURCE=jsonl; echo $?) $(night a 2>&1)" "0 "
	rm b/als.cand b/quality.tsv b/tonight.tsv; night b; same "a night that broke off goes on" a/tonight.tsv b/tonight.tsv
	cp a/tonight.tsv before; echo '{"user":"x"}' > a/exports/3.jsonl
	night a > said 2>&1; is "an export that is broken ends the night" "$? $(grep -c 'taste-ingest: .*3.jsonl:1' said)" "2 1"
	same "and yesterday's lists stay" a/tonight.tsv before
	rm a/exports/3.jsonl; touch a/exports/2.jsonl; rm a/better.ok
	night a METRIC=nothing > said 2>&1; is "a model that is not better ends the night" "$? $(grep -c 'no new lists' said)" "2 1"
	same "and yesterday's lists stay again" a/tonight.tsv before
	mkdir c; night c > said 2>&1; is "a night without exports says so" "$? $(grep -c 'no exports' said)" "2 1"
	like "make help says what it does" "$(make --no-print-directory -f "$EX/nightly.mk" help)" "nightly.mk - *no lists tonight\""
else
	skip "nightly.mk" "no GNU make 4"
fi

# listenbrainz
awk -F '\t' 'NR == FNR { t[$1] = $3 " " $1; c[$1] = $4; a[$1] = $5; next } $4 == "play" {
	printf "{\"listened_at\":%d,\"user_name\":\"%s\",\"recording_msid\":\"%s\",\"track_metadata\":{\"artist_name\":\"%s\",\"track_name\":\"%s\",\"release_name\":\"%s\"}}\n", $3, $1, $2, c[$2], t[$2], a[$2] }' items.tsv log.tsv > lb.jsonl
"$EX/listenbrainz" -k 4 -d 16 -o lb lb.jsonl > lb.said 2> lb.err; is "an export of several people comes to lists" "$? $(cat lb.err)" "0 "
is "with three lists for everybody, of four each where there are four, by name" \
	"$(awk -F '\t' 'NF == 6 && $4 != "" && $5 != "" { n[$2]++; u[$1] } END { for (x in u) m++; print n["new"] / m, n["next"] / m, (n["again"] > 3 * m) }' lb/for-you.tsv)" "4 4 1"
is "and nothing that is new is old" "$(awk -F '\t' 'NR == FNR { name[$1] = $4 FS $3 " " $1; next } FILENAME == "log.tsv" { if ($4 == "play") had[$1 FS name[$2]]; next } $2 == "new" && ($1 FS $4 FS $5) in had' items.tsv log.tsv lb/for-you.tsv)" ""
like "popularity stands beside the model" "$(cat lb/quality.txt)" "*session *pop *"
cp lb/for-you.tsv before; "$EX/listenbrainz" -k 4 -d 16 -o lb lb.jsonl lb.jsonl > said; same "the export twice is the export once" lb/for-you.tsv before
mkdir -p one/listens/2025; grep '"bodo"' lb.jsonl | sed 's/"user_name":"bodo",//' > one/listens/2025/1.jsonl; echo 'no json' >> one/listens/2025/1.jsonl
echo "{\"score\":-1,\"created\":\"2025-02-01\",\"recording_msid\":\"$(sed -n 's/.*msid":"\(m[0-9]*\).*/\1/p' one/listens/2025/1.jsonl | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')\"}" > one/feedback.jsonl
"$EX/listenbrainz" -k 50 -d 8 -o me one > said 2>&1; is "a directory of one person" "$? $(cut -f1 me/for-you.tsv | sort -u) $(cut -f2 me/for-you.tsv | sort | uniq | tr '\n' ' ')" "0 me again next "
is "a line that is none is kept aside" "$(wc -l < me/rejects.tsv)" 1
hated=$(taste-view me/log.taste | awk -F '\t' '$4 == "dislike" { print $2 }')
is "what is disliked is in no list" "$(awk -F '\t' -v h="$hated" 'NR == FNR { if ($1 == h) name = $4 FS $3; next } $4 FS $5 == name' me/items.tsv me/for-you.tsv)" ""
if command -v unzip > /dev/null; then
	(cd one && python3 -m zipfile -c ../export.zip feedback.jsonl listens); "$EX/listenbrainz" -k 50 -d 8 -o zip export.zip > said 2>&1; same "the zip is the directory" zip/for-you.tsv me/for-you.tsv
else skip "the zip is the directory" "no unzip"; fi
: > none.jsonl; must_fail "an export of nothing" 4 "listenbrainz: there are no listens in it" "$EX/listenbrainz" -o none none.jsonl

# navidrome: names, paths and listeners that must be escaped
if ! command -v sqlite3 > /dev/null || ! command -v jq > /dev/null || ! taste-ingest --list | grep -q navidrome; then
	skip "navidrome" "no sqlite3, or no jq"
else
awk -F '\t' -v OFS='\t' '{ print $1, $3, $5, $4, $6, $7, $8, "lib/" $4 "/" $5 "/" $3 " " $1 ".flac" }' items.tsv > media.tsv
sqlite3 navidrome.db <<'S'
create table media_file(id varchar(255) primary key, path varchar(255) not null default '', title varchar(255), album varchar(255), artist varchar(255), duration real default 0, year integer, genre varchar(255), missing bool default false);
create table annotation(user_id varchar(255), item_id varchar(255), item_type varchar(255), play_count integer default 0, play_date datetime, rating integer default 0, rated_at datetime, starred bool default false, starred_at datetime);
create table user(id varchar(255) primary key, user_name varchar(255), name varchar(255));
create table scrobbles(id integer primary key, media_file_id varchar(255), user_id varchar(255), submission_time integer);
create table m(id,title,album,artist,year,duration,tags,path); create table e(user,item,time,event,value,context);
.mode tabs
.import media.tsv m
.import log.tsv e
insert into media_file(id,path,title,album,artist,duration,year,genre) select id,path,title,album,artist,duration+0.0,year,tags from m;
insert into user select distinct 'id-'||user, case user when 'bodo' then 'a/b <ü> & "c"' else user end, user from e;
insert into scrobbles(media_file_id,user_id,submission_time) select item,'id-'||user,time from e where event = 'play';
insert into annotation(user_id,item_id,item_type,starred,starred_at) select distinct 'id-'||user,item,'media_file',1,datetime(time,'unixepoch') from e where event = 'like';
insert into annotation(user_id,item_id,item_type,play_count) values('id-ana','m000001','media_file',2);
update media_file set title = 'Tab'||char(9)||'new'||char(10)||'line \ <&"''> '||substr(id,2), artist = 'Ä & <Ö> '||artist where rowid % 3 = 0;
update media_file set path = '#hash/100%41 & "quotes" ?'||id||'.mp3' where rowid % 5 = 0;
update media_file set title = 'bell'||char(7)||substr(id,2) where rowid % 7 = 0;
update media_file set missing = 1 where rowid % 11 = 0;
drop table m; drop table e;
S
cksum < navidrome.db > before
"$EX/navidrome" -k 20 -d 16 -p /music/ navidrome.db lists > said 2>&1; is "playlists are made, in silence" "$? $(cat said)" "0 "
is "and the database is as it was" "$(cksum < navidrome.db)" "$(cat before)"
is "three files of two lists for everybody" "$(ls -A lists | wc -l)" $((6 * $(sqlite3 navidrome.db 'select count(*) from user')))
like "a name is no path" "$(ls lists | grep mix-a%)" "mix-a%2Fb%20%3C%C3%BC%3E%20%26%20%22c%22.jspf*m3u8*xspf"
sqlite3 -json navidrome.db "select '/music/' || path as path, title, artist, album, cast(duration * 1000 as int) as ms from media_file where not missing" > tracks.json
cat > check.py <<'P'
import json, re, sys, glob, urllib.parse, xml.etree.ElementTree as tree
known = {t["path"]: t for t in json.load(open("tracks.json"))}
ns, n = "{http://xspf.org/ns/0/}", 0
def local(uri, prefix):
    assert uri.startswith(prefix) and re.fullmatch("([-A-Za-z0-9._~/:]|%[0-9A-F]{2})*", uri), uri
    return "/music/" + urllib.parse.unquote(uri[len(prefix):])
for name in glob.glob(sys.argv[1] + "/*.xspf"):
    x = [{e.tag[len(ns):]: e.text or "" for e in t} for t in tree.parse(name).getroot().iter(ns + "track")]
    j = json.load(open(name[:-4] + "jspf"))["playlist"]["track"]
    m = open(name[:-4] + "m3u8", encoding="utf-8").read().split("\n")
    assert m[0] == "#EXTM3U" and m[-1] == "" and len(x) == len(j) == len(m[2:-1]) / 2, name
    for a, b, head, path in zip(x, j, m[2:-1:2], m[3:-1:2]):
        p = local(a["location"], sys.argv[2])
        t = known[p]
        assert local(b["location"][0], sys.argv[2]) == p and "/music/" + path.removeprefix(sys.argv[3]) == p, (p, path)
        clean = lambda s: "".join(c for c in s if c >= " " or c in "\t\n\r")
        assert (a["title"], a["creator"], a["album"], int(a["duration"])) == (clean(t["title"]), t["artist"], t["album"], t["ms"]), (a, t)
        assert (b["title"], b["creator"], b["duration"]) == (t["title"], t["artist"], t["ms"]), (b, t)
        assert head == "#EXTINF:%d,%s - %s" % (t["ms"] / 1000, t["artist"], t["title"].replace("\n", " ")), head
        n += 1
print(n > 300)
P
is "XSPF, JSPF and M3U8 say the same tracks, with the names and paths of the database, none of them missing" "$(python3 check.py lists file:///music/ /music/ 2>&1)" True
is "a new track of the mix was not played, an old one was" "$(for l in mix again; do jq -r '.playlist.track[].location[0]' lists/$l-ana.jspf; done | sort | uniq -d | wc -l)" 0
cp -a lists then; sleep 0.01; "$EX/navidrome" -k 20 -d 16 -p /music/ navidrome.db lists; is "again: the same bytes, and not even written" "$(find lists -name '*.*' -newer then/mix-ana.m3u8 -printf x | wc -c) $(diff -r lists then)" "$(find then -name '*.*' -newer then/mix-ana.m3u8 -printf x | wc -c) "
"$EX/navidrome" -k 20 -d 16 -u ana navidrome.db ana; is "one listener, paths as they are" "$(ls ana | wc -l) $(grep -hc '^./#hash\|^lib/' ana/mix-ana.m3u8)" "6 20"
"$EX/navidrome" -u nobody navidrome.db nobody 2> said; is "one who is not there is no listener" "$? $(ls -A nobody | wc -l) $(cat said)" "4 0 navidrome: navidrome.db: there is no listener 'nobody'"
"$EX/navidrome" -k 5 -u 'a/b <ü> & "c"' navidrome.db odd; is "one of an odd name is" "$? $(ls odd | wc -l)" "0 6"
sed -i 's/n > 300/n > 20/' check.py; sqlite3 -json navidrome.db "select '/music/' || path as path, title, artist, album, cast(duration * 1000 as int) as ms from media_file" > tracks.json
is "relative ones are URIs, too" "$(sed -i 's/^\.\/#/#/' ana/*.m3u8; python3 check.py ana '' '' 2>&1)" True
sqlite3 navidrome.db 'delete from scrobbles; delete from annotation'; "$EX/navidrome" navidrome.db fresh 2> said; is "a server where nothing was played has no lists" "$? $(ls -A fresh | wc -l) $(cat said)" "0 0 navidrome: navidrome.db: nothing was played yet"
echo "no database" > bad.db; "$EX/navidrome" bad.db fresh > said 2>&1; is "a file that is no database" "$(($? != 0)) $(ls -A fresh | wc -l)" "1 0"
fi

# shards
if command -v parallel > /dev/null && parallel --version 2> /dev/null | head -1 | grep -q GNU; then
	split -n l/3 log.tsv part.
	sed 's/^\(g[^\t]*\)\t/\1\\t "$x`\t/' log.tsv > odd.tsv
	for log in log odd; do
		taste-train als -q -o whole.taste $log.tsv; taste-embed -m whole.taste --items all -b -o whole.vecs
		taste-embed -m whole.taste --users all -b | taste-knn search -k 200 --source als --exclude $log.tsv whole.vecs | taste-rank -k 5 --items items.tsv --per-creator 2 > $log.whole
	done
	"$EX/shards" -n 5 -j 2 -k 5 -s tsv -c items.tsv -o foreign part.*; same "5 shards of foreign files: the bytes of one pipe" foreign/lists.tsv log.whole
	rm part.*; split -n l/3 odd.tsv part.
	for n in 1 50; do
		"$EX/shards" -n $n -j 2 -k 5 -s events -c items.tsv -o shards part.* 2> said; [ -s said ] && cat said >&2
		same "$n shards: the bytes of one pipe" shards/lists.tsv odd.whole
	done
	cp odd.whole whole.tsv
	stat -c %Y.%i shards/.shards/model.taste shards/.shards/parts/* > before; rm shards/lists.tsv; "$EX/shards" -n 50 -j 2 -k 5 -s events -c items.tsv -o shards part.*
	is "what was done is not done again" "$(stat -c %Y.%i shards/.shards/model.taste shards/.shards/parts/* | cmp - before && cmp shards/lists.tsv whole.tsv && echo same)" same
	echo x > bad.tsv; "$EX/shards" -s tsv -o bad bad.tsv > said 2>&1; is "a log that is none ends it" "$(($? != 0)) $(ls bad/lists.tsv 2> /dev/null)" "1 "
else
	skip "shards" "no GNU parallel"
fi
mkdir -p bin; for p in "$BIN"/taste-*; do ln -s "$p" bin/; done
must_fail "without GNU parallel shards says so" 3 "shards: parallel is not installed" env PATH="$SCRATCH/bin" /bin/bash "$EX/shards" -o x log.tsv
done_testing
