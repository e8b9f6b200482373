# zsh -f tests/complete.zsh FPATH LINES OUT - write into OUT what zsh's completion offers at the end of each line of a file, and a line of %% behind each; for t-install.sh.
# Completion works only where lines are edited: another zsh on a terminal of its own reads this file, too, and has a compadd that writes down what it is given.
emulate -R zsh
if [[ ! -o zle ]]; then
	zmodload zsh/zpty zsh/zselect || exit 3
	: > $3
	zpty edit zsh -f -i
	zpty -w edit "source ${(q)0} ${(q)1} ${(q)2} ${(q)3}"
	integer n=0 was=-1 still=0 want=$(wc -l < $2)
	while (( (n = $(grep -c '^%%$' $3)) < want )); do
		if (( n != was )); then zpty -w -n edit $'\x0e'; was=n still=0
		elif (( ++still > 1000 )); then print -u2 "no answer to line $((n + 1))"; break; fi
		while zpty -r -t edit junk; do :; done
		zselect -t 1
	done
	zpty -d edit
	exit
fi
PS1= PS2= LISTMAX=100000
fpath=($1 $fpath)
autoload -Uz compinit
compinit -D -u
typeset -g lines=("${(@f)$(<$2)}") out=$3
typeset -gi at=1
compadd() {
	local -a given
	if [[ " ${@[1,(i)(-|--)]}" != *\ -[a-zA-Z]#[OAD]\ * && " $* " != *\ -[OAD]\ * ]]; then
		builtin compadd -O given "$@"
		(( $#given )) && print -rl -- $given >> $out
	fi
	builtin compadd "$@"
}
answer() { _main_complete; compstate[insert]= compstate[list]=; }
next() { BUFFER=$lines[at++]; CURSOR=$#BUFFER; zle answer; print -r -- %% >> $out; BUFFER=; }
zle -C answer complete-word answer
zle -N next
bindkey '^N' next
