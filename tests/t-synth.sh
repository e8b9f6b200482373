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
is "shares of a listener's plays add up to one" "$(taste-synth -s 5 --users 3 --events 30 --music 50 --podcasts 20 --audiobooks 10 --truth all.tsv --truth-top 80 -o /dev/null; awk -F '\t' '{ s[$1] += $4 } END { for (k in s) { n++; if ((s[k] - 1) ^ 2 > 1e-8) print k, s[k] } if (!n) print "none" }' all.tsv)" ""
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

# context
W="-s 5 --users 300 --events 30000 --music 800"
is "without context a world is what it always was" "$(taste-synth --users 60 --events 6000 -s 7 --noise 0.1 | cksum | cut -d' ' -f1) $(taste-synth $W --context 0 | cmp - log1.tsv && echo same)" "3508324174 same"
is "so are its names, which a compiler may not choose the order of" "$(taste-synth --users 60 --events 6000 -s 7 --items /dev/stdout -o none | cksum)" "2865238018 237232"
taste-synth $W --context 1 -t 1 -o there1.tsv; for t in 2 7; do taste-synth $W --context 1 -t $t -o there.tsv; same "-t $t makes the same world with context" there.tsv there1.tsv; done
for cpu in $(taste-synth -V | sed -n 's/^cpu paths: *//p'); do taste-synth --cpu $cpu $W --context 1 -o cpu.tsv; same "--cpu $cpu too" cpu.tsv there1.tsv; done
is "every event has a device, a place and a mood" "$(cut -f6 there1.tsv | grep -cvxE 'device=(phone|desktop|speaker|car);place=(home|work|road|gym);mood=(calm|focus|energetic|social)(;shuffle=1)?')" 0
is "in a car one is on the road" "$(grep device=car there1.tsv | cut -f6 | cut -d';' -f2 | sort -u)" place=road
is "without context there is no place" "$(cut -f6 log1.tsv | grep -c place)" 0
printf '%s\n' ana bodo cleo dara | while read u; do for i in $(seq -f m%06g 1 50); do printf '%s\t%s\n' $u $i; for c in 'device=car;place=road' 'device=speaker;place=home' 'place=home;device=speaker;session=9' device=car; do printf '%s\t%s\t%s\n' $u $i "$c"; done; done; done > asked
taste-synth $W --context 1 --pairs asked --truth told -o /dev/null
is "what was asked is told, with its context behind" "$(cut -f1,2,5 told | sed 's/\t$//' | cmp - asked && echo yes)" yes
is "preferences on the road are not those at home, and not those anywhere" \
	"$(awk -F '\t' '{ l = log($3 / (1 - $3)); if (NF == 4) any = l; else if ($5 ~ /road/) road = l; else if ($5 ~ /speaker/ && $5 ~ /^d/) { n++; a += (l - road) ^ 2; b += (road - any) ^ 2; s += any; ss += any ^ 2 } } END { a = sqrt(a / n); b = sqrt(b / n); s = sqrt(ss / n - (s / n) ^ 2); print (a > .3 * s && a < 1.2 * s && b > .2 * s && b < .8 * s) ? "yes" : a " " b " " s }' told)" yes
