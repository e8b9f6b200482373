# taste-ingest: every source, every column, and what is wrong with real files.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
ing() { taste-ingest "$@"; }

# tsv
printf 'u1\ti1\t10\tplay\t1.5\tk=v\nu1\ti2\t11\t\t\t\n' > six.tsv
is "six columns come out as they went in" "$(ing tsv six.tsv)" "$(cat six.tsv)"
printf 'u1\ti1\nu2\ti2\n' > two.tsv
is "two columns are enough" "$(ing tsv two.tsv)" "u1${T}i1${T}${T}${T}${T}
u2${T}i2${T}${T}${T}${T}"
is "columns are mapped by number" "$(printf 'x\tI\t5\tU\n' | ing tsv --map user=4,item=2,time=3)" "U${T}I${T}5${T}${T}${T}"
is "columns are mapped by name" "$(printf 'when\twho\twhat\n5\tU\tI\n' | ing tsv -H --map user=who,item=what,time=when)" "U${T}I${T}5${T}${T}${T}"
is "our own names need no map" "$(printf 'item\ttime\tuser\tnoise\nI\t5\tU\tz\n' | ing tsv -H)" "U${T}I${T}5${T}${T}${T}"
is "--user is for rows that name none" "$(printf '{"item":1}\n{"item":2,"user":"x"}\n{"item":3,"user":null}' | ing jsonl --user me | cut -f1 | tr '\n' ' ')" "me x me "
is "the first row tells how many columns there are" "$(printf 'u\ti\t1\tplay\t2\tk=v\textra\n' | ing tsv)" "u${T}i${T}1${T}play${T}2${T}k=v"
must_fail "a name that two columns have is no name" 4 "taste-ingest: (standard input):1: columns 1 and 3 are both named 'user'" bash -c 'printf "user\titem\tuser\na\tb\tc\n" | taste-ingest tsv -H'
is "unless nobody asks for it" "$(printf 'x\titem\tx\tuser\na\tb\tc\td\n' | ing tsv -H | cut -f1,2)" "d${T}b"
must_fail "a column behind the last" 4 "taste-ingest: six.tsv:1: 6 fields, but --map says item=7" taste-ingest tsv --map user=1,item=7 six.tsv
is "--header-out names the columns, and -H reads them again" "$(ing tsv --header-out six.tsv | ing tsv -H)" "$(cat six.tsv)"
is "constants fill what a log does not say" "$(printf 'I\t5\n' | ing tsv --map item=1,time=2 --user me --event play)" "me${T}I${T}5${T}play${T}${T}"
is "context columns are joined" "$(printf 'U\tI\tcar;x\t\t7\n' | ing tsv --map user=1,item=2,context.device=3,context.none=4,context.n=5)" "U${T}I${T}${T}${T}${T}device=car_x;n=7"
is "a backslash is a backslash" "$(printf 'a\\b\tI\n' | ing tsv | cut -f1)" 'a\\b'
is "unless --escapes says otherwise" "$(printf 'a\\tb\tI\n' | ing tsv --escapes | cut -f1)" 'a\tb'
is "times are seconds, milliseconds, ISO 8601" "$(printf 'u\ti\t1700000000\nu\ti\t1700000000123\nu\ti\t2023-11-14T22:13:20Z\nu\ti\t2023-11-14 23:13:20.9+01:00\nu\ti\t2023-11-14\nu\ti\t-1\nu\ti\t1700000000.7\n' | ing tsv | cut -f3 | tr '\n' ' ')" \
	"1700000000 1700000000 1700000000 1700000000 1699920000 -1 1700000000 "
is "--since a year, which no second of 1970 is" "$(printf 'u\ti\t1704067200\nu\tj\t1704067201\nu\tk\t2025\n' | ing tsv --since 2024 | cut -f2)" j
is "the history names what was left out as known, and as too old" "$(printf 'u\ti\t5\n' > known; printf 'u\tj\t1704067201\n' | ing tsv -b --since 2024 --dedupe-against known --user somebody | taste-view -i | grep -o 'tsv --.*' | cut -f1)" "tsv --dedupe-against --since 2024-01-01T00:00:00Z"
must_fail "a log with a header is none" 4 "taste-ingest: headed:1: this looks like a line of column names*(a log that is there already is an events stream without a header)" bash -c 'printf "user\titem\ttime\nu\ti\t5\n" > headed; taste-ingest tsv -H --dedupe-against headed headed'
is "--time-unit settles what a number is" "$(printf 'u\ti\t1700000000\n' | ing tsv --time-unit ms | cut -f3)" 1700000

