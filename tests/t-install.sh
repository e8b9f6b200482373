# make install puts programs, pages and completions where they belong, they work from there, and uninstall takes them away. What a package says is what VERSION says.
. "$(dirname "$0")/lib.sh"

# The build that is tested is installed as it is: its own flags and features are named again, whatever make would take now, and to compile anything is an error.
root=$SCRATCH/root
flags=$(sed -n 's/^#define TASTE_FLAGS "\(.*\)"$/\1/p' "$B/version.h" | sed 's/\\\(.\)/\1/g') features=$(sed -n 's/^#define HAVE_\([A-Z0-9]*\) 1$/\1/p' "$B/version.h" | tr '[:upper:]\n' '[:lower:] ')
do_make() {
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$SRC" B="${B#"$SRC"/}" TASTE_FLAGS="$flags" FEATURES="$features" CC=false RUN=env DESTDIR="$root" PREFIX=/usr "$@"
}
ok "make install" do_make install
[ -x "$root/usr/bin/taste-view" ] || { done_testing; exit 1; }
usr=$root/usr bash_dir=$root/usr/share/bash-completion/completions zsh_dir=$root/usr/share/zsh/site-functions fish_dir=$root/usr/share/fish/vendor_completions.d
names=$(cd "$SRC/cmd" && ls taste-*.c | sed 's/\.c$//')
want=$(for n in $names; do printf '%s\n' "755 bin/$n" "644 share/man/man1/$n.1" "644 share/bash-completion/completions/$n" "644 share/zsh/site-functions/_$n" \
	"644 share/fish/vendor_completions.d/$n.fish"; done; echo 644 share/man/man5/taste-format.5; echo 644 share/man/man7/taste.7
	for n in listenbrainz navidrome shards; do echo 755 share/doc/taste/examples/$n; done; echo 644 share/doc/taste/examples/nightly.mk)
is "every program, page, completion and example is there, and nothing else" "$(cd "$usr" && find . -type f -printf '%m %P\n' | sort)" "$(sort <<< "$want")"
PATH=$usr/bin:$PATH
is "a pipe of the installed programs" "$(taste-synth --users 40 --events 4000 | taste-ingest tsv -b - | tee log.taste | taste-train als -d 8 -e 2 -o als.taste &&
	taste-score -m als.taste -k 3 log.taste | cut -f1 | sort | uniq -c | awk '{ print $1 }' | sort -u)" 3
is "the package's version is the project's" "$(sed -n '1s/^taste (\(.*\)) .*/\1/p' "$SRC/debian/changelog")" "$(cat "$SRC/VERSION")"
is "and the programs'" "$(for n in $names; do $n -V | sed 1q; done)" "$(for n in $names; do echo "$n (taste) $(cat "$SRC/VERSION")"; done)"

# A place with known names, for completion of files.
mkdir place && cd place || exit 99
mkdir vectors; touch log.taste lists.tsv
queries='taste-train |taste-train s|taste-train als --so|taste-train als --solver |taste-train als --solver=b|taste-train -s 3 pop --co|taste-train pop --count |taste-train session --tokens |taste-train als -o l
taste-train als --init l|taste-train als l|taste-train als -d |taste-rank |taste-rank candidates --source n|taste-rank candidates --users |taste-knn build --metric |taste-knn -k 5 build --de|taste-synth -x |taste-synth l
taste-ingest list|taste-ingest tsv --time-unit |taste-view --as ev|taste-eval --by k|taste-eval ro|taste-split loo -T |taste-embed --items a|taste-embed -m als --cpu a'
queries=$(tr '|' '\n' <<< "$queries")
# what of these each shell is to offer
answers='als blend ease graph pop seq session softmax trees
seq session softmax
--solver
block cg exact
block
--count
events users
creator group kind tags
lists.tsv log.taste
lists.tsv log.taste
lists.tsv log.taste

candidates features lists.tsv log.taste merge past predict vectors
near new now
all lists.tsv log.taste vectors
cosine ip l2
--degree
demo large small

listenbrainz
auto ms s
events
kind
rounds
vectors
all
auto avx2 avx512'
# all options: of programs without and behind each verb
all=$(for n in $names; do
	echo "$n --"
	case $n in taste-ingest) echo tsv ;; *) $n --opts-tsv | awk -F '\t' 'NR == 1 && $5 != "" { gsub(/[|]/, "\n", $5); print $5 }' ;; esac | sed "s/.*/$n & --/"
done)
tidy() { sed 's/[=/ ]*$//; /^$/d' | sort -u; }
# compare SHELL: answer_SHELL writes, for each line of its standard input, what is offered, and a line of %%; they are held against those above, and all options to `options`
compare() {
	local shell=$1 got l q want
	{ answer_"$shell" <<< "$queries"$'\n'"$all"; } > ../answers 2> ../errors
	is "$shell: completion says nothing by itself" "$(cat ../errors)" ""
	while IFS= read -r q && IFS= read -r want <&3; do
		got=
		while IFS= read -r l <&4 && [ "$l" != %% ]; do got=$got$l$'\n'; done
		is "$shell: $q" "$(tidy <<< "$got" | tr '\n' ' ' | sed 's/ $//')" "$want"
	done <<< "$queries" 3<<< "$answers" 4< ../answers
	awk -v skip="$(wc -l <<< "$queries")" '/^%%$/ { n++ } n >= skip' ../answers | sed '1d; s/[=/ ]*$//; /^-[^-]*$/d' |
		awk 'function flush(i, j, t) { for (i = 2; i <= n; i++) for (j = i; j > 1 && o[j] < o[j - 1]; j--) { t = o[j]; o[j] = o[j - 1]; o[j - 1] = t }
			for (i = 1; i <= n; i++) if (i == 1 || o[i] != o[i - 1]) printf " %s", o[i]; print ""; n = 0 }
		     /^%%$/ { flush(); next } { o[++n] = $0 }' > "$SCRATCH/options.$shell"
}

