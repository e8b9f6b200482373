# taste-synth: the same world from the same seed, and a world worth learning from.
. "$(dirname "$0")/lib.sh"
T=$(printf '\t')
for t in 1 2 7; do taste-synth -t $t -s 5 --users 300 --events 30000 --music 800 --items items$t.tsv --truth truth$t.tsv --truth-top 20 -o log$t.tsv; done
same "two threads make the world of one" log1.tsv log2.tsv
same "seven threads too" log1.tsv log7.tsv
same "and the same catalogue" items1.tsv items7.tsv
same "and the same truth" truth1.tsv truth7.tsv
for cpu in $(taste-synth -V | sed -n 's/^cpu paths: *//p'); do taste-synth --cpu $cpu -s 5 --users 300 --events 30000 --music 800 -o cpu.tsv; same "--cpu $cpu makes the same world" cpu.tsv log1.tsv; done
taste-synth -s 6 --users 300 --events 30000 --music 800 -o other.tsv; cmp -s other.tsv log1.tsv && fail "another seed is another world" || pass "another seed is another world"
is "as many events as were asked for" "$(wc -l < log1.tsv)" 30000
ok "events are in order of time" sort -c -t "$T" -k3,3n -s log1.tsv
is "every item is in the catalogue" "$(cut -f2 log1.tsv | sort -u | comm -23 - <(cut -f1 items1.tsv | sort) | wc -l)" 0
is "catalogue rows have eight columns" "$(awk -F '\t' 'NF != 8' items1.tsv | wc -l)" 0
is "three kinds of items" "$(cut -f2 items1.tsv | sort | uniq -c | awk '{ print $2 ":" $1 }' | tr '\n' ' ')" "audiobook:200 music:800 podcast:400 "
is "creators have names of their own" "$(cut -f2,4 items1.tsv | sort -u | cut -f2 | sort | uniq -d | wc -l)" 0
taste-synth -b -s 5 --users 300 --events 30000 --music 800 -o log.taste; taste-view log.taste > log.view; same "binary holds the same events" log.view log1.tsv

# is it a world worth learning from?
is "popularity has a long tail: a twentieth of the tracks has a fifth of the plays, not all" \
	"$(awk -F '\t' '$2 ~ /^m/ { n[$2]++; all++ } END { for (i in n) print n[i] > "counts"; close("counts"); while (("sort -gr counts" | getline c) > 0) if (++k <= 40) top += c; s = top / all; print (s > .2 && s < .8) ? "yes" : s }' log1.tsv)" yes
is "podcasts are for the way to work, audiobooks for the evening" \
	"$(awk -F '\t' '{ h = int($3 % 86400 / 3600); k = substr($2, 1, 1); n[k]++; if (h >= 6 && h < 9) am[k]++; if (h >= 20 && h < 23) pm[k]++ } END { print (am["p"] / n["p"] > 1.5 * am["b"] / n["b"] && pm["b"] / n["b"] > 1.5 * pm["p"] / n["p"]) ? "yes" : "no" }' log1.tsv)" yes
taste-synth -s 5 --users 300 --events 30000 --music 800 --pairs log1.tsv --truth pairs.tsv -o /dev/null
is "who likes it less skips it more" "$(paste log1.tsv pairs.tsv | awk -F '\t' '$4 != "like" { b = $9 < .4 ? 0 : $9 < .7 ? 1 : 2; n[b]++; s[b] += $4 == "skip" } END { print (s[0] / n[0] > 1.5 * s[1] / n[1] && s[1] / n[1] > 1.5 * s[2] / n[2]) ? "yes" : s[0] / n[0] " " s[1] / n[1] " " s[2] / n[2] }')" yes
is "chapters of a book are heard in order" "$(awk -F '\t' 'NR == FNR { g[$1] = $6 FS $4; next } $2 ~ /^b/ && $4 != "like" { k = $1 FS g[$2]; n = substr($2, 2) + 0; if (k in last) { all++; ok += n == last[k] + 1 || n <= last[k] } last[k] = n } END { print (ok / all > .95) ? "yes" : ok / all }' items1.tsv log1.tsv)" yes
is "shares of a listener's plays add up to one" "$(taste-synth -s 5 --users 3 --events 30 --music 50 --podcasts 20 --audiobooks 10 --truth all.tsv --truth-top 80 -o /dev/null; awk -F '\t' '{ s[$1] += $4 } END { for (k in s) if ((s[k] - 1) ^ 2 > 1e-8) print k, s[k] }' all.tsv)" ""
for k in "" "--podcasts 0 --audiobooks 0" "--music 0 --audiobooks 0" "--music 0 --podcasts 0"; do
	is "the log takes about the days asked for: ${k:-all kinds}" "$(taste-synth --users 500 --events 200000 --days 200 $k | awk -F '\t' 'NR == 1 { a = $3 } { b = $3 } END { d = (b - a) / 86400; print (d > 180 && d < 230) ? "yes" : d }')" yes
