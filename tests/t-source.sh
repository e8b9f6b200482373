# taste-ingest SOURCE: what each service's files become. Fixtures are made by hand: each optional member once there and once not; invented people.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
# becomes NAME SOURCE FILE WANTED [options] - the events, `|` for TABs; also as `auto` and packed
becomes() {
	local name=$1 source=$2 file=$3 want=$4; shift 4
	is "$name" "$(taste-ingest "$source" "$@" "$file" 2>err | tr '\t' '|'; head -3 err)" "$want"
	is "$name: auto knows it" "$(taste-ingest auto -v "$file" 2>&1 >/dev/null | sed -n "s/.*\] $file: //p")" "$source"
}
catalogue() { is "$1: catalogue" "$(taste-ingest "$2" --items items.tsv "$3" >/dev/null; tr '\t' '|' < items.tsv)" "$4"; }

# ---- Spotify ----
cat > extended.json <<'X'
[
  {"ts":"2024-03-01T10:05:00Z","platform":"Android OS 13 API 33 (maker, XY-1)","ms_played":210500,"conn_country":"ZZ","ip_addr":"192.0.2.7","master_metadata_track_name":"Rain Song","master_metadata_album_artist_name":"The Quiet Tides","master_metadata_album_album_name":"Salt","spotify_track_uri":"spotify:track:1","episode_name":null,"episode_show_name":null,"spotify_episode_uri":null,"reason_start":"clickrow","reason_end":"trackdone","shuffle":true,"skipped":false,"offline":false,"offline_timestamp":null,"incognito_mode":false},
  {"ts":"2024-03-01T10:06:00Z","ms_played":4000,"ip_addr_decrypted":"192.0.2.8","user_agent_decrypted":"secret agent","master_metadata_track_name":"Rain Song","spotify_track_uri":"spotify:track:1","reason_start":"","reason_end":"fwdbtn","shuffle":false,"skipped":true,"offline":true,"incognito_mode":true},
  {"ts":"2024-03-02T07:00:00Z","username":"somebody","platform":"ios","ms_played":1800000,"episode_name":"On Bread","episode_show_name":"Notes","spotify_episode_uri":"spotify:episode:2","reason_end":"endplay","skipped":null},
  {"ts":"2024-03-03T21:00:00Z","platform":"windows","ms_played":60000,"audiobook_title":"The Map","audiobook_uri":"spotify:show:3","audiobook_chapter_uri":"spotify:episode:31","audiobook_chapter_title":"One","reason_end":"logout"},
  {"ts":"2018-05-05T00:00:10Z","platform":"web_player","ms_played":10000,"master_metadata_track_name":"Old","spotify_track_uri":"spotify:track:9","reason_end":"fwdbtn","skipped":false},
  {"ts":"2024-03-04T00:00:00Z","ms_played":0,"reason_end":"unknown"}
]
[{"ts":"2024-03-05T00:00:00Z","ms_played":31000,"master_metadata_track_name":"Ghost","master_metadata_album_artist_name":"Nobody"}]
X
becomes "Spotify extended history" spotify extended.json "me|spotify:track:1|1709287290|play|210.5|device=phone;shuffle=1;start=clickrow;end=trackdone
me|spotify:track:1|1709287556|skip|4|offline=1;end=fwdbtn
somebody|spotify:episode:2|1709361000|play|1800|device=phone;end=endplay
me|spotify:episode:31|1709499540|play|60|device=desktop;end=logout
me|spotify:track:9|1525478400|skip|10|device=desktop;end=fwdbtn
me|nobody - ghost|1709596769|play|31|"
catalogue "Spotify extended history" spotify extended.json "spotify:track:1|music|Rain Song|The Quiet Tides|Salt|||
spotify:episode:2|podcast|On Bread|Notes|Notes|||
spotify:episode:31|audiobook|One|The Map|The Map|||
spotify:track:9|music|Old|||||
nobody - ghost|music|Ghost|Nobody||||"
is "what names nothing is counted" "$(taste-ingest spotify -v extended.json 2>&1 >/dev/null | sed -n 's/.*left out, //p')" "names no item: 1"
is "--drop-incognito" "$(taste-ingest spotify --drop-incognito extended.json | wc -l)" 5
echo '[{"ts":"soon","ms_played":1,"ip_addr":"192.0.2.7","user_agent_decrypted":"secret agent","spotify_track_uri":"u"}]' > badts.json
taste-ingest spotify --rejects rej badts.json 2>/dev/null > none
is "an address never reaches the rejects" "$(cut -f2,3 rej)" "time${T}{\"ts\":\"soon\",\"ms_played\":1,\"spotify_track_uri\":\"u\"}"
printf '{"ts":"2024-03-01T10:05:00Z","ip_addr":"192.0.2.7",]\n' | taste-ingest spotify --rejects rej 2> none > none; is "nor does a line that is broken" "$(cut -f2,3 rej)" "json${T}{}"
cat > account.json <<'X'
[{"endTime":"2022-12-05 16:52","artistName":"The Quiet Tides","trackName":"Rain Song","msPlayed":152293},
 {"endTime":"2022-12-05 17:00","podcastName":"Notes","episodeName":"On Bread","msPlayed":0}]