# csv
printf 'user,item,time,note\r\nu,"a, ""b""",2020-01-01,x\r\n\r\nv,"two\nlines",5,y\r\n' > q.csv
is "CSV is quoted, may hold newlines, and blank lines are passed over" "$(ing csv -H q.csv)" "u${T}a, \"b\"${T}1577836800${T}${T}${T}
v${T}two\\nlines${T}5${T}${T}${T}"
is "blanks stay in CSV fields" "$(printf ' u ,i\n' | ing csv | cut -f1)" " u "
printf 'u,i\nu,"i\n' > open.csv; must_fail "an open quote is told with its line" 4 "taste-ingest: open.csv:2: field 2: *never closed*" taste-ingest csv open.csv
printf 'u,i\nu,a"b"\n' > stray.csv; must_fail "a stray quote is told with its line" 4 "taste-ingest: stray.csv:2: *" taste-ingest csv stray.csv
printf 'u,i\nu,i,x\n' > cols.csv; must_fail "a row too long is told" 4 "taste-ingest: cols.csv:2: 3 fields where 2 are expected" taste-ingest csv cols.csv
printf 'a,b\r\n\r\nc,"d\ne"\r\nf\r\n' > lines.csv; must_fail "lines are counted through blank lines and quotes" 4 "taste-ingest: lines.csv:5: 1 field *" taste-ingest csv lines.csv

# json
printf '[{"user":"u","item":9007199254740993,"time":1},\n {"item":"\\u00e9\\ud83d\\ude00","user":"v","x":{"y":[1,2,{"z":null}]}}]\n{"user":"w","item":true}' > j.json
is "arrays, objects, exact numbers, surrogate pairs" "$(ing jsonl j.json | cut -f1-3)" "u${T}9007199254740993${T}1
v${T}é😀${T}
w${T}true${T}"
is "members are found by path, the last of a name wins" "$(echo '{"a":{"b":"no"},"a":{"b":{"c":"I"}},"u":"U"}' | ing jsonl --map user=u,item=a.b.c | cut -f1,2)" "U${T}I"
for bad in '{"user":"u","item":"i"' '{"user":"u",}' '{"user" "u"}' '[1]' '"x"' '{"user":"\ud800","item":"i"}' '{"user":01}' '{"a":.5}' '{"a":1.}' '{"a":tru}' "{\"a\":\"$(printf '\001')\"}" "{\"a\":\"$(printf '\377')\"}" '[{"user":"u","item":"i"}{}]'; do
	printf '%s' "$bad" > bad.json
	must_fail "broken JSON is told with line and column: $(printf %s "$bad" | tr '\001\377' '??')" 4 "taste-ingest: bad.json:1:*" taste-ingest jsonl bad.json
done
awk 'BEGIN { for (i = 0; i < 70; i++) printf "{\"a\":"; printf "1"; for (i = 0; i < 70; i++) printf "}" }' > deep.json
must_fail "JSON deeper than 64 is refused" 4 "*nested deeper than 64*" taste-ingest jsonl deep.json
must_fail "an object where an id should be" 4 "taste-ingest: (standard input):1: member 'item' is an object*" bash -c 'echo "{\"user\":\"u\",\"item\":{}}" | taste-ingest jsonl'
if command -v jq > /dev/null; then
	awk 'BEGIN { srand(3); for (i = 0; i < 2000; i++) printf "{ \"user\" : \"u%d\\n\\\"\", \"deep\" : [ { \"k\" : [ ] }, -1.5e+3 ], \"item\":\"\\u00%02x\\/%d\", \"time\": %d }%s", i % 97, 65 + i % 26, i, i, i % 3 ? "\n" : " " }' > many.json
	taste-ingest jsonl many.json | cut -f1-3 > got; jq -r '[.user, .item, .time] | @tsv' many.json > want
	same "two thousand objects read as jq reads them" got want