is "the order of keys is nothing, nor are others" "$(awk -F '\t' '$5 ~ /^device=speaker/ { v = $3 FS $4 } $5 ~ /session/ { n += v != $3 FS $4 } END { print n + 0 }' told)" 0
is "a device alone is less than a device and a place" "$(awk -F '\t' '$5 == "device=car;place=road" { v = $3 } $5 == "device=car" { n += v == $3 } END { print (n < 10) ? "yes" : n }' told)" yes
taste-synth $W --context 0 --pairs asked --truth told0 -o /dev/null
is "without context a context asked for changes nothing" "$(awk -F '\t' 'NF == 4 { v = $3 FS $4; next } v != $3 FS $4' told0 | wc -l)" 0
is "shares in a context add up to one" "$(X="-s 5 --users 3 --events 30 --music 50 --podcasts 20 --audiobooks 10 --context 2"; taste-synth $X --items i -o /dev/null; for c in device=car place=gym 'device=car;place=gym'; do cut -f1 i | sed "s/.*/ana\t&\t$c/"; done > p; taste-synth $X --pairs p --truth all.tsv -o /dev/null; awk -F '\t' '{ s[$5] += $4 } END { for (k in s) { n++; if ((s[k] - 1) ^ 2 > 1e-8) print k, s[k] } if (!n) print "none" }' all.tsv)" ""
# what is heard where, by listener, place and creator: nearer to the truth in context than to that without
X="--users 30 --events 60000 --days 120 --music 300 --podcasts 60 --audiobooks 40 --drift 0 --context 1"
taste-synth $X --items it > lg
awk -F '\t' 'NR == FNR { i[++n] = $1; next } $4 != "like" { sub(/;shuffle.*/, "", $6); k = $1 "\t" $6; if (!s[k]++) for (j = 1; j <= n; j++) print $1 "\t" i[j] "\t" $6 }' it lg > rq
taste-synth $X --pairs rq --truth in -o /dev/null; cut -f1,2 rq > rq0; taste-synth $X --pairs rq0 --truth out -o /dev/null; paste out <(cut -f3 rq) > out5
cat > apart.awk <<'E'
function part(c) { split(c, x, ";"); return x[2] }
FILENAME == "it" { c[$1] = $4; kind[$1] = $2; next }
FILENAME == "lg" { if ($4 != "like") { sub(/;shuffle.*/, "", $6); n[$1, $6]++; d[$1, part($6), c[$2]]++; k[part($6), kind[$2]]++; all++ } next }
{ m = $4 * n[$1, $5]; d[$1, part($5), c[$2]] -= m; k[part($5), kind[$2]] -= m }
END { for (z in d) a += (d[z] > 0 ? d[z] : -d[z]) / 2 / all; for (z in k) b += (k[z] > 0 ? k[z] : -k[z]) / 2 / all; print a, b }
E
is "expected shares in a context come true" "$(echo "$(awk -F '\t' -f apart.awk it lg in) $(awk -F '\t' -f apart.awk it lg out5)" | awk '{ print ($1 < .22 && $1 < .87 * $3 && $2 < .004 && $2 < .5 * $4) ? "yes" : $0 }')" yes
taste-synth -s 5 --users 300 --events 30000 --context 2 > lg; awk -F '\t' '$4 != "like" { print $1 "\t" $2 "\t" $6 }' lg > rq; taste-synth -s 5 --users 300 --events 30000 --context 2 --pairs rq --truth in -o /dev/null
is "what is skipped follows the preference there" "$(awk -F '\t' '$4 != "like" && $2 ~ /^m/' lg | paste - <(awk -F '\t' '$2 ~ /^m/' in) | awk -F '\t' '{ n++; s += ($4 == "play") - $9; v += $9 * (1 - $9) } END { z = s / sqrt(v); print (z > -5 && z < 5) ? "yes" : z " of " n }')" yes
is "talk is for the road and books for home" "$(awk -F '\t' '{ k = substr($2, 1, 1); n[k]++; r[k] += $6 ~ /road/; h[k] += $6 ~ /home/ } END { print (r["p"] / n["p"] > 1.3 * r["m"] / n["m"] && h["b"] / n["b"] > 1.3 * h["m"] / n["m"]) ? "yes" : r["p"] / n["p"] " " r["m"] / n["m"] " " h["b"] / n["b"] " " h["m"] / n["m"] }' lg)" yes
must_fail "a device that is none is told" 4 "taste-synth: bad:2: field 3: 'device=toaster': device is one of phone, desktop, speaker, car" bash -c 'printf "ana\tm000001\nana\tm000001\tdevice=toaster\n" > bad; taste-synth --users 5 --events 5 --context 1 --pairs bad --truth t -o /dev/null'