X
becomes "Spotify account data" spotify account.json "me|the quiet tides - rain song|1670258968|play|152.293|
me|notes - on bread|1670259600|play|0|"

# ---- ListenBrainz ----
cat > lb.jsonl <<'X'
{"listened_at":1700000000,"user_name":"somebody","recording_msid":"aaaa","inserted_at":1,"track_metadata":{"artist_name":"The Quiet Tides","track_name":"Rain Song","release_name":"Salt","additional_info":{"recording_mbid":"m-1","duration_ms":210000,"media_player":"mpv","music_service":"x.org","tags":["a","b\u00e9"],"artist_mbids":["z"]},"mbid_mapping":{"recording_mbid":"m-2"}}}
{"listened_at":1700000300.0,"track_metadata":{"artist_name":"Nobody","track_name":"Ghost","recording_msid":"bbbb","additional_info":{"duration":100},"mbid_mapping":null}}
{"listened_at":1700000600,"track_metadata":{"artist_name":"Nobody","track_name":"Other","mbid_mapping":{"recording_mbid":"m-3"}}}
X
becomes "ListenBrainz" listenbrainz lb.jsonl "somebody|m-1|1700000000|play||player=mpv;service=x.org
me|bbbb|1700000300|play||
me|m-3|1700000600|play||"
catalogue "ListenBrainz" listenbrainz lb.jsonl "m-1|music|Rain Song|The Quiet Tides|Salt||210|a;bé
bbbb|music|Ghost|Nobody|||100|
m-3|music|Other|Nobody||||"
echo '{"payload":{"count":1,"listens":[{"listened_at":1700000000,"track_metadata":{"artist_name":"A","track_name":"B","additional_info":{"recording_msid":"q"}}}]}}' > lbapi.json
becomes "ListenBrainz API" listenbrainz lbapi.json "me|q|1700000000|play||"
echo '{"listen_type":"import","payload":[{"listened_at":1700000000,"track_metadata":{"artist_name":"A","track_name":"B"}}]}' > lbimport.json
becomes "ListenBrainz import" listenbrainz lbimport.json "me|a - b|1700000000|play||"
printf '%s\n' '{"recording_msid":"aaaa","recording_mbid":"m-1","score":1,"created":1700000009}' '{"recording_msid":"bbbb","recording_mbid":null,"score":-1}' '{"recording_msid":"cc","score":0,"created":5}' > feedback.jsonl
becomes "ListenBrainz feedback" listenbrainz feedback.jsonl "me|m-1|1700000009|like||
me|bbbb||dislike||"
must_fail "nanoseconds are no time" 4 "*:1: member 'listened_at': '1700000000000000000' is not a time" taste-ingest listenbrainz <<< '{"listened_at":1700000000000000000,"track_metadata":{"artist_name":"A","track_name":"B"}}'
must_fail "a listen without an artist" 4 "*member 'track_metadata.artist_name': '' is no name" taste-ingest listenbrainz <<< '{"listened_at":1700000000,"track_metadata":{"track_name":"B"}}'
must_fail "an object where a name should be" 4 "*member 'track_metadata.track_name': '{*' is an object or an array" taste-ingest listenbrainz <<< '{"listened_at":1700000000,"track_metadata":{"artist_name":"A","track_name":{"x":1}}}'

