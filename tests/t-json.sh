# The JSON scanner against jq: the same texts are taken and refused, the same values come out.
. "$(dirname "$0")/lib.sh"
U=$B/tests/u-json
if ! command -v jq >/dev/null; then
	skip "the JSON scanner agrees with jq" "jq is not installed"
	done_testing
	exit
fi

# One text a line, \n and \t as printf has them: the value of a member, in an array and behind it.
cat > values <<'END'
0
-0
10
-1.5e+10
1E2
0.001
123456789012
true
false
null
""
"a"
"a\\nb"
"\\u00e9\\u20AC"
"\\ud83d\\ude00"
"\\"\\\\\\/\\b\\f\\n\\r\\t"
"é€😀"
"{}[],:"
[]
[1,2]
[ 1 , [ ] , { } ]
[[[[]]]]
{}
{"x":{"y":[null,{"z":""}]}}
 {"x" : 1 ,"y":2 } 
{"a":1,"a":2}
\t1\n
[1,]
[,1]
[1 2]
[1
]
1]
{"x":1,}
{,}
{"x"}
{"x":}
{"x" 1}
{x:1}
{'x':1}
{1:2}
{"x":1 "y":2}
{"x":1
tru
nulll
True
"a
"a\\x"
"a\\u12"
"a\\u12g4"
'a'
-
1.e
1e
1e+
--1
1,2
:
}
//
/*x*/1
#
0x10
1_000
END
{
	i=0
	while IFS= read -r v; do
		printf '[{"a":'"$v"'},{"b":'"$v"'}]\n{"a":'"$v"'}' > array.$i
		i=$((i + 1))
	done < values
} 2>/dev/null
# rows FILTER FILE: what jq finds, an array a row
rows() { jq -c "if type == \"array\" then .[] else . end | [$1]" "$2"; }
n=$(wc -l < values) differ=
for ((i = 0; i < n; i++)); do
	rows .a,.b array.$i > want.$i 2>/dev/null; want=$?
	"$U" array.$i a b > got.$i 2> err; got=$?
	[ $((want > 0)) -eq $((got > 0)) ] || differ="$differ $(tr '\n' ' ' < array.$i)(jq $want, we $got)"
	case $got in 0) ;; 4) rm got.$i ;; *) differ="$differ $i: exit $got" ;; esac
done
is "what jq takes and refuses is taken and refused ($n texts)" "$differ" ""

differ=
for ((i = 0; i < n; i++)); do
	[ -e got.$i ] || continue
	jq -c . got.$i > got
	cmp -s want.$i got || differ="$differ $i:$(head -1 want.$i) $(head -1 got)"
	[ "$(wc -l < got)" -eq 3 ] || differ="$differ $i: not three rows"
done
is "the values are those of jq" "$differ" ""

# Where we are stricter than jq on purpose (RFC 8259): each is refused here.
taken=
for t in '{"a":NaN}' '{"a":nan}' '{"a":01}' '{"a":.5}' '{"a":1.}' '{"a":"\ud83d"}' '{"a":"\udc00\ud83d"}' $'{"a":"\xff"}' $'{"a":"\xed\xa0\x80"}' $'{"a":"\t"}' '"text"' '5' '[5]' '[[]]'; do
	printf '%s' "$t" > strict
	"$U" strict a >/dev/null 2>&1; [ $? -eq 4 ] || taken="$taken $(printf %q "$t")"
done
is "loose numbers, lone surrogates, bytes that are not UTF-8 and rows that are no objects are refused" "$taken" ""

# A corpus made by jq itself: its output, compact, pretty and as one array, says the same to us.
jq -n -c 'range(300) | {user: "u\(. % 7)", n: (. * 1.5 - 20), name: ("x\u0001\"\\/é😀\n" * (. % 4)), deep: {er: {est: [., "[{"]}}, nul: null, yes: (. % 2 == 0)}' > rows.jsonl
"$U" rows.jsonl user n name deep.er.est deep nul yes | jq -c . > got; rows .user,.n,.name,.deep.er.est,.deep,.nul,.yes rows.jsonl > want
same "rows that jq wrote" got want
jq -s . rows.jsonl > pretty.json; "$U" pretty.json user n name deep.er.est deep nul yes | jq -c . > got
same "a pretty-printed array of them" got want
cat pretty.json rows.jsonl pretty.json > mixed.json; "$U" mixed.json user n name deep.er.est deep nul yes | jq -c . > got
same "arrays and lines one behind the other" got <(cat want want want)
gzip -k mixed.json; "$U" mixed.json.gz user n name deep.er.est deep nul yes | jq -c . > got2
same "the same through gzip" got2 got
printf '{"a":1}\n{"a":2,}\n' > bad.jsonl
must_fail "a fault is told with line and column" 4 "u-json: bad.jsonl:2:8: a member's name, in quotes, should stand here, at '}'" "$U" bad.jsonl a
done_testing