# answers to lists
W="-s 5 --users 300 --events 20000 --days 30 --music 800 --drift 0.1"
taste-synth $W --items it -o lg
awk -F '\t' 'NR == FNR { i[++n] = $1; next } !u[$1]++ { for (k = 1; k <= 20; k++) print $1 "\t" i[(x = (x * 75 + 74 + 13 * k) % 65537) % n + 1] "\t" 21 - k "\twhy; p=7\tp=0.2" k "\tx=1" }' it lg > lists
taste-synth $W --context 1 --answer lists -t 1 --answers-truth told1 -o ans1
for t in 2 7; do taste-synth $W --context 1 --answer lists -t $t --answers-truth told -o ans; same "-t $t answers the same" ans ans1; same "and the truth of it is the same" told told1; done
for cpu in $(taste-synth -V | sed -n 's/^cpu paths: *//p'); do taste-synth --cpu $cpu $W --context 1 --answer lists --answers-truth told -o ans; same "--cpu $cpu answers the same" ans ans1; same "--cpu $cpu: so does its truth" told told1; done
is "every line of the lists has its truth" "$(cut -f1,2 told1 | cmp - <(cut -f1,2 lists) && echo yes)" yes
ok "answers are in order of time" sort -c -t "$T" -k3,3n -s ans1
is "they begin on the day behind the log" "$(taste-synth $W --context 1 | tail -1 | cut -f3 | awk -v a="$(head -1 ans1 | cut -f3)" '{ print int(a / 86400) - int($1 / 86400) }')" 1
is "and on a later day when asked for" "$(taste-synth $W --context 1 --answer lists --answer-day 5 | awk -F '\t' -v a="$(head -1 ans1 | cut -f3)" 'NR == 1 { print int($3 / 86400) - int(a / 86400) }')" 5
is "an answer says where it stood and with which probability it was shown" "$(awk -F '\t' 'NR == FNR { p[$1, $2, FNR % 20] = 1; w[$1, 1 + (FNR - 1) % 20] = $2 ";" $5; next } { n = split($6, c, ";"); sub(/place_in=/, "", c[n - 1]); if (n != 5 || w[$1, c[n - 1]] != $2 ";" c[n]) print }' lists ans1 | wc -l)" 0
is "what is seen is seen from the top without a gap" "$(awk -F '\t' '$4 != "like" { match($6, /place_in=[0-9]+/); r = substr($6, RSTART + 9, RLENGTH - 9); if (r != ++last[$1]) print }' ans1 | wc -l)" 0
is "a like is of what was played" "$(awk -F '\t' '$4 == "play" { p[$1, $2] = 1 } $4 == "like" && !p[$1, $2]' ans1 | wc -l)" 0
# rewards are as the truth says: by place and by preference, over some days
cat > rewards.awk <<'E'
FILENAME ~ /^ans/ { if ($4 == "like") next; match($6, /place_in=[0-9]+/); k = FILENAME FS $1 FS substr($6, RSTART + 9, RLENGTH - 9); sub(/ans/, "told", k); seen[k] = 1; heard[k] = $4 == "play"; next }
{ k = FILENAME FS $1 FS $3; e = $4; q = $4 * $5; b = int($5 * 5)
  s[$3] += seen[k] - e; sv[$3] += e * (1 - e); h[$3] += heard[k] - q; hv[$3] += q * (1 - q); list[FILENAME, $1] += heard[k] - q
  if (seen[k]) { c[b] += heard[k] - $5; cv[b] += $5 * (1 - $5) } }
function far(a, v) { return v > 0 && a * a > 14 * v }
END { for (r in s) if (far(s[r], sv[r]) || far(h[r], hv[r])) print "place", r, s[r], sv[r], h[r], hv[r]
      for (b in c) if (far(c[b], cv[b])) print "preference", b, c[b], cv[b]
      for (l in list) { all += list[l]; allv += list[l] ^ 2 }
      if (all * all > 9 * allv || !allv) print "all", all, allv }