# ---- Last.fm ----
cat > recent.json <<'X'
{"recenttracks":{"track":[
 {"artist":{"mbid":"","#text":"Nobody"},"name":"Now","mbid":"","@attr":{"nowplaying":"true"}},
 {"artist":{"mbid":"x","#text":"The Quiet Tides"},"name":"Rain Song","mbid":"m-1","album":{"mbid":"","#text":"Salt"},"image":[{"size":"s"}],"date":{"uts":"1506085108","#text":"22 Sep 2017, 12:58"}},
 {"artist":{"name":"Nobody"},"name":"Ghost","date":{"#text":"22 Sep 2017, 12:59"}}],"@attr":{"user":"u","page":"1"}}}
X
becomes "Last.fm API" lastfm recent.json "me|the quiet tides - rain song|1506085108|play||
me|nobody - ghost|1506085140|play||"
is "what plays now is no listen yet" "$(taste-ingest lastfm -v recent.json 2>&1 >/dev/null | sed -n 's/.*left out, //p')" "playing now: 1"
is "--item-key mbid" "$(taste-ingest lastfm --item-key mbid recent.json | cut -f2 | tr '\n' ' ')" "m-1 nobody - ghost "
echo '[{"@attr":{"page":"1"},"track":[{"artist":{"#text":"A"},"name":"B","date":{"uts":"1506085108"}}]},{"@attr":{},"track":{"artist":{"#text":"A"},"name":"C","date":{"uts":"1506085109"}}}]' > pages.json
becomes "saved pages, and one track that is no array" lastfm pages.json "me|a - b|1506085108|play||
me|a - c|1506085109|play||"
echo '{"lovedtracks":{"track":[{"artist":{"name":"A"},"name":"B","date":{"uts":"1506085108"}}]}}' > loved.json
becomes "loved tracks" lastfm loved.json "me|a - b|1506085108|like||"
printf '"uts","utc_time","artist","artist_mbid","album","album_mbid","track","track_mbid"\n"1506085108","22 Sep 2017, 12:58","A, B","","Al","","Say ""x""","m-9"\n"","22 Sep 2017, 12:59","A","","","","C",""\n' > export.csv
becomes "Last.fm CSV" lastfm export.csv "me|a, b - say \"x\"|1506085108|play||
me|a - c|1506085140|play||"
printf 'A,Al,C,22 Sep 2017 12:59\n"A, B",,D,01 Feb 2018 00:00\n' > plain.csv
is "lastfm-to-csv has no header" "$(taste-ingest lastfm plain.csv | cut -f2,3 | tr '\t\n' '| ')" "a - c|1506085140 a, b - d|1517443200 "
must_fail "a month that is none" 4 "*column 'utc_time': '22 Sip 2017 12:59' is not a time such as*" taste-ingest lastfm <<< 'A,Al,C,22 Sip 2017 12:59'
must_fail "an answer that is an error" 4 "*no member 'track'*" taste-ingest lastfm <<< '{"error":6,"message":"User not found"}'