for n in $names; do bash -n "$bash_dir/$n" || echo "$n"; done > out 2>&1; is "bash parses what it gets" "$(cat out)" ""; rm out
answer_bash() {
	bash --norc --noprofile -c '
	for f in "$1"/*; do . "$f"; done
	while IFS= read -r line; do
		# words as readline parts them: "=" is a word
		COMP_LINE=$line COMP_POINT=${#line}
		read -ra COMP_WORDS <<< "${line//=/ = }"
		[[ $line == *[\ =] ]] && COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_${COMP_WORDS[0]//-/_}
		printf "%s\n" "${COMPREPLY[@]}" %%
	done' - "$bash_dir"
}
compare bash
# What completion offers behind a verb is what the program takes there: each option is tried by itself, with another value than its default.
mkdir ../tried && cd ../tried || exit 99
n_refused=0
for v in 'taste-train pop ' 'taste-train trees ' 'taste-rank ' 'taste-rank merge ' 'taste-eval ' 'taste-eval rounds '; do
	offered=" $(paste -d : <(echo "$all") "$SCRATCH/options.bash" | sed -n "s/^$v--://p") "
	while IFS=: read -r opt value; do
		case $($v "$opt$value" < /dev/null 2>&1 > /dev/null) in
			*"is an option of"*) takes=0; n_refused=$((n_refused + 1)) ;;
			*"is not a "*"number"*) continue ;;
			*) takes=1 ;;
		esac
		case "$takes $offered" in "1 "*" $opt "*) ;; 1*) echo "not offered: $v$opt" ;; *" $opt "*) echo "offered, but refused: $v$opt" ;; esac
	done < <(${v%% *} --opts-tsv | awk -F '\t' 'NR > 1 { v = $4 == "1" ? "0" : "1"
		if ($5 != "" && $6 == "" && $3 !~ /[.][.][.]/) { split($5, c, "|"); v = c[1] == $4 ? c[2] : c[1] }
		print "--" $2 ":" ($3 == "" ? "" : "=" v) }')
done > ../wrong
is "behind a verb the options are offered that are taken there" "$(cat ../wrong)" ""
like "(of which some are not)" "$n_refused" "[1-9][0-9][0-9]"
cd ../place || exit 99

if command -v zsh > /dev/null; then
	for f in "$zsh_dir"/*; do zsh -f -n "$f" || echo "$f"; done > out 2>&1; is "zsh parses what it gets" "$(cat out)" ""; rm out
	answer_zsh() {
		cat > "$SCRATCH/asked"
		ZDOTDIR=$SCRATCH zsh -f "$SRC/tests/complete.zsh" "$zsh_dir" "$SCRATCH/asked" "$SCRATCH/answered"
		cat "$SCRATCH/answered"
	}
	compare zsh
	same "zsh: behind every verb the options that bash offers" "$SCRATCH/options.zsh" "$SCRATCH/options.bash"
else
	skip "zsh completes" "there is no zsh"
fi
if command -v fish > /dev/null; then
	for f in "$fish_dir"/*; do fish --no-execute "$f" || echo "$f"; done > out 2>&1; is "fish parses what it gets" "$(cat out)" ""; rm out
	answer_fish() {
		HOME=$SCRATCH XDG_CONFIG_HOME=$SCRATCH/fish XDG_DATA_HOME=$SCRATCH/fish XDG_DATA_DIRS=$usr/share fish -c '
			while read -l line
				complete -C "$line" | string replace -r "\t.*" "" | string replace -r "^--[^=]*=(?=.)" ""
				echo %%
			end'
	}
	compare fish
	same "fish: behind every verb the options that bash offers" "$SCRATCH/options.fish" "$SCRATCH/options.bash"
else
	skip "fish completes" "there is no fish"
fi
# a build for another processor
like "where programs cannot be run, completions are left out with a word" "$(do_make MACHINE=none RUN= DESTDIR="$SCRATCH/other" install 2>&1; ls "$SCRATCH/other/usr/share")" "*cannot run programs for none; RUN *
man"
do_make MACHINE=none DESTDIR="$SCRATCH/run" install
same "RUN says how to run them" "$SCRATCH/run/usr/share/fish/vendor_completions.d/taste-train.fish" "$fish_dir/taste-train.fish"

env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u SAN make -s -C "$SRC" B="$SCRATCH/b" CPPFLAGS='-DX="y"' CFLAGS="-O1 -ffile-prefix-map=$SRC=." CC=false "$SCRATCH/b/version.h" 2> /dev/null
is "the flags that -V tells are those of the build, but not where it was" "$(sed -n 2p "$SCRATCH/b/version.h")" '#define TASTE_FLAGS "-DX=\"y\" -O1"'

cd "$SCRATCH" || exit 99
ok "make uninstall" do_make uninstall
is "leaves nothing" "$(find "$root" ! -type d)" ""
done_testing