else
	skip "two thousand objects read as jq reads them" "jq is not installed"
fi

# movielens, lastfm
printf '1::10::5::978300760\n2::11::3.5::978302109\n' > ratings.dat
printf '1\t10\t5\t978300760\n2\t11\t3.5\t978302109\n' > u.data
printf 'userId,movieId,rating,timestamp\n1,10,5,978300760\n2,11,3.5,978302109\n' > ratings.csv
for f in ratings.dat u.data ratings.csv; do ing movielens $f > $f.out; done
is "MovieLens ratings" "$(cat ratings.dat.out)" "1${T}10${T}978300760${T}rate${T}5${T}
2${T}11${T}978302109${T}rate${T}3.5${T}"
same "u.data says the same" u.data.out ratings.dat.out
same "ratings.csv says the same" ratings.csv.out ratings.dat.out
printf '10::Mis\351rables, Les (1995)::Drama|Musical\n11::No Year::(no genres listed)\n' > movies.dat
printf 'movieId,title,genres\n10,"Misérables, Les (1995)",Drama|Musical\n11,No Year,(no genres listed)\n' > movies.csv
for f in dat csv; do ing movielens --catalogue movies.$f --items $f.items ratings.dat > /dev/null; done
is "movies.dat becomes a catalogue, Latin-1 becomes UTF-8" "$(cat dat.items)" "10${T}movie${T}Misérables, Les (1995)${T}${T}${T}1995${T}${T}Drama;Musical
11${T}movie${T}No Year${T}${T}${T}${T}${T}"
printf 'item\tmood\ttitle\tx=y\ni1\tcalm; dark\tOne\tz\ni9\t\t\t\n' > mood.tsv
printf 'item\tuser\ni1\tu\ni2\tu\n' | ing tsv -H --catalogue mood.tsv --items mood.items > none
must_fail "two columns of one name in a catalogue" 4 "taste-ingest: mood2.tsv:1: columns 2 and 3 are both named 'title'" bash -c 'printf "item\ttitle\ttitle\n" > mood2.tsv; printf "user\titem\nu\ti\n" | taste-ingest tsv -H --catalogue mood2.tsv --items mood2.items'
is "extras of a catalogue stay, behind the tags" "$(cat mood.items)" "i1${T}${T}One${T}${T}${T}${T}${T}${T}mood=calm; dark${T}x_y=z
i9${T}${T}${T}${T}${T}${T}${T}
i2${T}${T}${T}${T}${T}${T}${T}"
printf '1::2::5::978300760\n' > auto.dat; printf '2::Test (1999)::A|B\n' > auto.movies; : > nothing
ing auto --catalogue auto.movies --items auto.items nothing auto.dat > none; is "auto reads a catalogue as of the kind that the log is" "$(cat auto.items)" "2${T}movie${T}Test (1999)${T}${T}${T}1999${T}${T}A;B"
printf '10::\355\240\200 \300\257 (1995)::Drama\n' > movies.odd; ing movielens --catalogue movies.odd --items odd.items ratings.dat > /dev/null
is "half a surrogate and an overlong form are no UTF-8" "$(cut -f3 odd.items)" "$(printf '\303\255\302\240\302\200 \303\200\302\257 (1995)')"
same "movies.csv says the same" dat.items csv.items
printf 'u\t2009-05-04T23:08:57Z\taid\tArtist\ttid\tTrack\nu\t2009-05-04T23:09:57Z\taid\tArtist\t\tOther\n' > 1k.tsv
is "Last.fm 1K" "$(ing lastfm --items k.items 1k.tsv)" "u${T}tid${T}1241478537${T}play${T}${T}
u${T}artist - other${T}1241478597${T}play${T}${T}"
is "its catalogue has title and creator" "$(head -1 k.items)" "tid${T}music${T}Track${T}Artist${T}${T}${T}${T}"
is "an artist of 360K is its own creator" "$(printf 'sha\tmbid\tBand\t77\n' | ing lastfm --items /dev/stderr 2>&1 >/dev/null)" "mbid${T}artist${T}Band${T}Band${T}${T}${T}${T}"
is "Last.fm 360K" "$(printf 'sha\tmbid\tBand\t77\nsha\t\tNameless\t3\n' | ing lastfm | cut -f2,4,5)" "mbid${T}plays${T}77
nameless${T}plays${T}3"
printf 'userID\tartistID\tweight\n2\t51\t13883\n' > het.dat; printf 'id\tname\turl\tpictureURL\n51\tDuran Duran\thttp://x\thttp://y\n' > artists.dat
is "HetRec 2011" "$(ing lastfm --catalogue artists.dat --items het.items het.dat | cut -f1,2,4,5) $(cut -f1-4 het.items)" "2${T}51${T}plays${T}13883 51${T}artist${T}Duran Duran${T}Duran Duran"
echo 'what is this' > odd; for s in movielens lastfm; do must_fail "$s refuses what it does not know" 4 "taste-ingest: odd:1: not *" taste-ingest $s odd; done
{ echo; cat ratings.dat; } > blank; must_fail "a blank first line does not make a file empty" 4 "taste-ingest: blank:1: not a MovieLens*" taste-ingest movielens blank
{ echo; cat 1k.tsv; } > blank; must_fail "nor a Last.fm set" 4 "taste-ingest: blank:1: not of Last.fm*" taste-ingest lastfm blank
is "an event's name can be chosen" "$(ing movielens --event watched ratings.dat | cut -f4 | uniq)" watched
printf '10::Odd::(no genres\n12::(1995)::\n13:: (1995) ::x\n14::(19a5)::y\n' > odd.dat
is "titles without a year have none" "$(: | ing movielens --catalogue odd.dat --items /dev/stderr 2>&1 | cut -f1,6,8 | tr '\t\n' ', ')" "10,,(no genres 12,1995, 13,1995,x 14,,y "