E
for d in 0 1 2 3 4 5; do taste-synth $W --context 1 --answer lists --answer-day $d --answers-truth told.$d -o ans.$d; done
is "rewards of many lists are what their truth says" "$(awk -F '\t' -f rewards.awk ans.? told.?)" ""
for d in 0 1 2; do taste-synth $W --patience 0.5 --answer lists --answer-day $d --answers-truth told.$d -o ans.$d; done; rm -f ans.[345] told.[345]
is "with less patience too, and without context" "$(awk -F '\t' -f rewards.awk ans.? told.?)" ""
is "places are seen with gamma^(r-1)" "$(awk -F '\t' '{ e = 0.5 ^ ($3 - 1) - $4; if (e * e > 1e-14) print }' told.0 | wc -l)" 0
is "without patience the first place is all" "$(taste-synth $W --patience 0 --answer lists | grep -v place_in=1\; | wc -l)" 0
is "with all patience the last place is seen" "$(taste-synth $W --patience 1 --answer lists | awk -F '\t' '$4 != "like"' | wc -l)" "$(wc -l < lists)"
# the context
taste-synth $W --context 1 --answer lists --answer-context 'device=car;place=road' --answers-truth told -o ans
is "a context for all is the one and only" "$(cut -f6 ans | sed 's/;place_in.*//' | sort -u)" "device=car;place=road"
cut -f2 it > kinds; cut -f1,2 lists | sed 's/$/\tdevice=car;place=road/' > asked; taste-synth $W --context 1 --pairs asked --truth true -o /dev/null
taste-synth $W --context 1 -o lgc
is "the preference there is that of --pairs, halved for each play of the last week" "$(awk -F '\t' -v last="$(tail -1 lgc | cut -f3)" 'FILENAME == "lgc" { if ($4 == "play" && $3 >= (int(last / 86400) + 1 - 7) * 86400) n[$1, $2]++; next } FILENAME == "true" { p[$1, $2] = $3; next } { w = p[$1, $2] * 0.5 ^ n[$1, $2]; t += n[$1, $2]; if ((w - $5) ^ 2 > 1e-12) print } END { if (!t) print "none tired" }' lgc true told)" ""
{ sed -n 1,20p lists | sed 's/$/\tcontext=place=gym;shuffle=1/'; sed -n 21,40p lists; sed -n 41,60p lists | sed 's/$/\tcontext=/'; sed -n 1,5p lists | sed 's/$/\tcontext=mood=calm/'; sed -n 6,9p lists | sed 's/$/\tcontext=mood=focus/'; } > own
taste-synth $W --context 1 --patience 1 --answer own --answer-context device=car --answers-truth told -o ans
is "a list's own context comes first" "$(cut -f1,3,6 told | awk -F '\t' '$2 == 1 { print $3 }' | tr '\n' ' ')" "place=gym device=car  mood=calm mood=focus "
is "lists of one listener are answered one after the other" "$(u=$(head -1 own | cut -f1); grep "^$u$T" ans | grep -v "${T}like" | cut -f6 | sed 's/;.*//' | uniq | tr '\n' ' ')" "place=gym mood=calm mood=focus "
is "what is known of nothing is written so" "$(u=$(sed -n 41p own | cut -f1); grep "^$u$T" ans | head -1 | cut -f6)" "place_in=1;p=0.21"
# being tired, being pulled
taste-synth $W --drift 0 --patience 1 --answer lists --answer-day 10 --answers-truth told.0 -o ans.0
taste-synth $W --drift 0 --patience 1 --answer lists --answer-day 11 --after ans.0 --answers-truth told.1 -o ans.1
taste-synth $W --drift 0 --patience 1 --answer lists --answer-day 12 --after ans.0 --after ans.1 --answers-truth told.2 -o ans.2
taste-synth $W --drift 0 --patience 1 --answer lists --answer-day 30 --after ans.0 --after ans.1 --answers-truth told.3 -o ans.3
is "what was played is liked half as much the next day, a quarter when it was twice, and as ever a month later" "$(awk -F '\t' 'FILENAME ~ /^ans/ { if ($4 == "play") { n[FILENAME, $1, $2]++ } next }
	{ f = FILENAME; k = $1 SUBSEP $2; if (f == "told.0") p[k] = $5; w = p[k]; if (f == "told.1" || f == "told.2") w *= 0.5 ^ n["ans.0", k]; if (f == "told.2") w *= 0.5 ^ n["ans.1", k]; c[f, n["ans.0", k] + n["ans.1", k]]++; if ((w - $5) ^ 2 > 1e-12 * (1 + w)) print } END { if (c["told.2", 2] < 50) print "few" }' ans.0 ans.1 told.0 told.1 told.2 told.3)" ""