# ---- scrobblers ----
printf '#AUDIOSCROBBLER/1.1\n#TZ/UNKNOWN\n#CLIENT/x\nThe Quiet Tides\tSalt\tRain Song\t1\t210\tL\t1577836800\tm-1\nNobody\t\tGhost\t\t\t\t1577836900\n<Untagged>\t\t<Untagged>\t0\t9\tS\t1577837000\t\nNobody\t\tGhost\t0\t100\tS\t1577838000\t\n' > .scrobbler.log
becomes "a .scrobbler.log" scrobbler .scrobbler.log "me|the quiet tides - rain song|1577836800|play||
me|nobody - ghost|1577836900|play||
me|nobody - ghost|1577838000|skip||
taste-ingest: .scrobbler.log: the player's clock is taken for UTC (--tz)"
is "--tz" "$(taste-ingest scrobbler --tz +02:00 .scrobbler.log | head -1 | cut -f3)" 1577829600
is "a log in UTC needs none" "$(sed 's/UNKNOWN/UTC/' .scrobbler.log | taste-ingest scrobbler --tz +02:00 | head -1 | cut -f3)" 1577836800
must_fail "a rating that is none" 4 "*:2: column 'rating': 'X' is not L (listened) or S (skipped)" taste-ingest scrobbler <<< "#AUDIOSCROBBLER/1.1
a${T}b${T}c${T}1${T}2${T}X${T}3"
must_fail "six columns" 4 "*:1: 6 fields where 7 or 8 are expected" taste-ingest scrobbler <<< "a${T}b${T}c${T}1${T}2${T}L"
printf '# a comment\nData export,,,\nuserid,Artist,track,Album,time\n1,A,B,Al,1690347960\n1,A,C,,2023-07-26T05:06:01Z\n' > libre.csv
becomes "Libre.fm" librefm libre.csv "me|a - b|1690347960|play||
me|a - c|1690347961|play||"
must_fail "a CSV that is none of Libre.fm" 4 "*no line names the columns time, artist and track" taste-ingest librefm <<< 'a,b,c'
echo '{"maloja":{"export_time":1},"scrobbles":[{"time":1700000000,"duration":200,"origin":"x","track":{"title":"Rain Song","artists":["The Quiet Tides","Nobody"],"length":210,"album":{"albumtitle":"Salt","artists":[]}}},{"time":1700000300,"duration":null,"track":{"title":"Ghost","artists":["Nobody"],"length":null,"album":null}}]}' > maloja.json
becomes "Maloja" maloja maloja.json "me|the quiet tides, nobody - rain song|1700000000|play|200|
me|nobody - ghost|1700000300|play||"
catalogue "Maloja" maloja maloja.json "the quiet tides, nobody - rain song|music|Rain Song|The Quiet Tides, Nobody|Salt||210|
nobody - ghost|music|Ghost|Nobody||||"
printf '%s\n' '{"timeMs":1700000000500,"artist":"A","track":"B","album":"Al","albumArtist":"A","durationMs":200000,"mediaPlayerName":"P","event":"scrobble"}' '{"timeMs":1700000300000,"artist":"A","track":"B","event":"love"}' '{"timeMs":1,"artist":"A","track":"B","event":"x"}' > pano.jsonl
becomes "Pano Scrobbler" pano pano.jsonl "me|a - b|1700000000|play||player=P
me|a - b|1700000300|like||"

# ---- players ----
cat > watch-history.json <<'X'
[{"header":"YouTube Music","title":"Watched Rain Song","titleUrl":"https://music.youtube.com/watch?v=abc-_1&x=y","subtitles":[{"name":"The Quiet Tides - Topic","url":"u"}],"time":"2024-03-01T10:05:00.123Z","products":["YouTube"]},
{"header":"YouTube","title":"Watched a film","titleUrl":"https://www.youtube.com/watch?v=zzz","time":"2024-03-01T10:05:00Z"},
{"header":"YouTube Music","title":"https://music.youtube.com/watch?v=gone","titleUrl":"https://music.youtube.com/watch?v=gone","time":"2024-03-01T11:00:00Z"},
{"header":"YouTube Music","title":"Searched for x","time":"2024-03-01T11:00:00Z"}]
X
becomes "YouTube takeout" youtube watch-history.json "me|youtube:abc-_1|1709287500|play||
me|youtube:gone|1709290800|play||"
catalogue "YouTube takeout" youtube watch-history.json "youtube:abc-_1|music|Rain Song|The Quiet Tides||||
youtube:gone|music||||||"
printf 'entry_date,track_title,artist_name,album_name,stream_duration_ms,product_type,client_name_from_session,country_name\n2024-03-01 10:05:00,Rain Song,The Quiet Tides,Salt,31500,TRACK,phone,Z\n2024-03-01 10:06:00,Film,Nobody,,,VIDEO,,\n' > tidal.csv
becomes "Tidal" tidal tidal.csv "me|the quiet tides - rain song|1709287500|play|31.5|player=phone
me|nobody - film|1709287560|play||"
cat > actions.json <<'X'
{"actions":[{"podcast":"http://f/rss","episode":"http://f/1.mp3","guid":"g1","device":"dev","action":"play","timestamp":"2009-12-12T09:02:00","started":15,"position":120,"total":500},
{"podcast":"http://f/rss","episode":"http://f/2.mp3","action":"DOWNLOAD","timestamp":"2009-12-12T09:00:00"},
{"podcast":"http://f/rss","episode":"http://f/2.mp3","action":"delete","timestamp":"2009-12-12T09:00:00"},
{"podcast":"http://f/rss","episode":"http://f/3.mp3","action":"PLAY","timestamp":"2009-12-12T09:00:00","started":-1,"position":-1,"total":-1}],"timestamp":1}
X
becomes "gpodder actions" gpodder actions.json "me|http://f/1.mp3|1260608415|play|105|device=dev
me|http://f/2.mp3|1260608400|save||
me|http://f/3.mp3|1260608400|play||"

