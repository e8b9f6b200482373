# Every input that a fuzz target started from or once broke on goes through it again.
. "$(dirname "$0")/lib.sh"
for f in "$SRC"/tests/f-*.c; do
	name=${f##*/f-} name=${name%.c}
	set -- "$SRC/tests/corpus/$name"/*
	if [ ! -e "$1" ]; then
		fail "the corpus of $name goes through f-$name" "tests/corpus/$name is empty"
	elif [ ! -x "$B/tests/f-$name" ]; then
		fail "the corpus of $name goes through f-$name" "$B/tests/f-$name is not built"
	else
		ok "the $# files of the $name corpus go through f-$name" "$B/tests/f-$name" "$@"
	fi
done
done_testing