# items, rejects
is "the catalogue is each item once, as first seen" "$(printf 'u\ti\tA\nv\ti\tB\nv\tj\tC\n' | ing tsv --map user=1,item=2,title=3 --items /dev/stderr 2>&1 >/dev/null)" "i${T}${T}A${T}${T}${T}${T}${T}
j${T}${T}C${T}${T}${T}${T}${T}"
printf 'u\ti\t1\nu\ti\tsoon\n\ti\t2\nu\ti\nu\tj\t3\n' > mixed.tsv
must_fail "the first bad row ends the run" 4 "taste-ingest: mixed.tsv:2: field 3: 'soon' is not a time*" taste-ingest tsv mixed.tsv
is "--rejects goes on" "$(ing tsv -q --rejects rej mixed.tsv | cut -f2,3 | tr '\t\n' '  ')" "i 1 j 3 "
is "and keeps the rows with line and reason" "$(cat rej)" "mixed.tsv:2${T}time${T}u\\ti\\tsoon
mixed.tsv:3${T}user${T}\\ti\\t2
mixed.tsv:4${T}columns${T}u\\ti"
is "and says how many" "$(ing tsv --rejects rej mixed.tsv 2>&1 >/dev/null)" "taste-ingest: 3 of 5 rows rejected (time 1, user 1, columns 1), kept in rej"
must_fail "--max-rejects N gives up" 4 "*more than --max-rejects 2*" taste-ingest tsv --rejects rej2 --max-rejects 2 mixed.tsv
must_fail "--max-rejects N% gives up at the end" 4 "*3 of 5 rows are bad, more than --max-rejects 50%*" taste-ingest tsv --rejects rej2 --max-rejects 50% mixed.tsv
is "and what was rejected is there to be looked at" "$(wc -l < rej2)" 3; rm rej2; taste-ingest tsv --rejects rej2 --max-rejects 2 mixed.tsv > none 2>&1; is "also when it gives up on the way" "$(wc -l < rej2)" 3
must_fail "--max-rejects must be a number" 2 "*--max-rejects: '' is not a number*" taste-ingest tsv --rejects rej2 --max-rejects '' mixed.tsv
printf '{"user":"u","item":"i"}\n{"user":\n17\n{"user":"v","item":"j"}\n{"user":"w","item":"k"' > broken.jsonl
must_fail "broken JSON ends the run" 4 "taste-ingest: broken.jsonl:4:1: *" taste-ingest jsonl broken.jsonl
is "with --rejects it costs its line" "$(ing jsonl -q --rejects rej broken.jsonl | cut -f1,2 | tr '\t\n' '  ')" "u i v j "
is "and the line is kept" "$(cat rej)" "broken.jsonl:2${T}json${T}{\"user\":
broken.jsonl:3${T}json${T}17
broken.jsonl:5${T}json${T}{\"user\":\"w\",\"item\":\"k\""
printf '{"user":"u","item":"i",\n "list":[\n{"user":"ghost","item":"g"}\n],"x":oops}\n{"user":"v","item":"j"}\n' > pretty.jsonl
must_fail "what stands within a broken object of several lines is no event" 4 "taste-ingest: pretty.jsonl:4:7: *" taste-ingest jsonl --rejects rej pretty.jsonl
must_fail "in an array it ends the run in any case" 4 "taste-ingest: (standard input):2:*" bash -c 'printf "[{\"user\":\"u\",\"item\":\"i\"},\n{\"user\":,}]" | taste-ingest jsonl --rejects rej'
is "every row is rejected or written, none is lost" "$(awk 'BEGIN { srand(5); for (i = 0; i < 5000; i++) { r = rand(); print (r < .1 ? "u" : r < .2 ? "\ti" : r < .3 ? "u\ti\tx\ty" : "u\t" i "\t" i) } }' > some.tsv
	(echo "u${T}i${T}1"; sed 's/^u$/u\t\t/' some.tsv) > with.tsv; ing tsv -q --rejects rej with.tsv | wc -l > w; echo $(($(cat w) + $(wc -l < rej))))" 5001