# ---- servers ----
printf '[{"endTime":"2023-01-01 10:00","artistName":"A","trackName":"T","msPlayed":1000}]' > other.json
for s in youtube gpodder; do must_fail "rows of another source are no rows of $s" 4 "taste-ingest: other.json:1: neither *" taste-ingest $s other.json; done
if taste-ingest --list | grep -q navidrome && command -v sqlite3 > sq; then
	sqlite3 navi.db "create table media_file(id text primary key,title text,album text,artist text,year int,duration real,genre text,mbz_recording_id text);
	create table annotation(user_id text,item_id text,item_type text,play_count int,play_date datetime,rating int,rated_at datetime,starred bool,starred_at datetime);
	create table user(id text primary key,user_name text);create table scrobbles(id integer primary key,media_file_id text,user_id text,submission_time int);
	insert into media_file values('f1','Rain Song','Salt','The Quiet Tides',2020,210.5,'folk','m-1'),('f2','Ghost','','Nobody',0,100,'','');
	insert into user values('u1','somebody');
	insert into annotation values('u1','f1','media_file',2,'2024-03-01 10:05:00',4,'2024-03-02 00:00:00+00:00',1,'2024-03-01 12:00:00.5+00:00'),('u1','al','album',9,null,5,null,1,null),('u2','f2','media_file',3,null,0,null,0,null);
	insert into scrobbles values(1,'f2','u2',1709287600),(2,'f1','u1',1709287500)"
	becomes "Navidrome" navidrome navi.db "somebody|f1|1709287500|play||
u2|f2|1709287600|play||
somebody|f1|1709294400|like||
somebody|f1|1709337600|rate|4|"
	catalogue "Navidrome" navidrome navi.db "f1|music|Rain Song|The Quiet Tides|Salt|2020|210.5|folk
f2|music|Ghost|Nobody|||100|"
	cp navi.db old.db; sqlite3 old.db "drop table scrobbles; drop table user; alter table annotation drop column rated_at; alter table media_file drop column mbz_recording_id"
	becomes "an older Navidrome has counts" navidrome old.db "u2|f2||plays|3|
u1|f1||rate|4|
u1|f1|1709287500|plays|2|
u1|f1|1709294400|like||"
	taste-ingest navidrome -b old.db > counts; is "counts that did not change are known" "$(taste-ingest navidrome -b --dedupe-against counts old.db 2>&1 >> counts)" ""
	sqlite3 old.db "update annotation set play_count = 5 where play_count = 3"; like "counts behind counts are told" "$(taste-ingest navidrome -b --dedupe-against counts old.db 2>&1 >> counts)" "taste-ingest: Navidrome's counts are of all plays so far*"
	sqlite3 abs.db "create table playbackSessions(id text,userId text,mediaItemId text,mediaItemType text,displayTitle text,displayAuthor text,duration real,startTime real,currentTime real,timeListening int,createdAt datetime);
	create table mediaProgresses(id text,userId text,mediaItemId text,mediaItemType text,duration real,isFinished bool,finishedAt datetime);create table users(id text,username text);
	insert into playbackSessions values('s1','u1','b1','book','The Map','Somebody Else',36000,0,600,580,'2024-03-01 21:00:00.123 +00:00'),('s2','u9','e1','podcastEpisode','On Bread',null,null,0,10,null,'2024-03-01 07:00:00.000 +00:00');
	insert into mediaProgresses values('p1','u1','b1','book',36000,1,'2024-04-01 00:00:00.000 +00:00'),('p2','u1','b2','book',10,0,null);insert into users values('u1','somebody')"
	becomes "Audiobookshelf" audiobookshelf abs.db "u9|e1|1709276400|play||