cat ans.0 ans.1 > both; taste-ingest tsv -b -o both.taste both 2> /dev/null; taste-synth $W --drift 0 --patience 1 --answer lists --answer-day 12 --after both.taste -o ans; same "in one binary file they count the same" ans ans.2
for x in 0 0.2 1; do taste-synth $W --drift 0 --patience 1 --answer lists --answer-day 30 --after both --pull $x --answers-truth told -o /dev/null; awk -F '\t' 'NR == FNR { if ($4 == "play") k[$1, $2] = 1; next } ($1, $2) in k { n++; s += $5 } END { print s / n }' both told; done | tr '\n' ' ' > apart
is "a taste is pulled to what was heard" "$(awk '{ print ($2 > $1 + .01 && $3 > $2) ? "yes" : $0 }' apart)" yes
taste-synth $W --drift 0 --patience 1 --answer lists --answer-day 30 --after both --pull 0 --answers-truth told -o /dev/null; same "not without pull" told told.3
taste-synth $W --answer lists -o ans; taste-synth $W --answer lists --pull 1 -o ans2; same "nor by nothing" ans2 ans
# lists in other clothes
gzip -c lists > lists.gz; taste-synth $W --context 1 --answer lists.gz -o ans; same "lists may be gzipped" ans ans1
taste-synth $W --context 1 --answer - -o ans < lists; same "or come through a pipe" ans ans1
sort -s -t "$T" -k1,1 lists | cut -f1-4 | taste-rank -k 20 -b -o ranked.taste; taste-view ranked.taste > ranked; taste-synth $W --answer ranked -o ans; taste-synth $W --answer ranked.taste -o ans2; same "or be binary" ans2 ans
taste-synth $W --context 1 --answer lists -b -o ans.taste; taste-view ans.taste > ans; same "answers may be binary" ans ans1
like "and say what they are made of" "$(taste-view -i ans.taste)" "*--answer*"
head -c -1 lists > cut; taste-synth $W --context 1 --answer cut -o ans; same "a list without its last newline is whole" ans ans1
is "no lists, no answers" "$(taste-synth $W --answer /dev/null | wc -c)" 0
is "two columns are a list" "$(cut -f1,2 lists | head -20 | taste-synth $W --patience 1 --answer - | grep -vc like)" 20
is "an item twice in a list is answered twice" "$(printf 'ana\tm000001\nana\tm000001\n' | taste-synth $W --patience 1 --answer - | grep -vc like)" 2
bad() { local title=$1 glob=$2; shift 2; printf "$@" > hostile; must_fail "$title" 4 "taste-synth: $glob" taste-synth $W --context 1 --answer hostile -o /dev/null; }
bad "a listener of another world is told" "hostile:2: field 1: 'nobody' is not in this world" 'ana\tm000001\nnobody\tm000001\n'
bad "an item of another world too" "hostile:1: field 2: 'm999999' is not in this world" 'ana\tm999999\n'
bad "an empty user" "hostile:1: field 1: '' is not in this world" '\tm000001\n'
bad "one field" "hostile:1: one field: a user and an item are wanted" 'ana\n'
bad "an empty line" "hostile:2: *" 'ana\tm000001\n\nana\tm000001\n'
for p in 0 -1 1.5 nan 1e-999 half '' '0.5;x=1'; do bad "p=$p is no probability" "hostile:1: field 5: 'p=$p' is not a probability above 0, at most 1" "ana\tm000001\t1\twhy\tp=$p\n"; done
bad "a context that is none" "hostile:1: field 6: 'mood=blue': mood is one of calm, focus, energetic, social" 'ana\tm000001\t1\twhy\tp=1\tcontext=device=car;mood=blue\n'
bad "bytes of any kind" "hostile:1: *" '\xef\xbb\xbf\x00\xff\tm000001\n'
is "lines may end as on other systems" "$(printf 'ana\tm000001\r\nana\tm000002\r\n' | taste-synth $W --patience 1 --answer - | grep -vc like)" 2
for n in 30 60 100; do head -c $n ranked.taste > hostile; must_fail "a binary list cut after $n bytes" 4 "taste-synth: hostile*" taste-synth $W --answer hostile -o /dev/null; done
must_fail "answers of another world are told" 4 "taste-synth: other:1: field 2: 'x' is not in this world" bash -c "printf 'ana\tx\t5\tplay\n' > other; taste-synth $W --answer lists --after other -o /dev/null"
must_fail "answers without a time too" 4 "taste-synth: other:1: field 3: an answer without a time" bash -c "printf 'ana\tm000001\n' > other; taste-synth $W --answer lists --after other -o /dev/null"
must_fail "a context of no kind" 2 "*--answer-context: 'shuffle=1' is no context*" taste-synth --answer lists --answer-context shuffle=1
must_fail "options of answers without lists" 2 "*go with --answer LISTS*" taste-synth --after lists
must_fail "standard input twice" 2 "*standard input can be read only once*" taste-synth --answer - --after -
must_fail "lists that are not there" 3 "taste-synth: nowhere: *" taste-synth --answer nowhere
must_fail "answers on a full disk" 3 "taste-synth: *No space left on device" bash -c "taste-synth $W --answer lists > /dev/full"

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