like "-v counts by reason" "$(ing tsv -v --rejects rej mixed.tsv 2>&1 >/dev/null)" "*(time 1, user 1, columns 1)*5 rows read, 3 rejected, 2 events written; 1 users, 2 items*from 1970-01-01T00:00:01Z to 1970-01-01T00:00:03Z*rows/s*"
for two in "--items - six.tsv" "-o x --items x six.tsv" "-o y --rejects y six.tsv" "--items z --rejects z six.tsv"; do must_fail "two outputs in one file are refused: $two" 2 "*can hold only one of*" taste-ingest tsv $two; done
ok "a share that holds is fine" taste-ingest tsv -q --rejects rej2 --max-rejects 60% -o /dev/null mixed.tsv

# several files, gzip
printf 'item,user\nA,B\n' > h1.csv; printf 'user,item,time\nC,D,5\n' > h2.csv
is "each file has its own header" "$(ing csv -H h1.csv h2.csv | cut -f1-3 | tr '\t\n' ', ')" "B,A, C,D,5 "
is "an empty file between others is passed over" "$(: > none; ing movielens ratings.dat none u.data | wc -l)" 4
gzip -c six.tsv > six.gz; cat six.gz six.gz > twice.gz
is "gzip is unpacked, members behind each other too" "$(ing tsv twice.gz)" "$(cat six.tsv six.tsv)"
is "so is a gzipped pipe" "$(gzip -c ratings.csv | ing movielens)" "$(cat ratings.csv.out)"
head -c 30 six.gz > cut.gz; must_fail "a cut gzip is told" 4 "taste-ingest: cut.gz: *" taste-ingest tsv cut.gz
for f in "xz -dc:\3757zXZ\000" "unzip -p:PK\003\004" "bzip2 -dc:BZh91AY&SY" "taste-view:\211TASTE\r\n" "sqlite3*:SQLite format 3\000" "iconv -f UTF-16*:\377\376u\000,\000"; do
	printf "${f#*:}" > packed; must_fail "what is no text is told, and what would make it text: ${f%%:*}" 4 "taste-ingest: packed: *put it through ${f%%:*} first" taste-ingest csv packed
done

# binary
for t in 1 7; do ing tsv -b -t $t six.tsv > b$t.taste; done
same "the same bytes for any -t" b1.taste b7.taste
is "binary holds the same" "$(taste-view b1.taste)" "$(cat six.tsv)"
like "and how it was made" "$(taste-view -i b1.taste)" "*taste-ingest $(cat "$SRC/VERSION"): tsv*from xxh3:*"