somebody|b1|1709326800|play|580|
somebody|b1|1711929600|finish||"
	must_fail "another database" 4 "taste-ingest: abs.db: no Navidrome database*" taste-ingest navidrome abs.db
	must_fail "no database" 4 "taste-ingest: lb.jsonl: not an SQLite database" taste-ingest navidrome lb.jsonl
	for from in '- < navi.db' navi.db.gz '- < navi.db.gz'; do gzip -kf navi.db; must_fail "a database is a file as it is: $from" 4 "taste-ingest: *: a database is read where it lies: navidrome needs a file that is not compressed, not standard input" bash -c "taste-ingest navidrome $from"; done; rm navi.db.gz
	sqlite3 bare.db 'create table a(x)'; must_fail "auto says which names a database may have" 4 "taste-ingest: bare.db: an SQLite database that does not say of what: name navidrome or audiobookshelf" taste-ingest auto bare.db
	head -c 5000 navi.db > cut.db; must_fail "a database that was cut" 4 "taste-ingest: cut.db: *" taste-ingest navidrome cut.db
	is "a database is only read" "$(before=$(cksum navi.db); taste-ingest navidrome navi.db > none; ls navi.db*; [ "$before" = "$(cksum navi.db)" ] && echo same)" "navi.db
same"
else
	skip "Navidrome" "built without SQLite"; skip "Audiobookshelf" "built without SQLite"
fi

# ---- corpora ----
printf 'user_id:token\titem_id:token\trating:float\ttimestamp:float\tlabel:float\n1\t2\t4.5\t881250949\t0\n' > ml.inter
becomes "RecBole" recbole ml.inter "1|2|881250949|rate|4.5|"
printf 'user_id:token\titem_id:token\nu\ti\n' > bare.inter; becomes "RecBole, two columns" recbole bare.inter "u|i||||"
cat > mpd.json <<'X'
{"info":{"slice":"0-1","version":"v1"},"playlists":[{"name":"Rain; and =","collaborative":"false","pid":0,"modified_at":1493424000,"num_tracks":2,"tracks":[{"pos":0,"artist_name":"The Quiet Tides","track_uri":"spotify:track:1","artist_uri":"a","track_name":"Rain Song","album_uri":"b","duration_ms":210500,"album_name":"Salt"},{"pos":1,"artist_name":"Nobody","track_uri":"spotify:track:2","track_name":"Ghost","duration_ms":1000,"album_name":""}]},{"pid":1,"modified_at":5,"tracks":[]},
{"pid":2,"modified_at":1493424001,"tracks":[{"pos":0,"track_uri":"spotify:track:2"}]}]}
X
becomes "Million Playlist Dataset" mpd mpd.json "0|spotify:track:1|1493424000|save||playlist=Rain_ and _;position=0
0|spotify:track:2|1493424000|save||playlist=Rain_ and _;position=1
2|spotify:track:2|1493424001|save||position=0"
catalogue "Million Playlist Dataset" mpd mpd.json "spotify:track:1|music|Rain Song|The Quiet Tides|Salt||210.5|
spotify:track:2|music|Ghost|Nobody|||1|"
printf 'session_id,session_position,session_length,track_id_clean,skip_1,skip_2,skip_3,not_skipped,hist_user_behavior_is_shuffle,hour_of_day,date,premium,context_type,hist_user_behavior_reason_start,hist_user_behavior_reason_end\n0_a,1,2,t_1,false,false,false,true,true,16,2018-07-15,true,editorial_playlist,trackdone,trackdone\n0_a,2,2,t_2,true,true,true,false,false,16,2018-07-15,false,,fwdbtn,\n' > mssd.csv
becomes "Sequential Skip Prediction" mssd mssd.csv "0_a|t_1|1531670400|play||shuffle=1;from=editorial_playlist;premium=true;start=trackdone;end=trackdone
0_a|t_2|1531670400|skip||premium=false;start=fwdbtn"

