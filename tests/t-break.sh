# Files of every kind with one field broken and all checksums right: a sentence and the right status, by every program that reads them. scripts/break tries more of them.
. "$(dirname "$0")/lib.sh"
N=6; case $B in *address* | *thread* | *memory*) N=1 ;; esac
"$SRC/scripts/break" -n $N -s 5 -o "$SCRATCH/out" "$B" > table 2> err
is "no mutant finds a program wanting" "$? $(tail -1 table | cut -d, -f2) $(cut -f1-6 "$SCRATCH/out/findings" | head -20)$(cat err)" "0  0 findings "
ok "and mutants were tried, of each kind" test "$(sed -n 's/ runs,.*//p' table)" -gt 350 -a "$(awk '/^$/ { exit } NR > 1 && $2 > 0' table | wc -l)" -gt 40
ok "some are taken, some refused" test "$(awk '$4 > 0 && $3 >= 0 && NF > 6 { n += $4; t += $3 } END { print (n > 100 && t > 100) }' table)" = 1

# what a mutant is
b=$B/tests/break G=$SRC/tests/golden
for k in events vectors table model; do
	n=$("$b" --list "$G/v1-$k.taste" | tail -1 | cut -f1)
	is "$k: mutants are numbered" "$("$b" --list "$G/v1-$k.taste" | cut -f1 | cksum)" "$(seq 0 "$n" | cksum)"
	must_fail "$k: and there are no more" 4 "break: there is no mutant of that number" "$b" $((n + 1)) "$G/v1-$k.taste"
done
# number TITLE FILE : of the mutant with this title
number() { "$b" --list "$2" | grep -aF "$1" | head -1 | cut -f1; }
"$b" "$(number '2 VECT component 0: 0' "$G/v1-vectors.taste")" "$G/v1-vectors.taste" > m; ok "checksums are made right again" taste-view -c m
is "and the field is another" "$(taste-view m)" "$(printf 'a\t0\nbc\t-0.5')"
"$b" "$(number '2 VECT component 0: nan' "$G/v1-vectors.taste")" "$G/v1-vectors.taste" > m; must_fail "so that the reader's own check is tried" 4 "*vector 1 is not finite" taste-view -c m
done_testing