# bad input
: > empty
for s in tsv csv jsonl movielens lastfm; do is "$s: nothing in, nothing out" "$(ing $s empty; echo $?)" 0; done
is "no final newline, CRLF, BOM" "$(printf '\xef\xbb\xbfu\ti\t1\r\nu\tj\t2' | ing tsv | cut -f1-3 | tr '\t\n' '  ')" "u i 1 u j 2 "
is "a BOM before CSV and JSON" "$(printf '\xef\xbb\xbf"u",i\n' | ing csv | cut -f1)$(printf '\xef\xbb\xbf{"user":"u","item":"i"}' | ing jsonl | cut -f2)" "ui"
printf 'u\ti\0x\n' > nul; must_fail "a NUL byte is told" 4 "taste-ingest: nul:1: field 2: 'i?x' has a NUL byte*" taste-ingest tsv nul
is "a NUL costs its row with --rejects" "$(printf 'u\ti\0\nu\tj\n' | ing tsv -q --rejects rej | cut -f2; cut -f2 rej)" "j
nul"
must_fail "a NUL in CSV too" 4 "*field 1: '?' has a NUL byte*" bash -c 'printf "\0,i\n" | taste-ingest csv'
is "bytes that are not UTF-8 are kept in CSV" "$(printf '\377,"\376"\n' | ing csv | cut -f1,2 | od -An -tx1 | tr -d ' \n')" "ff09fe0a"
must_fail "a NUL in JSON too" 4 "*NUL byte*" bash -c 'echo "{\"user\":\"u\",\"item\":\"a\\u0000\"}" | taste-ingest jsonl'
{ printf 'u\t'; head -c 10000000 /dev/zero | tr '\0' y; printf '\n'; } > long
is "a 10 MB id goes through, in text and binary" "$(ing tsv long | wc -c) $(ing tsv -b long | taste-view | wc -c)" "10000007 10000007"
head -c 70000000 /dev/zero | tr '\0' y > endless; must_fail "a line without end is refused" 4 "taste-ingest: endless:1: the line is longer than 64 MB" taste-ingest tsv endless
printf 'u\ti\t1\tplay\tNaN\n' > nan; must_fail "NaN is no value" 4 "taste-ingest: nan:1: field 5: 'NaN' is not a finite number" taste-ingest tsv nan
printf 'u\ti\t1\tplay\t1e400\n' > huge; must_fail "neither is 1e400" 4 "taste-ingest: huge:1: field 5: '1e400' *" taste-ingest tsv huge
printf '\xff\xfe \tspace id\n"q"\t\\\\\n' > odd.tsv; is "ids of every kind are kept" "$(ing tsv --escapes odd.tsv | cut -f1,2)" "$(cat odd.tsv)"
must_fail "a file that is not there" 3 "taste-ingest: nothere: No such file or directory" taste-ingest tsv nothere
must_fail "an unknown source" 2 "*'spotfy' is not a source*" taste-ingest spotfy
must_fail "an empty user" 2 "*--user: an empty name*" taste-ingest tsv --user '' six.tsv
must_fail "a map twice" 2 "*'context.a' is given twice*" taste-ingest tsv --map user=1,item=2,context.a=3,context.a=4 six.tsv
for bad in user user= =1 user=0 user=1x user=99999999999999999999999 user=1,,item=2 context.=1 'context.a;b=1'; do must_fail "a malformed map: $bad" 2 "*--map: *" taste-ingest tsv --map "$bad" six.tsv; done
for o in "movielens --map user=1" "lastfm -H" "jsonl -H" "csv --escapes" "tsv --max-rejects 1" "tsv --catalogue x"; do must_fail "an option without its like: $o" 2 "taste-ingest: *usage:*" taste-ingest $o six.tsv; done
is "--list names the sources" "$(ing --list | cut -d' ' -f1 | tr '\n' ' ')" "spotify listenbrainz lastfm scrobbler librefm maloja pano youtube tidal gpodder navidrome audiobookshelf movielens recbole mpd mssd tsv csv jsonl auto "
must_fail "no source" 2 "*which source*" taste-ingest
must_fail "a map that names nothing" 2 "*'colour' is not one of*" taste-ingest tsv --map colour=1
must_fail "a map to a name without -H" 2 "*not a column number*" taste-ingest tsv --map user=who,item=2
must_fail "a header without the column" 4 "*no column is named 'who'*" taste-ingest tsv -H --map user=who,item=item six.tsv
must_fail "no user anywhere" 4 "*no column holds the user*" taste-ingest csv -H q.csv --map item=item
must_fail "a full disk is told" 3 "taste-ingest: *No space left on device" bash -c 'taste-ingest tsv six.tsv > /dev/full'
echo old > keep; taste-ingest tsv -o keep mixed.tsv 2>/dev/null; is "a failed run leaves the old output" "$(cat keep)" old
is "a closed reader ends it quietly" "$(bash -c 'yes "u	i" | taste-ingest tsv | head -1 | wc -l; echo "${PIPESTATUS[1]}"' 2>&1 | tr '\n' ' ')" "1 141 "
if [ -n "$DATA" ] && [ -f "$DATA/ml-1m/movies.dat" ] && [ -f "$DATA/lastfm-2k/user_artists.dat.xz" ]; then
	xz -dc "$DATA/lastfm-2k/artists.dat.xz" > artists.dat
	xz -dc "$DATA/lastfm-2k/user_artists.dat.xz" | ing lastfm --catalogue artists.dat --items real.items > real.tsv
	is "HetRec 2011 goes in whole" "$(wc -l < real.tsv) $(wc -l < real.items)" "92834 17632"
	ing movielens --catalogue "$DATA/ml-1m/movies.dat" --items films.tsv /dev/null
	is "all films of MovieLens-1M have a title, a year, genres" "$(awk -F '\t' '$3 != "" && $6 ~ /^(19|20)[0-9][0-9]$/ && $8 != ""' films.tsv | wc -l)" 3883
	ok "and all of it is UTF-8" iconv -f UTF-8 -t UTF-8 films.tsv real.items