done
for z in 0 0.5; do	# the distance between expected and true plays of creators
	taste-synth --users 200 --events 100000 --drift 0 --noise $z --items near.items --truth near.truth --truth-top 5000 -o near.log
	is "expected shares come true, --noise $z" "$(awk -F '\t' 'FILENAME == "near.items" { c[$1] = $4; next } FILENAME == "near.log" { if ($4 != "like") { n[$1]++; all++; d[c[$2]]++ } next } { d[c[$2]] -= $4 * n[$1] } END { for (k in d) s += (d[k] > 0 ? d[k] : -d[k]) / 2; print (s / all < .18) ? "yes" : s / all }' near.items near.log near.truth)" yes
done
is "what is heard is out" "$(awk -F '\t' '{ y = substr($6, 1, 4) } y > 2024 || y < 1900' near.items | wc -l)" 0
# the true top 20 finds more of each listener's new music than the 20 most popular tracks
head -24000 log1.tsv > past; tail -6000 log1.tsv | awk -F '\t' '$2 ~ /^m/ && $4 == "play"' | cut -f1,2 | sort -u > future
cut -f2 past | grep '^m' | sort | uniq -c | sort -k1,1gr -k2 | head -20 | awk '{ print $2 }' > top20
awk -F '\t' 'FILENAME == "truth1.tsv" { t[$1, $2] = 1; next } FILENAME == "top20" { p[$1] = 1; next } { n++; truth += ($1, $2) in t; pop += $2 in p } END { print (truth / n > pop / n) ? "yes" : truth / n " " pop / n }' truth1.tsv top20 future > verdict
is "knowing a listener's true taste is worth more than knowing what is popular" "$(cat verdict)" yes

is "one busy listener takes no more memory for more days" "$(for n in 100000 400000; do taste-synth -v --users 1 --events $n 2>&1 > /dev/null | sed -n 's/.*peak RSS \([0-9]*\).*/\1/p'; done | awk '{ v[NR] = $1 } END { print (v[2] < v[1] + 8) ? "yes" : v[1] " " v[2] }')" yes
is "a world may begin before 1970" "$(taste-synth --users 50 --events 5000 --start 1960-01-01 | awk -F '\t' 'NR == 1 { print ($3 >= -315619200 && $3 < -315532800) ? "yes" : $3 }')" yes
is "no events, none come" "$(taste-synth --users 10 --events 0 | wc -c)" 0
is "a world of one" "$(taste-synth --users 1 --events 1 --music 1 --podcasts 0 --audiobooks 0 | cut -f1,2)" "ana${T}m000001"
is "a world without music" "$(taste-synth --users 20 --events 200 --music 0 | cut -f2 | grep -c '^m')" 0
must_fail "events without users" 2 "*events need users and items*" taste-synth --users 0 --events 5
must_fail "truth of nothing" 2 "*--truth FILE goes with*" taste-synth --truth x
must_fail "a pair of another world is told" 4 "taste-synth: nobody:1: 'zzz' is not in this world" bash -c 'echo "zzz	m000001" > nobody; taste-synth --users 5 --events 5 --pairs nobody --truth t -o /dev/null'
must_fail "a start that is no time" 2 "*--start: 'soon'*" taste-synth --start soon
must_fail "files are not read" 2 "*no files are read*" taste-synth log1.tsv
must_fail "a full disk is told" 3 "taste-synth: *No space left on device" bash -c 'taste-synth --users 50 > /dev/full'
is "a closed reader ends it quietly" "$(bash -c 'taste-synth --users 1000 --events 1000000 | head -1 | wc -l; echo "${PIPESTATUS[0]}"' 2>&1 | tr '\n' ' ')" "1 141 "
done_testing