printf '{"playlists":[\n{"pid":7,\n "modified_at":null,\n "tracks":[\n  {"pos":0,"track_uri":"t1"},\n  {"pos":1,"duration_ms":"x","track_uri":"t2"}]},\n{"pid":8,"tracks":{"track_uri":"w"}},\n{"pid":9,"modified_at":9223372036854775807,"tracks":[{"track_uri":"t3"}]},\n{"pid":10,"tracks":[{"track_uri":"t4"}]}]}' > odd.json
is "a playlist that was never modified has no time" "$(taste-ingest mpd -q --rejects rej odd.json | cut -f1-3 | tr '\t\n' '||')" "7|t1||10|t4||"
is "what is wrong is named by its own line, and kept as it was" "$(cat rej)" "odd.json:6${T}value${T}{\"pos\":1,\"duration_ms\":\"x\",\"track_uri\":\"t2\"}
odd.json:7${T}type${T}{\"pid\":8,\"tracks\":{\"track_uri\":\"w\"}}
odd.json:8${T}time${T}{\"track_uri\":\"t3\"}"

must_fail "two columns of one name, whatever the case" 4 "taste-ingest: (standard input):2: columns 2 and 4 are both named 'track'" taste-ingest librefm <<< "# x
Time,Track,Artist,TRACK"

# ---- what looks like something else ----
one() { taste-ingest "$@" 2>&1 | cut -f2 | tr '\n' '|'; }
is "column names in quotes" "$(printf '"Artist","Track","Time"\r\n"A","b",1690347960\r\n' | one librefm)" "a - b|"
is "a track called listens" "$(echo '{"listen_type":"import","payload":[{"listened_at":1443521965,"track_metadata":{"track_name":"listens","artist_name":"A"}}]}' | one listenbrainz)" "a - listens|"
is "a track called lovedtracks" "$(echo '{"recenttracks":{"track":[{"artist":{"#text":"A"},"name":"lovedtracks","date":{"uts":"1506085108"}}]}}' | one lastfm)" "a - lovedtracks|"
is "an artist called [unknown]" "$(echo '[unknown],album,track,"01 Jan 2020 10:00"' | one lastfm)" "[unknown] - track|"
is "an artist called Guts" "$(echo 'Guts,The artist,track,"01 Jan 2020 10:00"' | one lastfm)" "guts - track|"
is "an artist called #1 Dads" "$(printf '#AUDIOSCROBBLER/1.1\n#TZ/UTC\n#ARTIST\t#ALBUM\t#TITLE\t#TRACKNUM\t#LENGTH\t#RATING\t#TIMESTAMP\t#MUSICBRAINZ_TRACKID\n#1 Dads\tal\tSo\t1\t200\tL\t1500000000\t\n' | one scrobbler)" "#1 dads - so|"
is "a comment with quotes" "$(printf '# my "fav" songs\nArtist,Track,Time\nA,b,1690347960\n' | one librefm)" "a - b|"
like "and lines are counted from the top" "$(printf '# x\nArtist,Track,Time\nA,b,soon\n' | taste-ingest librefm 2>&1)" "*:3: column 'time'*"
is "also where the CSV is broken, and bytes" "$(printf '# x\nArtist,Track,Time\nA,b,1690347960\nA,"b"c,1\n' | taste-ingest librefm 2>&1 >/dev/null)" "taste-ingest: (standard input):4: field 2: a quote or text where none may be, at byte 42"
for s in librefm auto; do is "a BOM right before the header: $s" "$(printf '\357\273\277Artist,Track,Time\nA,b,1690347960\n' | one $s)" "a - b|"; done
is "what plays now in the API" "$(echo '{"payload":{"count":1,"listens":[{"playing_now":true,"track_metadata":{"artist_name":"A","track_name":"B"}}]}}' | taste-ingest listenbrainz -v 2>&1 | sed -n 's/.*left out, //p')" "playing now: 1"
must_fail "a NUL in an mbid" 4 "*a NUL byte in a name" taste-ingest lastfm --item-key mbid <<< '{"track":[{"artist":{"#text":"A"},"name":"B","mbid":"x\u0000y","date":{"uts":"1506085108"}}]}'
must_fail "tracks that are no array" 4 "*member 'tracks' is no array" taste-ingest mpd <<< '{"playlists":[{"pid":4,"tracks":{"track_uri":"w"}}]}'
must_fail "a play of 1e300 milliseconds" 4 "*'1e300' is not a finite number" taste-ingest spotify <<< '{"ts":"2024-03-01T10:05:00Z","ms_played":1e300,"spotify_track_uri":"u"}'
must_fail "a time beyond all" 4 "*is not a time*" taste-ingest tsv --time-unit s <<< "u${T}i${T}9223372036854775807"
is "a length of 0 is none" "$(echo '{"timeMs":1762957898933,"artist":"A","track":"T","event":"scrobble","durationMs":0}' | taste-ingest pano --rule lastfm | wc -l)" 1
is "less than nothing heard is a play like others" "$(printf 'u\ti\t1\tplay\t-5\n' | taste-ingest tsv | wc -l)" 1
is "a telephone's name is in no reject" "$(echo '{"ts":"bad","platform":"Android OS 9 (maker, XY) serial","spotify_track_uri":"u"}' | taste-ingest spotify --rejects rej 2> none > none; cut -f3 rej)" '{"ts":"bad","spotify_track_uri":"u"}'
is "nor in the device" "$(echo '{"ts":"2024-03-01T10:05:00Z","ms_played":1,"platform":"Android OS 12 API 31 (HUAWEI, STV-L09)","spotify_track_uri":"u"}' | taste-ingest spotify | cut -f6)" device=phone
ok "marks on letters without end" timeout 20 taste-ingest lastfm <<< "{\"track\":[{\"artist\":{\"#text\":\"a$(printf '\xcc\x81\xcc\xa3%.0s' $(seq 50000))\"},\"name\":\"B\",\"date\":{\"uts\":\"1\"}}]}"
ok "hyphens without end" timeout 20 taste-ingest lastfm <<< "{\"track\":[{\"artist\":{\"#text\":\"$(printf -- '- %.0s' $(seq 200000))\"},\"name\":\"B\",\"date\":{\"uts\":\"1\"}}]}"
printf "m-1\tmusic\tKnown\n" > known; is "auto takes an items stream as catalogue" "$(taste-ingest auto --catalogue known --items items.tsv lb.jsonl > none; head -1 items.tsv | cut -f1-3)" "m-1${T}music${T}Known"

# ---- what holds for all ----
must_fail "what begins like nothing known" 4 "taste-ingest: none.x: no source begins like this*" bash -c 'echo hello > none.x; taste-ingest auto none.x'
: > empty; for s in spotify listenbrainz lastfm scrobbler librefm maloja pano youtube tidal gpodder recbole mpd mssd auto; do
	is "$s: nothing in, nothing out" "$(taste-ingest $s empty 2>&1 | wc -c)" 0
done
for f in extended.json:spotify lb.jsonl:listenbrainz recent.json:lastfm export.csv:lastfm maloja.json:maloja mpd.json:mpd mssd.csv:mssd ml.inter:recbole; do
	s=${f#*:} f=${f%:*}
	gzip -c "$f" > packed; is "$f packed" "$(taste-ingest auto packed 2>&1)" "$(taste-ingest "$s" "$f")"
	{ printf '\xef\xbb\xbf'; sed 's/$/\r/' "$f"; } > crlf; is "$f with BOM and CRLF" "$(taste-ingest auto crlf 2>&1)" "$(taste-ingest "$s" "$f")"
	n=$(wc -c < "$f"); bad=0; for i in 1 2 3 4 5 6 7; do head -c $((n * i / 8)) "$f" | taste-ingest "$s" > cut.out 2>cut.err; r=$?; case $r in 0|4) ;; *) bad=$r ;; esac; done
	is "$f cut anywhere ends with status 0 or 4" $bad 0
done
done_testing