else
	skip "HetRec 2011 and MovieLens-1M go in whole" "the data sets are not there"
fi
printf 'u\ti\nbad\n' > own.tsv; must_fail "rejects never go over the input" 2 "*'own.tsv' is read: it cannot be written aside*" taste-ingest tsv --rejects own.tsv own.tsv
must_fail "nor through another name" 2 "*'./own.tsv' is read*" taste-ingest tsv --rejects ./own.tsv own.tsv
must_fail "nor two outputs into one file" 2 "*'./x.tsv' can hold only one of the outputs*" taste-ingest tsv --items ./x.tsv -o x.tsv own.tsv
printf 'u\ti\0\n' | taste-ingest tsv --rejects nulrej > none 2>&1; is "a NUL in a reject is shown by U+FFFD" "$(taste-view nulrej | cut -f3-)" "u\ti"$'\xef\xbf\xbd'
is "what has come goes on before the rest is waited for" "$({ printf 'u\tan item of some length\t1\n'; for _ in $(seq 200); do [ ! -s order ] || break; sleep 0.05; done; echo late >> order; printf 'u\tj\t2\n'; } | taste-ingest tsv | while read -r l; do echo "${l%%	*}" >> order; done; tr '\n' ' ' < order)" "u late u "
zstd -q < ratings.dat > packed.zst 2> none && is "zstd is unpacked on the fly" "$(taste-ingest movielens packed.zst 2>&1 | cksum)" "$(taste-ingest movielens ratings.dat | cksum)"
must_fail "a time where an event's kind is wanted is told" 4 "taste-ingest: *:1: field 4: '881250949' is a number, not what happened (play, skip, like, ...): --map says where what is" taste-ingest tsv <(printf 'u\ti\t4\t881250949\n')
is "and mapped it is one" "$(printf 'u\ti\t4\t881250949\n' | taste-ingest tsv --map user=1,item=2,value=3,time=4)" "$(printf 'u\ti\t881250949\t\t4\t')"
must_fail "a zone of what has none" 2 "*--tz is of scrobbler*usage:*" taste-ingest csv --tz +02:00 nofile
must_fail "a unit of what has its own" 2 "*--time-unit is of tsv, csv and jsonl*usage:*" taste-ingest listenbrainz --time-unit ms nofile
done_testing
