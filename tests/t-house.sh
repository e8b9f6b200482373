# The house: layers include only what is below them, and no two files have one name.
. "$(dirname "$0")/lib.sh"
cd "$SRC" || exit 99

# below LAYER : the layers that it may include; DESIGN.md draws them
below() {
	case $1 in
		base) ;;
		io | num) echo base ;;
		cli) echo base io ;;
		data) echo base io num ;;
		model | index | rank | eval | source | synth) echo base io num data ;;
		*) echo "no such layer: $1" ;;
	esac
}

files() { git ls-files "$@" 2>/dev/null | grep . || find "$@" -name '*.[ch]'; }

wrong=
for dir in lib/*/; do
	layer=$(basename "$dir")
	for other in $(cat "$dir"*.[ch] | sed -n 's,^#include "\.\./\([a-z]*\)/.*,\1,p' | sort -u); do
		case " $(below "$layer") " in *" $other "*) ;; *) wrong="$wrong $layer->$other" ;; esac
	done
done
is "a layer of lib/ includes only layers below it" "$wrong" ""
is "nothing in lib/ includes a program's header" "$(grep -l 'include.*/cmd/' lib/*/*.[ch])" ""
is "no two files have one name" "$(files lib cmd tests | grep '\.[ch]$' | sed 's,.*/,,' | sort | uniq -d)" ""
is "library code does not print, exit, or read the environment" \
	"$(grep -nE '\b(printf|puts|exit|getenv|fprintf|perror) *\(' lib/base/*.c lib/io/*.c lib/num/*.c lib/data/*.c lib/model/*.c lib/index/*.c lib/rank/*.c lib/eval/*.c lib/source/*.c lib/synth/*.c |
		grep -vE '_exit|atexit|^[^:]*:[0-9]*:[ 	]*(/?\*|//)')" ""
is "lib/README names every module" "$(for h in lib/*/*.h; do m=$(basename "$h" .h); grep -qw "$m" lib/README || echo "$m"; done)" ""
is "and none that is not there" "$(sed -n 's/^    \([a-z0-9_]*\)  .*/\1/p' lib/README | while read -r m; do [ "$m" = base ] || ls lib/*/"$m".h >/dev/null 2>&1 || echo "$m"; done)" ""
done_testing
